/** Which sectors of a finding are worth keeping and showing byte for byte. */
import type { Content, Finding } from '../finding.ts'

export const EXHIBITS_A_FINDING = 2
const ALIKE: ReadonlySet<Content['kind']> = new Set([
  'version',
  'baseline',
  'zeros',
  'older-run',
  'elsewhere',
  'phantom',
])

/**
 * Addresses of the sectors to keep for one finding: the first of each of its first two stretches that disagree. Where there is but
 * one, a second sector of it, unless its sectors are all of one write, or all as before, and so look alike.
 */
export function exhibitPlaces({ lba, runs }: Finding): readonly number[] {
  const disagreeing = runs.filter(
    ({ state, found }) =>
      (state === 'missing' || state === 'partial' || state === 'unknown') && found.kind !== 'unreadable',
  )
  const [only, ...more] = disagreeing
  if (only !== undefined && more.length === 0)
    return Array.from(
      { length: ALIKE.has(only.found.kind) ? 1 : Math.min(EXHIBITS_A_FINDING, only.sectors) },
      (_, i) => lba + only.index + i,
    )
  return disagreeing.slice(0, EXHIBITS_A_FINDING).map(({ index }) => lba + index)
}
