/**
 * Records of the logs, counted from what agents tell with each append: the collector keeps logs without reading them.
 *
 * A run that was created elsewhere, or before this process started, counts from the first append that comes here. Bounded: the
 * run that was not heard of for the longest is forgotten.
 */
import type { RunProgress } from '../../core/campaign/campaign.ts'

const RUNS_MAX = 10_000

export class RecordCounter {
  readonly #seen = new Map<string, number>()

  created(run: string): void {
    this.#keep(run, 0)
  }

  /** By how many records the run has grown since it was last asked for. */
  grown(run: string, { issued, completed, flushes }: RunProgress): number {
    const records = issued + completed + flushes
    const before = this.#seen.get(run) ?? records
    this.#keep(run, Math.max(before, records))
    return Math.max(0, records - before)
  }

  #keep(run: string, records: number): void {
    this.#seen.delete(run)
    this.#seen.set(run, records)
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > RUNS_MAX && oldest !== undefined) this.#seen.delete(oldest)
  }
}
