/**
 * Repetitions in a few words. What is compared is measured in turn (A B A B …) and the ratio is taken pair by pair: a
 * machine that is slower for a while is slower for both.
 */
import assert from 'node:assert/strict'

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Median, least and most of at least one value; of an even number the median is the lower of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  assert(values.length > 0, 'a spread is of at least one value')
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  return { median: at(Math.floor((sorted.length - 1) / 2)), least: at(0), most: at(sorted.length - 1) }
}

/** `12.3 (11.9 to 12.8)`. */
export function spreadText(values: readonly number[], digits: number): string {
  const { median, least, most } = spreadOf(values)
  const text = (value: number): string =>
    value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${text(median)} (${text(least)} to ${text(most)})`
}

/** `ours[i] / peers[i]`, for two lists of the same length. */
export function ratios(ours: readonly number[], peers: readonly number[]): readonly number[] {
  assert.equal(ours.length, peers.length, 'a ratio is of pairs')
  return ours.map((value, index) => value / (peers[index] ?? Number.NaN))
}

/** Whether the median reaches what was asked for; `atMost` for what is to be small. */
export const reached = (
  values: readonly number[],
  goal: { readonly atLeast: number } | { readonly atMost: number },
): string =>
  ('atLeast' in goal ? spreadOf(values).median >= goal.atLeast : spreadOf(values).median <= goal.atMost) ? 'yes' : 'no'
