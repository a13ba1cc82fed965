/**
 * Exhibits: the first sectors that disagree, kept with the findings as they were read, so that `plugpull explain` can show
 * them when the target is long gone. A few a finding and a bounded number a verdict: every finding gets one before any gets two.
 */
import type { Content, Exhibit, Finding } from '../core/finding.ts'
import type { SectorBuffer } from '../core/stamp.ts'
import type { RangeReader } from './range-reader.ts'

export const EXHIBITS_A_FINDING = 2
export const EXHIBITS_MAX = 64
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

/** Which sectors to keep, by the finding's place in the list. */
export function chooseExhibits(findings: readonly Finding[]): ReadonlyMap<Finding, readonly number[]> {
  const places = findings.map(exhibitPlaces)
  const chosen = new Map<Finding, number[]>()
  let room = EXHIBITS_MAX
  for (let round = 0; round < EXHIBITS_A_FINDING; round++) {
    for (const [i, finding] of findings.entries()) {
      const lba = places[i]?.[round]
      if (lba === undefined || room === 0) continue
      room--
      chosen.set(finding, [...(chosen.get(finding) ?? []), lba])
    }
  }
  return chosen
}

/** Where exhibits are read from: a buffer of at least one unit, and the unit in sectors. */
export interface ExhibitSource {
  readonly reader: RangeReader
  readonly buffer: SectorBuffer
  readonly unitSectors: number
}

/** The bytes of single sectors, by address; those that cannot be read are left out. */
export async function readSectors(
  addresses: readonly number[],
  { reader, buffer, unitSectors }: ExhibitSource,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const bytes = new Map<number, Uint8Array>()
  for (const lba of addresses) {
    const start = Math.floor(lba / unitSectors) * unitSectors
    const errors = await reader.read(start, unitSectors, buffer)
    if (!errors.has(lba)) bytes.set(lba, buffer.sector(lba - start).slice())
  }
  return bytes
}

/** The findings with their exhibits, read now. */
export async function withExhibits(findings: readonly Finding[], source: ExhibitSource): Promise<readonly Finding[]> {
  const chosen = chooseExhibits(findings)
  const bytes = await readSectors([...new Set([...chosen.values()].flat())], source)
  return findings.map((finding) => {
    const exhibits = (chosen.get(finding) ?? []).flatMap((lba): Exhibit[] => {
      const sector = bytes.get(lba)
      return sector === undefined ? [] : [{ lba, bytes: Buffer.from(sector).toString('base64') }]
    })
    return exhibits.length === 0 ? finding : { ...finding, exhibits }
  })
}
