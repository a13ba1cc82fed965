/** Counts what is in a log while it is read, and refuses it before more is built of it than the analyst has room for. */
import { ProbeError } from '../../../core/errors.ts'
import type { RecordKind } from '../../../core/record.ts'
import type { LogSink } from '../../../core/wire.ts'

/** Some 30 bytes each, outside of the heap. */
export const WRITES_MAX = 1 << 26
/** Flushes, windows and failures: some 100 bytes each, in the heap. */
export const EVENTS_MAX = 1 << 22

export class BoundedLog implements LogSink {
  readonly #inner: LogSink
  #events = 0

  constructor(inner: LogSink) {
    this.#inner = inner
  }

  manifest(manifest: Parameters<LogSink['manifest']>[0]): void {
    this.#inner.manifest(manifest)
  }

  baseline(payload: Uint8Array): void {
    this.#inner.baseline(payload)
  }

  /** Throws LOG_UNREADABLE. */
  record(kind: RecordKind, id: number, timeUs: number, errno: number): void {
    if (kind === 'issue') {
      if (id > WRITES_MAX) throw tooMany(`${WRITES_MAX} writes`)
    } else if (kind === 'flush-issue' || kind === 'window' || kind === 'failed') {
      if (++this.#events > EVENTS_MAX) throw tooMany(`${EVENTS_MAX} flushes, windows and failures`)
    }
    this.#inner.record(kind, id, timeUs, errno)
  }
}

const tooMany = (what: string): ProbeError =>
  new ProbeError('LOG_UNREADABLE', `it holds more than ${what}, more than the collector draws`)
