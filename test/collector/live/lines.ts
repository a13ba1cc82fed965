/** Runs in one line for tests of the live view. */
import { factsOf, type RunLine } from '../../../src/core/campaign/facts.ts'
import { runId, wholeManifest } from '../helpers.ts'

export const time = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()

export function lineOf(n: number, second: number, changes: Partial<RunLine> = {}): RunLine {
  const run = runId(n)
  return {
    ...factsOf(wholeManifest(run)),
    run,
    campaign: 'sample',
    createdAt: time(0),
    changedAt: time(second),
    heardAt: time(second),
    bytes: 0,
    ...changes,
  }
}

export const CUT = { kind: 'sigkill', at: time(3), died: true } as const

export const OUTCOME = {
  word: 'held',
  wasCut: true,
  showsAll: true,
  lost: 0,
  torn: 0,
  reordered: 0,
  other: 0,
  liedFlushes: 0,
  lostWrites: 0,
  lostBytes: 0,
  oldestLostMs: 0,
} as const
