/**
 * Counts by class, as plain data that can be added up over runs: a class is named by its lower bound (or by what the owner
 * says it is), and classes that nothing fell into are left out. The classes there can be are few, so a histogram is small
 * however much was counted.
 */

/** Class → count. Keys are whole numbers written out, so that JSON keeps them in ascending order. */
export type Histogram = Readonly<Record<string, number>>

/** A distribution: counts by 1-2-5 class, named by the lower bound, and the largest value itself. */
export interface Spread {
  readonly classes: Histogram
  readonly most: number
}

export const NO_SPREAD: Spread = { classes: {}, most: 0 }

/** The lower bound of the class of a value: 0 (below 1), 1, 2, 5, 10, 20, 50 and so on. */
export function classOf(value: number): number {
  if (value < 1) return 0
  let decade = 1
  while (decade * 10 <= value) decade *= 10
  const [lower = decade] = [5, 2, 1].map((step) => step * decade).filter((bound) => bound <= value)
  return lower
}

/** Where the class with that lower bound ends: the lower bound of the next. */
export function endOfClass(lower: number): number {
  if (lower === 0) return 1
  return String(lower).startsWith('2') ? lower * 2.5 : lower * 2
}

/** Takes counts. */
export class Counter {
  readonly #counts = new Map<number, number>()

  add(key: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  histogram(): Histogram {
    const counts: Record<string, number> = {}
    for (const [key, count] of this.#counts) counts[key] = count
    return counts
  }
}

/** Takes values. */
export class SpreadCounter {
  readonly #classes = new Counter()
  #most = 0

  add(value: number): void {
    this.#classes.add(classOf(value))
    if (value > this.#most) this.#most = value
  }

  spread(): Spread {
    return { classes: this.#classes.histogram(), most: this.#most }
  }
}

/** All that was counted. */
export const totalOf = (histogram: Histogram): number => Object.values(histogram).reduce((sum, count) => sum + count, 0)

export function sumHistograms(histograms: readonly Histogram[]): Histogram {
  const sum: Record<string, number> = {}
  for (const histogram of histograms)
    for (const [key, count] of Object.entries(histogram)) sum[key] = (sum[key] ?? 0) + count
  return sum
}

export const sumSpreads = (spreads: readonly Spread[]): Spread => ({
  classes: sumHistograms(spreads.map(({ classes }) => classes)),
  most: spreads.reduce((most, spread) => Math.max(most, spread.most), 0),
})

/** A value that at least that share of all values does not exceed: the end of a class, or the largest value. */
export function boundOfShare({ classes, most }: Spread, share: number): number {
  const wanted = share * totalOf(classes)
  let seen = 0
  for (const [lower, count] of Object.entries(classes).toSorted(([a], [b]) => Number(a) - Number(b))) {
    seen += count
    if (seen >= wanted) return Math.min(most, endOfClass(Number(lower)))
  }
  return most
}
