/** A simulated run before the judge, and its verdict in the oracle's words. */
import type { Contract } from '../../../src/core/contract.ts'
import type { Finding } from '../../../src/core/finding.ts'
import { HistoryBuilder } from '../../../src/core/history.ts'
import { Judge } from '../../../src/core/judge.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { LogDecoder } from '../../../src/core/wire.ts'
import { SectorBuffer } from '../../../src/core/stamp.ts'
import { SECTOR_BYTES } from '../../../src/core/units.ts'
import type { Simulation } from '../../../src/rig/sim/simulation.ts'

/** The verdict on what a run left, from log and medium alone. */
export function judged(
  simulation: Simulation,
  contract: Contract = simulation.contract,
  findingsMax = 10_000,
): Verdict {
  const builder = new HistoryBuilder(simulation.log.length)
  const decoder = new LogDecoder(builder)
  decoder.push(simulation.log)
  const judge = new Judge(builder.finish(decoder.end()), contract, { findingsMax })
  const { medium, unreadable } = simulation.disk
  for (const { lba, sectors } of judge.ranges()) {
    const buffer = new SectorBuffer(medium.bytes.buffer, lba * SECTOR_BYTES, sectors * SECTOR_BYTES)
    judge.range(lba, sectors, buffer, unreadable)
  }
  return judge.finish()
}

/** `lost w17` or `corrupt @48`, one for each sector: the words of oracle.ts. */
export function placesOf(findings: readonly Finding[]): Set<string> {
  return new Set(findings.flatMap((finding) => placesOfOne(finding)))
}

function placesOfOne({ kind, write, lba, sectors }: Finding): string[] {
  if (kind === 'lost' || kind === 'torn' || kind === 'reordered') return [`${kind} w${write ?? 0}`]
  return Array.from({ length: sectors }, (_, i) => `${kind} @${lba + i}`)
}

/** What one set has and the other has not, for messages. */
export function differenceOf(expected: ReadonlySet<string>, found: ReadonlySet<string>): string {
  const missed = [...expected].filter((place) => !found.has(place))
  const extra = [...found].filter((place) => !expected.has(place))
  if (missed.length === 0 && extra.length === 0) return ''
  return `not found: ${missed.slice(0, 8).join(', ') || '-'}; found and not expected: ${extra.slice(0, 8).join(', ') || '-'}`
}
