/**
 * A campaign cycle by cycle, in the order of time: one short line a run, and how the rates came to be what they are.
 * The rules of what counts are those of `summarise`, told by a run's facts.
 */
import type { RunLine, RunOutcome } from './facts.ts'
import { type Interval, rateInterval } from '../statistics.ts'

/** One run of a campaign, as short as a picture of thousands of them needs it. */
export interface Cycle {
  readonly run: string
  readonly createdAt: string
  /** When the collector last heard of it. */
  readonly changedAt: string
  /** What was really done; absent where no cut is recorded. */
  readonly cut?: { readonly kind: string; readonly died: boolean }
  /** The injected fault; absent where there is none. */
  readonly fault?: string
  /** What the agent last said of itself. */
  readonly state?: NonNullable<RunLine['progress']>['state']
  /** Absent where there is no verdict yet. */
  readonly outcome?: RunOutcome
}

export interface CampaignCycles {
  readonly campaign: string
  /** Oldest first. */
  readonly cycles: readonly Cycle[]
  /** Older runs were left out. */
  readonly more: boolean
}

export function cycleOf({ run, createdAt, changedAt, cutRecord, fault, progress, outcome }: RunLine): Cycle {
  return {
    run,
    createdAt,
    changedAt,
    ...(cutRecord === undefined ? {} : { cut: { kind: cutRecord.kind, died: cutRecord.died } }),
    ...(fault === '' ? {} : { fault }),
    ...(progress === undefined ? {} : { state: progress.state }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

/** `hazard` is held, with writes lost, torn or reordered that nothing had promised; `none` has no verdict yet. */
export type CycleState = 'violation' | 'hazard' | 'held' | 'inconclusive' | 'none'

export function stateOf({ outcome }: Pick<Cycle, 'outcome'>): CycleState {
  if (outcome === undefined) return 'none'
  if (outcome.word !== 'held') return outcome.word
  return outcome.lost + outcome.torn + outcome.reordered > 0 ? 'hazard' : 'held'
}

/** A rate after each cycle that told something of it. */
export interface RateOverCycles {
  /** The cycles, counted from 1. */
  readonly cycle: readonly number[]
  readonly share: readonly number[]
  readonly interval: readonly Interval[]
}

type Rate = 'violation' | 'lost' | 'torn' | 'reordered'

/** Whether a run counts in that rate, and whether it has such a thing; `undefined` where it does not count. */
function showing({ wasCut, word, showsAll, ...counts }: RunOutcome, rate: Rate): boolean | undefined {
  if (!wasCut) return undefined
  if (rate === 'violation') return word === 'inconclusive' ? undefined : word === 'violation'
  return showsAll ? counts[rate] > 0 : undefined
}

/** The rate as it stood after each cycle, with its 95 % interval; at most `pointsMax` of them, the last one always. */
export function rateOverCycles(cycles: readonly Cycle[], rate: Rate, pointsMax: number): RateOverCycles {
  const counted: { readonly cycle: number; readonly count: number; readonly of: number }[] = []
  let count = 0
  for (const [index, { outcome }] of cycles.entries()) {
    const shows = outcome === undefined ? undefined : showing(outcome, rate)
    if (shows === undefined) continue
    if (shows) count++
    counted.push({ cycle: index + 1, count, of: counted.length + 1 })
  }
  const step = Math.max(1, Math.ceil(counted.length / pointsMax))
  const points = counted.filter((_, index) => (counted.length - 1 - index) % step === 0)
  return {
    cycle: points.map(({ cycle }) => cycle),
    share: points.map((point) => point.count / point.of),
    interval: points.map((point) => rateInterval(point.count, point.of)),
  }
}
