/** Cycles and matrices for the tests of the pure parts. */
import type { HazardCounts, ViolationCounts } from '../../../src/core/verdict.ts'
import { parseMatrixOptions } from '../../../src/rig/matrix/options.ts'
import { type BriefCycle, type StateRecord, stateOf } from '../../../src/rig/matrix/record.ts'

const NO_VIOLATIONS: ViolationCounts = {
  lost: 0,
  torn: 0,
  reordered: 0,
  misdirected: 0,
  collateral: 0,
  corrupt: 0,
  phantom: 0,
  unreadable: 0,
}
const NO_HAZARDS: HazardCounts = { lost: 0, torn: 0, reordered: 0, corrupt: 0 }

export interface Found {
  readonly violations?: Partial<ViolationCounts>
  readonly hazards?: Partial<HazardCounts>
}

/** A verified cycle that found these. */
export function cycle(number: number, { violations = {}, hazards = {} }: Found = {}): BriefCycle {
  const word = Object.keys(violations).length > 0 ? 'violation' : 'held'
  const lost = (violations.lost ?? 0) + (hazards.lost ?? 0)
  return {
    cycle: number,
    run: number.toString(16).padStart(16, '0'),
    seed: '0000000000000007',
    cutAfterMs: 200,
    word,
    cut: { kind: 'sigkill', at: '2026-01-02T03:04:05.000Z', died: true },
    told: { kind: 'file', logicalBlockBytes: 512 },
    verdict: {
      schema: 'plugpull.verdict/1',
      run: number.toString(16).padStart(16, '0'),
      verdict: word,
      inconclusiveBecause: [],
      contract: 'volatile',
      consistentWith: [],
      checked: {
        sectors: 100,
        stableSectors: 50,
        supersededSectors: 0,
        stableWrites: 5,
        completeWrites: 9,
        issuedWrites: 9,
        flushes: 1,
      },
      violations: { ...NO_VIOLATIONS, ...violations },
      hazards: { ...NO_HAZARDS, ...hazards },
      liedFlushes: 0,
      exposure: { lostWrites: lost, lostBytes: lost * 4096, oldestLostMs: lost },
      log: { tail: 'clean', ended: false, lastRecordMs: 300 },
      findingsOmitted: 0,
    },
  }
}

/** A cycle that came to nothing. */
export const failed = (number: number, problem: string): BriefCycle => ({
  cycle: number,
  run: number.toString(16).padStart(16, '0'),
  seed: '0000000000000007',
  cutAfterMs: 200,
  word: 'inconclusive',
  problem,
})

/** The first records of a folder begun with these options. */
export function begun(raw: Readonly<Record<string, string>>): readonly StateRecord[] {
  const { name, fixed, selection } = parseMatrixOptions({ seed: '7', ...raw }, 'lab', stateOf([]))
  const at = '2026-01-02T03:00:00.000Z'
  return [
    { kind: 'head', schema: 'plugpull.matrix-state/1', name, at, fixed },
    { kind: 'session', at, command: 'plugpull matrix --output lab', selection },
  ]
}

/** Each number a cycle of that cell. */
export const ran = (cell: string, ...cycles: readonly BriefCycle[]): readonly StateRecord[] =>
  cycles.map((each) => ({ kind: 'cycle', cell, cycle: each }))

/** A liar that was caught at once. */
export const caught = (control: string): StateRecord => ({
  kind: 'control',
  control,
  cycle: cycle(1, { violations: { lost: 9 } }),
})
