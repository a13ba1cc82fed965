/** The result of one verification: schema `plugpull.verdict/1`. Additions are welcome, removals are not. */
import { EXIT } from './errors.ts'
import type { Finding } from './finding.ts'
import type { FoundAt } from './map/found-at.ts'
import type { Measures } from './measures.ts'

export const VERDICT_SCHEMA = 'plugpull.verdict/1'

export type VerdictWord = 'held' | 'violation' | 'inconclusive'

export interface ViolationCounts {
  readonly lost: number
  readonly torn: number
  readonly reordered: number
  readonly misdirected: number
  readonly collateral: number
  readonly corrupt: number
  readonly phantom: number
  readonly unreadable: number
}

export interface HazardCounts {
  readonly lost: number
  readonly torn: number
  readonly reordered: number
  /** Only under `virtio-strict`: sectors under a not-yet-stable write that no known version explains. */
  readonly corrupt: number
}

export interface Verdict {
  readonly schema: typeof VERDICT_SCHEMA
  readonly run: string
  readonly verdict: VerdictWord
  /** Why the evidence cannot acquit; empty unless `inconclusive`. */
  readonly inconclusiveBecause: readonly string[]
  /**
   * Whether the log and every sector were there to be looked at, so that what is not found did not happen. An inconclusive
   * verdict that was read in full only had no promise left to check. Absent in verdicts of earlier versions.
   */
  readonly readInFull?: boolean
  readonly contract: string
  readonly consistentWith: readonly string[]
  readonly checked: {
    readonly sectors: number
    readonly stableSectors: number
    readonly supersededSectors: number
    readonly stableWrites: number
    readonly completeWrites: number
    readonly issuedWrites: number
    readonly flushes: number
  }
  readonly violations: ViolationCounts
  readonly hazards: HazardCounts
  /** Flushes of which every stable write that could be checked is missing. */
  readonly liedFlushes: number
  readonly exposure: { readonly lostWrites: number; readonly lostBytes: number; readonly oldestLostMs: number }
  /** Absent in verdicts of versions that did not measure. */
  readonly measures?: Measures
  readonly log: {
    readonly tail: 'clean' | 'truncated' | 'corrupt'
    readonly ended: boolean
    readonly lastRecordMs: number
  }
  readonly findings: readonly Finding[]
  /** Findings that were counted but are not listed. */
  readonly findingsOmitted: number
  /**
   * Where all of them were found, listed or not. There only where some are not listed; absent in verdicts of earlier versions.
   */
  readonly foundAt?: FoundAt
}

/** Exit status of the program for a verdict. */
export function exitStatusOf(word: VerdictWord): number {
  switch (word) {
    case 'held':
      return EXIT.held
    case 'violation':
      return EXIT.violation
    case 'inconclusive':
      return EXIT.inconclusive
  }
}

/** Reasons for which a run that was read in full cannot acquit. */
export const NOTHING_STABLE = 'no write was stable when the cut came, so nothing was promised that could be checked'
export const NOTHING_LEFT = 'every stable sector was overwritten by a later write, so none was left to check'

const isNothing = (reason: string): boolean => reason === NOTHING_STABLE || reason === NOTHING_LEFT

/** Whether what a verdict does not show did not happen; of an inconclusive one of an earlier version its reasons tell. */
export function showsAll(verdict: Pick<Verdict, 'verdict' | 'inconclusiveBecause' | 'readInFull'>): boolean {
  if (verdict.verdict !== 'inconclusive') return true
  const reasons = verdict.inconclusiveBecause
  return verdict.readInFull ?? (reasons.length > 0 && reasons.every(isNothing))
}
