/** From a run's log: when each write was complete. What it costs to begin is left out by counting between two moments of the log itself. */
import type { RecordKind } from '../src/core/record.ts'
import { LogDecoder, type LogSink } from '../src/core/wire.ts'

export class Completions implements LogSink {
  readonly #timesUs: number[] = []

  static async of(log: AsyncIterable<Uint8Array>): Promise<Completions> {
    const completions = new Completions()
    const decoder = new LogDecoder(completions)
    for await (const bytes of log) decoder.push(bytes)
    decoder.end()
    return completions
  }

  manifest(): void {
    return
  }

  baseline(): void {
    return
  }

  record(kind: RecordKind, _id: number, timeUs: number): void {
    if (kind === 'complete') this.#timesUs.push(timeUs)
  }

  get count(): number {
    return this.#timesUs.length
  }

  /** Writes a second between two moments, both counted from the first completion; up to the last one where that is earlier. */
  perSecond(fromMs: number, toMs: number): number {
    const first = this.#timesUs[0] ?? 0
    const from = first + fromMs * 1000
    const to = Math.min(first + toMs * 1000, this.#timesUs.at(-1) ?? 0)
    const within = this.#timesUs.filter((us) => us > from && us <= to).length
    return to > from ? (within * 1_000_000) / (to - from) : 0
  }
}
