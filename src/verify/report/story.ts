/** The story of a finding in lines: which writes touched the place, when they were issued, completed and flushed, what stands there. */
import { describeContent } from '../../core/explain.ts'
import type { Finding, SectorRun } from '../../core/finding.ts'
import { formatBytes, formatMs } from '../../core/size.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import type { WriteStory } from './report.ts'
import { counted, formatClock, sectorSpan } from './words.ts'

/** Lines of odd contents, and spans of missing sectors, before the rest is only counted. */
const LINES_MAX = 4
const SPANS_MAX = 6

/** `write 17 (FUA), sectors 8–23`. */
export const nameOfWrite = ({ write, lba, sectors, fua }: WriteStory): string =>
  `write ${write}${fua ? ' (FUA)' : ''}, ${sectorSpan(lba, sectors)}`

function stability({ stableBy, completedMs }: WriteStory): string {
  switch (stableBy?.by) {
    case 'flush':
      return `stable by flush ${stableBy.flush} (${formatClock(stableBy.issuedMs)} to ${formatClock(stableBy.completedMs)})`
    case 'fua':
      return 'stable since then: it was FUA'
    case 'write-through':
      return 'stable since then: the contract is write-through'
    case undefined:
      return completedMs === undefined ? 'so nothing promised to keep it' : 'no flush issued after that completed'
  }
}

/** When the write was issued, completed and made stable. */
export function timesOfWrite(story: WriteStory): string {
  const { issuedMs, completedMs } = story
  if (issuedMs === undefined) return 'its issue never reached the log: it may or may not have been written'
  const completed =
    completedMs === undefined ? 'not known to have completed' : `completed at ${formatClock(completedMs)}`
  return `issued at ${formatClock(issuedMs)}, ${completed}, ${stability(story)}`
}

const isPlain = ({ found }: SectorRun): boolean => ['version', 'baseline', 'zeros'].includes(found.kind)

/** What stands in the sectors that hold neither a version nor the baseline nor zeros. */
function oddLines({ lba, runs }: Finding): readonly string[] {
  const odd = runs.filter((run) => !isPlain(run))
  const lines = odd
    .slice(0, LINES_MAX)
    .map((run) => `${sectorSpan(lba + run.index, run.sectors)}: ${describeContent(run.found)}`)
  return odd.length > LINES_MAX ? [...lines, `and ${counted(odd.length - LINES_MAX, 'more such place')}`] : lines
}

/** `0–7, 12, 14–15` of ascending numbers. */
function spansOf(numbers: readonly number[]): string {
  const spans: { from: number; to: number }[] = []
  for (const number of numbers) {
    const last = spans.at(-1)
    if (last !== undefined && number === last.to + 1) last.to = number
    else spans.push({ from: number, to: number })
  }
  const shown = spans.slice(0, SPANS_MAX).map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`))
  return shown.join(', ') + (spans.length > SPANS_MAX ? ', …' : '')
}

/** The facts of the finding that neither its explanation nor the picture tells. */
export function factLines(finding: Finding): readonly string[] {
  const lines: string[] = []
  const { kind, missingSectors, sectors, ageMs } = finding
  if (missingSectors.length > 0 && missingSectors.length < sectors) {
    lines.push(`missing: ${spansOf(missingSectors)} of its ${counted(sectors, 'sector')}, counted from 0`)
  }
  if (kind === 'torn' && ageMs !== undefined) lines.push(`complete for ${formatMs(ageMs)} when the power was cut`)
  // A sector that stands for itself is explained already; those of a write may hold several things.
  return missingSectors.length === 0 ? lines : [...lines, ...oddLines(finding)]
}

/** `8 KiB at sectors 0–15`. */
export const placeOf = ({ lba, sectors }: Finding): string =>
  `${formatBytes(sectors * SECTOR_BYTES)} at ${sectorSpan(lba, sectors)}`
