/** How long the operations of one stretch of time took, in four numbers. */
import { msOf } from '../history.ts'

export interface Spread {
  readonly min: number
  readonly median: number
  readonly p99: number
  readonly max: number
}

/** In ms of times in µs; nothing where there are none. The quantile is the smallest value that so many do not exceed. */
export function spreadOf(us: readonly number[]): Spread | undefined {
  if (us.length === 0) return undefined
  const sorted = Float64Array.from(us).toSorted()
  const quantile = (share: number): number => msOf(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0)
  return { min: quantile(0), median: quantile(0.5), p99: quantile(0.99), max: quantile(1) }
}
