/** The figures of a point: shares of cycles and medians over cycles, each with its 95 % interval. Pure. */
import { type Proportion, proportion, wilsonInterval } from '../../core/statistics.ts'
import type { CycleData, PointData } from './data.ts'
import type { Measure } from './study.ts'

/** Median over the cycles, with its range and its interval. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
  /** 95 % interval of the median by order statistics; absent below six cycles, which cannot give one. */
  readonly interval?: { readonly low: number; readonly high: number }
}

export interface PointFigures extends Omit<PointData, 'cycles'> {
  /** Cycles with a verdict. */
  readonly n: number
  readonly cycles: readonly CycleData[]
  readonly shares: Readonly<Record<'violation' | 'lost' | 'torn' | 'reordered', Proportion>>
  /** Absent without cycles. */
  readonly spreads?: Readonly<Record<'oldestLostMs' | 'lostBytes' | 'lostWrites', Spread>>
}

export function figuresOf(point: PointData): PointFigures {
  const { cycles } = point
  const n = cycles.length
  // Points are drawn beside each other with one kind of interval, two-sided throughout.
  const share = (has: (cycle: CycleData) => boolean): Proportion => {
    const count = cycles.filter(has).length
    return { ...proportion(count, n), ...wilsonInterval(count, n) }
  }
  return {
    ...point,
    n,
    shares: {
      violation: share(({ violations }) => violations > 0),
      lost: share(({ lostWrites }) => lostWrites > 0),
      torn: share(({ torn }) => torn > 0),
      reordered: share(({ reordered }) => reordered > 0),
    },
    ...(n === 0
      ? {}
      : {
          spreads: {
            oldestLostMs: spreadOf(cycles.map(({ oldestLostMs }) => oldestLostMs)),
            lostBytes: spreadOf(cycles.map(({ lostBytes }) => lostBytes)),
            lostWrites: spreadOf(cycles.map(({ lostWrites }) => lostWrites)),
          },
        }),
  }
}

/** Median, range, and the median's interval. `values` has at least one. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const n = sorted.length
  const median = n % 2 === 1 ? at((n - 1) / 2) : (at(n / 2 - 1) + at(n / 2)) / 2
  const rank = intervalRank(n)
  return {
    median,
    least: at(0),
    most: at(n - 1),
    ...(rank === undefined ? {} : { interval: { low: at(rank), high: at(n - 1 - rank) } }),
  }
}

/**
 * The largest k for which the median lies between the values k from either end with at least 95 %: whatever the distribution,
 * the number of values below its median is binomial with p = 1/2.
 */
function intervalRank(n: number): number | undefined {
  let found: number | undefined
  let term = 0.5 ** n
  let below = 0
  for (let k = 0; k < n / 2; k++) {
    below += term
    if (2 * below > 0.05) break
    found = k
    term = (term * (n - k)) / (k + 1)
  }
  return found
}

/** What is drawn of a point: the middle, its interval (the range where there is none), and the cycles one by one. */
export interface Drawn {
  readonly value: number
  readonly low: number
  readonly high: number
  readonly cycles: readonly number[]
}

/** Absent where the point has no cycle. Shares in percent. */
export function drawnOf(point: PointFigures, measure: Measure): Drawn | undefined {
  if (point.n === 0) return undefined
  if (measure === 'violation' || measure === 'lost' || measure === 'torn' || measure === 'reordered') {
    const { count, of, low, high } = point.shares[measure]
    return { value: (100 * count) / of, low: 100 * low, high: 100 * high, cycles: [] }
  }
  const spread = point.spreads?.[measure]
  if (spread === undefined) return undefined
  const { low, high } = spread.interval ?? { low: spread.least, high: spread.most }
  return { value: spread.median, low, high, cycles: point.cycles.map((cycle) => cycle[measure]) }
}
