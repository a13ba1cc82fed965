/**
 * Exhibits: the first sectors that disagree, kept with the findings as they were read, so that `plugpull explain` can show
 * them when the target is long gone. A few a finding and a bounded number a verdict: every finding gets one before any gets two.
 */
import type { Exhibit, Finding } from '../core/finding.ts'
import type { SectorBuffer } from '../core/stamp.ts'
import { EXHIBITS_A_FINDING, exhibitPlaces } from '../core/telling/exhibit-places.ts'
import type { RangeReader } from './reading/range-reader.ts'

export const EXHIBITS_MAX = 64

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
