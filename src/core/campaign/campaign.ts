/**
 * A run as the collector tells of it, and what many runs of one configuration say together.
 *
 * Data and arithmetic only: who keeps it is the collector's business, who words it the reports'. A rate is always a
 * share of *runs* in which something happened at least once, with its interval: runs are independent, the writes of one are not.
 */
import { type CampaignMeasures, sumMeasures } from './campaign-measures.ts'
import type { Manifest } from '../manifest.ts'
import type { CampaignSetup } from './setup.ts'
import { type Proportion, proportion } from '../statistics.ts'
import { type HazardCounts, type Verdict, type VerdictWord, type ViolationCounts, showsAll } from '../verdict.ts'

/** How the power was really cut: what was asked for is not enough, the kill method decides the result. */
export interface CutRecord {
  /** Name of the cut as the rig calls it: `sigkill`, `sigterm`, … */
  readonly kind: string
  /** Wall clock, ISO 8601, UTC. */
  readonly at: string
  /** The signal that was sent, where one was. */
  readonly signal?: string
  /** The process that it was sent to. */
  readonly target?: { readonly what: string; readonly pid: number }
  /** The command that was run instead, where one was; its status is null where it was killed. */
  readonly command?: { readonly text: string; readonly status: number | null }
  /** Other processes that went down with it. */
  readonly alsoDied?: readonly string[]
  /** True once the target was seen dead: a cut that killed nothing proves nothing. */
  readonly died: boolean
  readonly note?: string
}

export const PROGRESS_STATES = ['preparing', 'writing', 'holding', 'done', 'failed'] as const

/** What an agent says of itself with each append; the collector keeps the newest. */
export interface RunProgress {
  readonly state: (typeof PROGRESS_STATES)[number]
  readonly issued: number
  readonly completed: number
  readonly flushes: number
  /** The newest write that a completed flush covers; absent before there is one, and from agents of an earlier version. */
  readonly stable?: number
}

/** A verdict without its findings and where they are: what lists and statistics need. */
export type VerdictSummary = Omit<Verdict, 'findings' | 'foundAt'>

/** The newest verdict of a run, and how its power was cut where that is recorded. */
export interface VerifiedRun extends VerdictSummary {
  readonly cut?: Pick<CutRecord, 'died'> | undefined
}

/**
 * Whether the power was cut. A cut that could not be recorded counts too: only an agent that ended by itself, or a
 * target seen alive after the cut, shows that there was none.
 */
export const wasCut = ({ cut, log }: VerifiedRun): boolean => cut?.died ?? !log.ended

/** A run in a list. */
export interface RunSummary {
  readonly run: string
  readonly campaign: string
  /** When the collector first heard of it: wall clock, ISO 8601, UTC. */
  readonly createdAt: string
  /** Bytes of log on stable storage. */
  readonly bytes: number
  /** When the log was pruned; its bytes are gone then. */
  readonly logPruned?: string
  readonly progress?: RunProgress
  readonly cut?: CutRecord
  /** The newest verdict. */
  readonly verdict?: VerdictSummary
}

/** One verification of a run, in the order of their arrival, numbered from 1. */
export interface VerdictEntry {
  readonly number: number
  readonly at: string
  readonly verdict: VerdictWord
  readonly contract: string
}

/** A run in full. */
export interface RunView extends Omit<RunSummary, 'verdict'> {
  readonly manifest: Manifest
  /** Every verification, newest last. */
  readonly verdicts: readonly VerdictEntry[]
  /** The newest verdict, with its findings. */
  readonly verdict?: Verdict
}

/** A run in full but for its findings, of which there can be very many. */
export interface RunHead extends Omit<RunView, 'verdict'> {
  readonly verdict?: VerdictSummary
}

/** A campaign in a list. */
export interface CampaignCounts {
  readonly campaign: string
  readonly runs: number
  /** Runs that have a verdict, and those of them whose power was not cut. */
  readonly verified: number
  readonly withoutCut: number
  /** Runs whose power was cut, by the word of their newest verdict. */
  readonly held: number
  readonly violation: number
  readonly inconclusive: number
  /** Runs into which a fault was injected: what they show is that fault, as like as not. */
  readonly injected: number
  readonly firstAt: string
  readonly lastAt: string
}

