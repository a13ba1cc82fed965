/**
 * Counts by class, as plain data that can be added up over runs: a class is named by its lower bound (or by what the owner
 * says it is), and classes that nothing fell into are left out. The classes there can be are few, so a histogram is small
 * however much was counted.
 *
 * Two schemes of classes: 1-2-5, for what people read class by class, and log-linear ones, for percentiles. What a
 * histogram is of says which.
 */

/** Class → count. Keys are whole numbers written out, so that JSON keeps them in ascending order. */
export type Histogram = Readonly<Record<string, number>>

/** A distribution: counts by class, named by the lower bound, and the largest value itself. */
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

/** In a map first: an object whose names are sparse whole numbers is slow to grow, and a campaign has thousands of runs. */
export function sumHistograms(histograms: readonly Histogram[]): Histogram {
  const sum = new Map<string, number>()
  for (const histogram of histograms)
    for (const key of Object.keys(histogram)) sum.set(key, (sum.get(key) ?? 0) + (histogram[key] ?? 0))
  return Object.fromEntries(sum)
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

/** Log-linear classes: so many of equal width between one power of two and the next, so each is at most 1/16 of its lower bound wide. */
const FINE_BITS = 4
const FINE_STEPS = 2 ** FINE_BITS
/** Values are 32 bits; up to 2 × 16 a class is one value. */
const FINE_CLASSES = FINE_STEPS * (32 - FINE_BITS + 1)

/** Which class, counted from 0, a whole number below 2^32 falls into. */
function fineIndexOf(value: number): number {
  const shift = Math.max(0, 31 - Math.clz32(value) - FINE_BITS)
  return shift * FINE_STEPS + (value >>> shift)
}

function lowerOfFine(index: number): number {
  if (index < 2 * FINE_STEPS) return index
  const shift = Math.floor(index / FINE_STEPS) - 1
  return (FINE_STEPS + (index % FINE_STEPS)) * 2 ** shift
}

/** The lower bound of the log-linear class of a whole number below 2^32. */
export const fineClassOf = (value: number): number => lowerOfFine(fineIndexOf(value))

/** Where the log-linear class with that lower bound ends: the lower bound of the next. */
export const endOfFineClass = (lower: number): number => lowerOfFine(fineIndexOf(lower) + 1)

/** Takes whole numbers below 2^32, in a time and a space that do not depend on how many. */
export class FineSpreadCounter {
  readonly #counts = new Float64Array(FINE_CLASSES)
  #most = 0

  add(value: number): void {
    const index = fineIndexOf(value)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    if (value > this.#most) this.#most = value
  }

  spread(): Spread {
    const classes: Record<string, number> = {}
    for (const [index, count] of this.#counts.entries()) if (count > 0) classes[lowerOfFine(index)] = count
    return { classes, most: this.#most }
  }
}

/** What a percentile is known to lie between, both ends included. */
export interface PercentileBounds {
  readonly atLeast: number
  readonly atMost: number
}

/** A share of a count, as floating point makes 0.07 × 100 a little more than 7. */
const RANK_ERROR = 1e-9

/**
 * Between what the smallest value lies that at least that share of all values does not exceed; `undefined` where nothing was
 * counted. Of log-linear classes of whole numbers; where fewer values were counted than the share tells apart, it is the largest.
 */
export function percentileOf({ classes, most }: Spread, share: number): PercentileBounds | undefined {
  const total = totalOf(classes)
  const rank = Math.max(1, Math.ceil(share * total * (1 - RANK_ERROR)))
  if (rank >= total) return total === 0 ? undefined : { atLeast: most, atMost: most }
  let seen = 0
  for (const [name, count] of Object.entries(classes).toSorted(([a], [b]) => Number(a) - Number(b))) {
    seen += count
    const lower = Number(name)
    if (seen >= rank) return { atLeast: lower, atMost: Math.min(most, endOfFineClass(lower) - 1) }
  }
  return { atLeast: most, atMost: most }
}
