/** How the facts of one finding meet the rule that was applied to it (rule.ts): sentences with the times and numbers in them. */
import type { Contract } from '../contract.ts'
import { formatContract } from '../contract.ts'
import { describeContent } from '../explain.ts'
import type { Finding } from '../finding.ts'
import type { FlushLife, Instant, Life, WriteLife } from './life.ts'
import { formatBytes, formatMs } from '../size.ts'
import type { StripCell } from './strip.ts'
import { SECTOR_BYTES } from '../units.ts'

export interface FindingFacts {
  readonly finding: Finding
  readonly contract: Contract
  readonly life: Life
  readonly cells: readonly StripCell[]
}

/** A time on the run's clock, to the microsecond where that tells events apart. */
export const clock = (ms: number): string => (ms < 10_000 ? `${ms.toFixed(3)} ms` : `${(ms / 1000).toFixed(3)} s`)

const at = ({ ms }: Instant): string => `at ${clock(ms)}`

/** The sentences, in the order in which they lead to the finding. */
export function howRuleIsMet(facts: FindingFacts): readonly string[] {
  const { finding } = facts
  switch (finding.kind) {
    case 'lost':
      return finding.rule === 'flush-lie' ? flushLie(facts) : [...stability(facts), missing(finding, facts.cells)]
    case 'torn':
      return torn(facts)
    case 'reordered':
      return reordered(facts)
    case 'misdirected':
    case 'collateral':
    case 'corrupt':
    case 'phantom':
    case 'unreadable':
      return odd(facts)
  }
}

const writeOf = ({ finding, life }: FindingFacts, number = finding.write): WriteLife | undefined =>
  life.writes.find(({ write }) => write === number)

/** When the write completed, and what made it stable or why nothing did. */
function stability(facts: FindingFacts): readonly string[] {
  const write = writeOf(facts)
  if (write === undefined) return []
  const name = `write ${write.write}`
  if (write.failure !== undefined)
    return [
      `${name} failed ${at(write.failure)} (errno ${write.failure.errno}): it never completed, so nothing was promised`,
    ]
  if (write.completion === undefined)
    return [`no completion of ${name} is recorded: it was in flight when the log ends, so nothing was promised`]
  if (facts.contract.name === 'write-through')
    return [
      `${name} completed ${at(write.completion)}; under ${formatContract(facts.contract)} it was stable from then on`,
    ]
  if (write.fua) return [`${name} was FUA and completed ${at(write.completion)}: it was stable from then on`]
  return [byFlush(facts.life.flushes, write, write.completion)]
}

function byFlush(flushes: readonly FlushLife[], { write, flushedBy }: WriteLife, completion: Instant): string {
  const after = flushes.find(({ flush, issue }) =>
    flushedBy === undefined ? issue.position > completion.position : flush === flushedBy,
  )
  const completed = `write ${write} completed ${at(completion)}`
  if (after === undefined) return `${completed}; no flush was issued after that, so it was never stable`
  const issued = `flush ${after.flush} was issued ${at(after.issue)}, after write ${write} completed ${at(completion)}`
  if (after.completion !== undefined) return `${issued}, and completed ${at(after.completion)}: the write was stable`
  const end = after.failure === undefined ? 'its completion is not recorded' : `it failed ${at(after.failure)}`
  return `${issued}, but ${end}: the write was not stable`
}

/** How much of the write is missing, and what stands there. */
function missing({ sectors, missingSectors }: Finding, cells: readonly StripCell[]): string {
  const instead = [
    ...new Set(
      cells.flatMap(({ state, found }) => (state === 'missing' && found !== undefined ? [describeContent(found)] : [])),
    ),
  ]
  const share =
    missingSectors.length < sectors
      ? `${missingSectors.length} of its ${sectors} sectors lack it`
      : sectors === 1
        ? 'its one sector lacks it'
        : `all ${sectors} of its sectors lack it`
  return instead.length === 0 ? share : `${share}; found there: ${instead.slice(0, 3).join(', ')}`
}