/** All but `runs`, `verified` and `withoutCut` is of runs whose power was cut. */
export interface CampaignSummary {
  readonly runs: number
  readonly verified: number
  /** Verified runs that had no cut, and those of them whose verdict is a violation. Absent where there are none. */
  readonly withoutCut?: { readonly runs: number; readonly violation: number }
  readonly held: number
  readonly violation: number
  readonly inconclusive: number
  /**
   * Shares of runs. `violation` is out of the runs that were acquitted or convicted: an inconclusive run says nothing
   * about the contract. The others count violations and hazards alike, out of the same runs and those inconclusive ones that
   * were read in full and only had no promise to check. Any other one is left out, whatever it shows: counted only where it
   * shows something, it would make the share larger than it is.
   */
  readonly rates: {
    readonly violation: Proportion
    readonly lost: Proportion
    readonly torn: Proportion
    readonly reordered: Proportion
  }
  /** Sums over the runs. */
  readonly violations: ViolationCounts
  readonly hazards: HazardCounts
  readonly liedFlushes: number
  /** Sums for writes and bytes; for the age, the worst run. */
  readonly exposure: { readonly lostWrites: number; readonly lostBytes: number; readonly oldestLostMs: number }
  /** Absent where no verdict carries measures: they are of an earlier version. */
  readonly measures?: CampaignMeasures
}

/** A campaign in full. */
export interface CampaignView {
  readonly campaign: string
  readonly summary: CampaignSummary
  /** What its runs were; absent where the collector is of an earlier version. */
  readonly setup?: CampaignSetup
}

type Happening = 'lost' | 'torn' | 'reordered'

const countOf = (verdicts: readonly VerdictSummary[], word: VerdictWord): number =>
  verdicts.filter(({ verdict }) => verdict === word).length

/** What the newest verdicts of a campaign of `runs` runs say together. */
export function summarise(runs: number, verified: readonly VerifiedRun[]): CampaignSummary {
  const verdicts = verified.filter(wasCut)
  const uncut = verified.filter((run) => !wasCut(run))
  const having = (word: VerdictWord): number => countOf(verdicts, word)
  const shareWith = (kind: Happening): Proportion => {
    const shows = ({ violations, hazards }: VerdictSummary): boolean => violations[kind] + hazards[kind] > 0
    const telling = verdicts.filter(showsAll)
    return proportion(telling.filter(shows).length, telling.length)
  }
  const sum = (of: (verdict: VerdictSummary) => number): number =>
    verdicts.reduce((total, verdict) => total + of(verdict), 0)
  const held = having('held')
  const violation = having('violation')
  const measures = sumMeasures(verdicts)
  return {
    runs,
    verified: verified.length,
    ...(uncut.length === 0 ? {} : { withoutCut: { runs: uncut.length, violation: countOf(uncut, 'violation') } }),
    held,
    violation,
    inconclusive: having('inconclusive'),
    rates: {
      violation: proportion(violation, held + violation),
      lost: shareWith('lost'),
      torn: shareWith('torn'),
      reordered: shareWith('reordered'),
    },
    violations: {
      lost: sum(({ violations }) => violations.lost),
      torn: sum(({ violations }) => violations.torn),
      reordered: sum(({ violations }) => violations.reordered),
      misdirected: sum(({ violations }) => violations.misdirected),
      collateral: sum(({ violations }) => violations.collateral),
      corrupt: sum(({ violations }) => violations.corrupt),
      phantom: sum(({ violations }) => violations.phantom),
      unreadable: sum(({ violations }) => violations.unreadable),
    },
    hazards: {
      lost: sum(({ hazards }) => hazards.lost),
      torn: sum(({ hazards }) => hazards.torn),
      reordered: sum(({ hazards }) => hazards.reordered),
      corrupt: sum(({ hazards }) => hazards.corrupt),
    },
    liedFlushes: sum(({ liedFlushes }) => liedFlushes),
    exposure: {
      lostWrites: sum(({ exposure }) => exposure.lostWrites),
      lostBytes: sum(({ exposure }) => exposure.lostBytes),
      oldestLostMs: verdicts.reduce((oldest, { exposure }) => Math.max(oldest, exposure.oldestLostMs), 0),
    },
    ...(measures === undefined ? {} : { measures }),
  }
}
