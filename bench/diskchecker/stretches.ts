/** What one acknowledged write consists of, from the log of a run that has one in flight: its write, its flush, and what is waited for after it. */
import type { RecordKind } from '../../src/core/record.ts'
import { LogDecoder, type LogSink } from '../../src/core/wire.ts'
import { spreadOf } from '../spread.ts'

export const STRETCHES = ['write', 'flush', 'wait'] as const
/** Microseconds, the median of each. */
export type StretchUs = Readonly<Record<(typeof STRETCHES)[number], number>>

/** `write`: from issue to completion. `flush`: likewise. `wait`: from a completed flush to the next issue. */
class Stretches implements LogSink {
  readonly #fromUs: number
  readonly #us: Record<(typeof STRETCHES)[number], number[]> = { write: [], flush: [], wait: [] }
  #firstUs: number | undefined
  #lastUs = 0
  #last: RecordKind | undefined

  constructor(fromMs: number) {
    this.#fromUs = fromMs * 1000
  }

  manifest(): void {
    return
  }

  baseline(): void {
    return
  }

  record(kind: RecordKind, _id: number, timeUs: number): void {
    // These come from another thread, whenever they are due.
    if (kind === 'tick' || kind === 'window') return
    this.#firstUs ??= timeUs
    if (timeUs - this.#firstUs >= this.#fromUs) {
      const stretch = stretchOf(this.#last, kind)
      if (stretch !== undefined) this.#us[stretch].push(timeUs - this.#lastUs)
    }
    this.#last = kind
    this.#lastUs = timeUs
  }

  get medians(): StretchUs {
    const { write, flush, wait } = this.#us
    return { write: spreadOf(write).median, flush: spreadOf(flush).median, wait: spreadOf(wait).median }
  }
}

function stretchOf(from: RecordKind | undefined, to: RecordKind): (typeof STRETCHES)[number] | undefined {
  if (from === 'issue' && to === 'complete') return 'write'
  if (from === 'flush-issue' && to === 'flush-complete') return 'flush'
  return from === 'flush-complete' && to === 'issue' ? 'wait' : undefined
}

/** Of what happened from `fromMs` after the first record on. */
export async function stretchesOf(log: AsyncIterable<Uint8Array>, fromMs: number): Promise<StretchUs> {
  const stretches = new Stretches(fromMs)
  const decoder = new LogDecoder(stretches)
  for await (const bytes of log) decoder.push(bytes)
  decoder.end()
  return stretches.medians
}