function flushLie({ finding, life }: FindingFacts): readonly string[] {
  const { stableBy } = finding
  if (stableBy?.by !== 'flush') return [finding.explanation]
  const flush = life.flushes.find((one) => one.flush === stableBy.flush)
  const issued = flush?.issue.ms ?? stableBy.issuedMs
  const completed = flush?.completion?.ms ?? stableBy.completedMs
  return [
    `flush ${stableBy.flush} was issued at ${clock(issued)} and completed at ${clock(completed)}`,
    `every write that it was the first to make stable, and that no later write hides, is missing; write ${finding.write ?? 0} is the first of them`,
  ]
}

function torn(facts: FindingFacts): readonly string[] {
  const { finding, contract, cells } = facts
  const mixed = finding.runs.find(({ found }) => found.kind === 'mix')
  if (finding.rule === 'mixed-sector' && mixed?.found.kind === 'mix') {
    const { head, tail, offset } = mixed.found
    return [
      `sector ${finding.lba + mixed.index} holds ${offset} bytes of ${version(head)} and then ${SECTOR_BYTES - offset} of ${version(tail)}`,
      'no order of whole sectors leaves that, whether the write was stable or not',
    ]
  }
  if (finding.rule === 'atomic') {
    const bytes = formatBytes(finding.sectors * SECTOR_BYTES)
    return [
      `the write has ${bytes}, the declared atomic unit is ${formatBytes(contract.atomicBytes ?? 0)}, and it crosses no boundary of that size`,
      missing(finding, cells),
    ]
  }
  const boundaries = finding.boundaries.map(
    (byte, i) => `byte ${byte}, aligned to ${finding.boundaryAlignments[i] ?? 1}`,
  )
  const tears = boundaries.length === 0 ? [] : [`it tears at ${boundaries.slice(0, 4).join('; ')}`]
  return [...stability(facts), missing(finding, cells), ...tears]
}

const version = (write: number): string => (write === 0 ? 'the baseline' : `write ${write}`)

function reordered(facts: FindingFacts): readonly string[] {
  const { finding, life } = facts
  const { survivor } = finding
  if (survivor === undefined) return [finding.explanation]
  const earlier = writeOf(facts)
  const later = writeOf(facts, survivor.write)
  const completed = earlier?.completion
  const issued = later?.issue
  const order =
    completed === undefined || issued === undefined
      ? `write ${finding.write ?? 0} completed before write ${survivor.write} was issued`
      : `write ${finding.write ?? 0} completed ${at(completed)}, write ${survivor.write} was issued ${at(issued)}, ${formatMs(survivor.msAhead)} later`
  const flushed = life.flushes.some(
    ({ issue, completion }) =>
      completed !== undefined &&
      issued !== undefined &&
      completion !== undefined &&
      issue.position > completed.position &&
      completion.position < issued.position,
  )
  const between = flushed ? 'a flush completed between the two' : 'no flush completed between the two'
  return [order, between, `write ${survivor.write} is there and write ${finding.write ?? 0} is not, or not wholly`]
}

function odd({ finding, cells }: FindingFacts): readonly string[] {
  const found = finding.runs[0]?.found
  const holds = found === undefined ? [] : [`${place(finding)}: ${describeContent(found)}`]
  const floors = [...new Set(cells.flatMap(({ floor }) => floor))]
  switch (finding.kind) {
    case 'collateral':
      return [...holds, 'no write that may be on the device covers it, so it must hold what it held before']
    case 'corrupt':
    case 'misdirected':
      return [
        ...holds,
        floors.length === 0 ? 'no write there was stable' : `stable there: ${floors.map(version).join(', ')}`,
      ]
    case 'phantom':
    case 'unreadable':
    case 'lost':
    case 'torn':
    case 'reordered':
      return holds
  }
}

const place = ({ lba, sectors }: Finding): string =>
  sectors === 1 ? `sector ${lba}` : `sectors ${lba} to ${lba + sectors - 1}`
