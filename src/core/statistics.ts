/**
 * How much a count of runs proves: an interval around every rate, and whether two rates differ.
 *
 * Wilson's score interval (1927) stays inside 0..1 and is right for the small counts that power cuts give. Of 0 of n and n of n
 * only one side is open: they carry the exact one-sided bound (Clopper and Pearson, 1934), the same one wherever they are told.
 * Two campaigns are compared by Fisher's exact test, two-sided, which holds however few runs there are.
 */
import assert from 'node:assert/strict'

/** The 97.5 % point of the normal distribution: two-sided 95 %. */
const Z95 = 1.959963984540054

export interface Interval {
  readonly low: number
  readonly high: number
}

/** `count` of `of`, with its 95 % interval and how to say it. */
export interface Proportion extends Interval {
  readonly count: number
  readonly of: number
  readonly text: string
}

function checkCount(count: number, of: number): void {
  assert(Number.isSafeInteger(of) && of >= 0, `a number of trials is a whole number, got ${of}`)
  assert(Number.isSafeInteger(count) && count >= 0 && count <= of, `a count lies in 0..${of}, got ${count}`)
}

/** Wilson's 95 % score interval of `count` in `of`; 0..1 where nothing was tried. */
export function wilsonInterval(count: number, of: number): Interval {
  checkCount(count, of)
  if (of === 0) return { low: 0, high: 1 }
  const z2 = Z95 * Z95
  const rate = count / of
  const centre = (rate + z2 / (2 * of)) / (1 + z2 / of)
  const half = (Z95 / (1 + z2 / of)) * Math.sqrt((rate * (1 - rate)) / of + z2 / (4 * of * of))
  return {
    low: count === 0 ? 0 : Math.max(0, centre - half),
    high: count === of ? 1 : Math.min(1, centre + half),
  }
}

/** The 95 % interval of a rate as it is told: Wilson's, and the exact one-sided bound for 0 of n and n of n. */
export function rateInterval(count: number, of: number): Interval {
  const { low, high } = wilsonInterval(count, of)
  if (of === 0) return { low, high }
  return { low: count === of ? 1 - excludedAbove(of) : low, high: count === 0 ? excludedAbove(of) : high }
}

/** `count` of `of` with its interval, ready to be shown. */
export function proportion(count: number, of: number): Proportion {
  return { count, of, ...rateInterval(count, of), text: formatProportion(count, of) }
}

/** What `rateText` shows, for a heading. */
export const RATE_BOUNDS = '95 % interval (Wilson); for 0 of n and n of n the exact one-sided bound'

/** From the counts, not from the `text` that came with them: that may be of a collector of another version. */
export const rateText = ({ count, of }: Proportion): string => formatProportion(count, of)

/** `3 of 20: 15.0 % (5.2–36.0 %)`, `0 of 20: below 13.9 %`, `20 of 20: 100.0 % (86.1–100.0 %)`, `no runs`. */
export function formatProportion(count: number, of: number): string {
  const { low, high } = rateInterval(count, of)
  if (of === 0) return 'no runs'
  if (count === 0) return `0 of ${of}: below ${percent(high)} %`
  return `${count} of ${of}: ${percent(count / of)} % (${percent(low)}–${percent(high)} %)`
}

const percent = (share: number): string => (share * 100).toFixed(1)

/** Two-by-two table: `count` of `of` here against there. */
export interface Comparison {
  readonly count: number
  readonly of: number
}

/** Tables as unlikely as the observed one count as equal to it: R and SciPy allow the same rounding error. */
const RELATIVE_ERROR = 1e-7

/** Two-sided p of Fisher's exact test: how likely a difference at least this unlikely is where there is none. */
export function fisherExact(here: Comparison, there: Comparison): number {
  checkCount(here.count, here.of)
  checkCount(there.count, there.of)
  const events = here.count + there.count
  const logFactorial = logFactorials(here.of + there.of)
  const logChoose = (n: number, k: number): number =>
    (logFactorial[n] ?? 0) - (logFactorial[k] ?? 0) - (logFactorial[n - k] ?? 0)
  const likelihood = (count: number): number =>
    Math.exp(logChoose(here.of, count) + logChoose(there.of, events - count) - logChoose(here.of + there.of, events))
  const observed = likelihood(here.count) * (1 + RELATIVE_ERROR)
  let p = 0
  for (let count = Math.max(0, events - there.of); count <= Math.min(events, here.of); count++) {
    const each = likelihood(count)
    if (each <= observed) p += each
  }
  return Math.min(1, p)
}

/** ln n! for n from 0 to `most`. */
function logFactorials(most: number): Float64Array {
  const table = new Float64Array(most + 1)
  for (let n = 2; n <= most; n++) table[n] = (table[n - 1] ?? 0) + Math.log(n)
  return table
}

/** What "at 95 % confidence" leaves to chance. */
const ERROR_MAX = 0.05

/**
 * Where nothing happened in `of` independent trials, any rate above this is excluded at 95 % confidence: with such a rate
 * a run of so many without it would come in fewer than 5 of 100 cases. Exact and one-sided (Clopper and Pearson, 1934):
 * the solution of (1 − rate)^n = 0.05. The well-known 3/n is an approximation of it, and always a little larger.
 */
export function excludedAbove(of: number): number {
  checkCount(0, of)
  return of === 0 ? 1 : 1 - ERROR_MAX ** (1 / of)
}

/** How many trials in which nothing happens it takes to exclude every rate above this one. */
export const trialsToExclude = (rate: number): number => Math.ceil(Math.log(ERROR_MAX) / Math.log1p(-rate))

/**
 * p of several comparisons, each made larger for the chances that the others had (Holm, 1979), in the order given: with
 * those below 0.05 taken as differences, the chance of any false one among them is below 5 %.
 */
export function holm(ps: readonly number[]): readonly number[] {
  const adjusted = ps.map(() => 1)
  let most = 0
  const ascending = ps.map((p, index) => ({ p, index })).toSorted((a, b) => a.p - b.p)
  for (const [rank, { p, index }] of ascending.entries()) {
    most = Math.max(most, Math.min(1, (ps.length - rank) * p))
    adjusted[index] = most
  }
  return adjusted
}

/**
 * The nearest count in `of` trials that would have differed from `from`: above its rate where that is a half at most, else
 * below. `undefined` where no outcome would have. As one of several comparisons, the least of their p must be below
 * 0.05 / `comparisons` to be a difference (Holm).
 */
export function detectableCount(from: Comparison, of: number, comparisons = 1): number | undefined {
  checkCount(from.count, from.of)
  if (from.of === 0) return undefined
  const isLow = from.count * 2 <= from.of
  const start = (from.count * of) / from.of
  const step = isLow ? 1 : -1
  for (let count = isLow ? Math.ceil(start) : Math.floor(start); count >= 0 && count <= of; count += step)
    if (fisherExact(from, { count, of }) * comparisons < ERROR_MAX) return count
  return undefined
}
