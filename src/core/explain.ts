/** One sentence for each finding. Facts come from the finding; nothing is decided here. */
import type { Content, Finding, SectorRun } from './finding.ts'
import { formatMs } from './size.ts'
import { SECTOR_BYTES } from './units.ts'

type Unexplained = Omit<Finding, 'explanation'>

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

/** What a sector holds, as a noun phrase. */
export function describeContent(content: Content): string {
  switch (content.kind) {
    case 'version':
      return `write ${content.write}`
    case 'baseline':
      return 'what was there before the run'
    case 'zeros':
      return 'zeros'
    case 'older-run':
      return `write ${content.write} of the older run ${content.run}`
    case 'elsewhere':
      return `write ${content.write} of run ${content.run}, which belongs to LBA ${content.lba}`
    case 'mix':
      return `${content.offset} bytes of ${mixPart(content.head)} and then ${mixPart(content.tail)}`
    case 'garbage':
      return `bytes that no known version explains${distance(content)}`
    case 'phantom':
      return `write ${content.write}, which ${PHANTOM[content.why]}`
    case 'unreadable':
      return content.errno === 'EOF'
        ? 'nothing: the target ends before it'
        : `nothing that can be read (${content.errno})`
  }
}

const PHANTOM = {
  'beyond-window': 'lies above every acknowledged window',
  'not-in-plan': 'the plan does not put here',
} as const

function distance(content: Content & { kind: 'garbage' }): string {
  return content.bitDistance < 0 ? '' : `, ${plural(content.bitDistance, 'bit')} from ${mixPart(content.nearestWrite)}`
}

const mixPart = (write: number): string => (write === 0 ? 'the baseline' : `write ${write}`)

function stability(finding: Unexplained): string {
  const { stableBy } = finding
  if (finding.completedMs === undefined) return 'in flight when the log ends'
  if (stableBy === undefined) return 'complete, not yet flushed'
  if (stableBy.by === 'flush')
    return `stable since flush ${stableBy.flush} completed at ${formatMs(stableBy.completedMs)}`
  return stableBy.by === 'fua'
    ? 'stable as a completed FUA write'
    : 'stable since it completed: the contract is write-through'
}

/** What stands where the write is missing: the kinds of content, most sectors first. */
function foundInstead(runs: readonly SectorRun[]): string {
  const sectors = new Map<string, number>()
  for (const run of runs) {
    if (run.state !== 'missing') continue
    const what = describeContent(run.found)
    sectors.set(what, (sectors.get(what) ?? 0) + run.sectors)
  }
  const parts = [...sectors].toSorted((a, b) => b[1] - a[1]).map(([what]) => what)
  return parts.length <= 3 ? parts.join(', ') : `${parts.slice(0, 3).join(', ')} and ${parts.length - 3} others`
}

/** Lost and torn writes. */
export function explainWrite(finding: Unexplained): string {
  const what = `write ${finding.write ?? 0} (${plural(finding.sectors, 'sector')} at LBA ${finding.lba}; ${stability(finding)})`
  if (finding.kind === 'lost') {
    const age = finding.ageMs === undefined ? '' : `, ${formatMs(finding.ageMs)} after it completed`
    return `${what} is not there${age}; found instead: ${foundInstead(finding.runs)}`
  }
  const mixed = finding.runs.find((run) => run.state === 'partial')
  if (mixed !== undefined)
    return `${what} is torn inside sector ${mixed.index}: it holds ${describeContent(mixed.found)}`
  const missing = finding.missingSectors.length
  const at = finding.boundaries.map((bytes, i) => `byte ${bytes} (aligned to ${finding.boundaryAlignments[i] ?? 1})`)
  const where = at.length === 0 ? '' : `, torn at ${at.slice(0, 4).join(', ')}${at.length > 4 ? ' …' : ''}`
  return `${what} is there only in part: ${missing} of ${plural(finding.sectors, 'sector')} (${missing * SECTOR_BYTES} bytes) missing${where}; found instead: ${foundInstead(finding.runs)}`
}

/** A write that is missing though a later one survived. */
export function explainReordered(finding: Unexplained): string {
  const { survivor } = finding
  if (survivor === undefined) return ''
  if (finding.rule === 'commit-without-data') {
    return `commit record ${survivor.write} is there, and write ${finding.write ?? 0}, the data it vouches for, is not`
  }
  return `write ${finding.write ?? 0} was complete before write ${survivor.write} was issued (${plural(survivor.writesAhead, 'write')}, ${formatMs(survivor.msAhead)} ahead); the later one survived, this one not wholly`
}

/** Sectors that hold what no loss explains. */
export function explainOdd(finding: Unexplained, content: Content): string {
  const where = `${plural(finding.sectors, 'sector')} at LBA ${finding.lba}`
  const holds = `${finding.sectors === 1 ? 'holds' : 'hold'} ${describeContent(content)}`
  return finding.kind === 'collateral' ? `${where}, which no write touched, ${holds}` : `${where} ${holds}`
}
