/**
 * The flushes, failures and windows of a log with their times, which a history does not keep: read beside it, in the same
 * pass, for the timeline of a run.
 */
import type { RecordKind } from '../record.ts'
import type { LogSink } from '../wire.ts'

export interface FlushEvent {
  readonly flush: number
  readonly issuedUs: number
  /** Absent where the log ends before it. */
  readonly endedUs?: number
  readonly failed: boolean
}

export interface WindowEvent {
  readonly us: number
  /** No write above this one had been issued when the window was asked for. */
  readonly top: number
}

export interface FailureEvent {
  readonly us: number
  readonly write: number
  readonly errno: number
}

export interface RunEvents {
  readonly flushes: readonly FlushEvent[]
  readonly windows: readonly WindowEvent[]
  readonly failures: readonly FailureEvent[]
  /** When the agent said that it stopped by itself. */
  readonly endedUs?: number
}

interface OpenFlush {
  readonly flush: number
  readonly issuedUs: number
  endedUs?: number
  failed: boolean
}

/** Takes a log twice at once: for `inner`, and for the events. */
export class RunEventReader implements LogSink {
  readonly #inner: LogSink
  readonly #flushes: OpenFlush[] = []
  readonly #windows: WindowEvent[] = []
  readonly #failures: FailureEvent[] = []
  #endedUs: number | undefined

  constructor(inner: LogSink) {
    this.#inner = inner
  }

  manifest(manifest: Parameters<LogSink['manifest']>[0]): void {
    this.#inner.manifest(manifest)
  }

  baseline(payload: Uint8Array): void {
    this.#inner.baseline(payload)
  }

  record(kind: RecordKind, id: number, timeUs: number, errno: number): void {
    this.#inner.record(kind, id, timeUs, errno)
    switch (kind) {
      case 'flush-issue':
        this.#flushes.push({ flush: id, issuedUs: timeUs, failed: false })
        return
      case 'flush-complete':
      case 'flush-failed':
        return this.#flushEnd(id, timeUs, kind === 'flush-failed')
      case 'failed':
        this.#failures.push({ us: timeUs, write: id, errno })
        return
      case 'window':
        this.#windows.push({ us: timeUs, top: id })
        return
      case 'end':
        this.#endedUs = timeUs
        return
      case 'issue':
      case 'complete':
      case 'tick':
        return
    }
  }

  #flushEnd(id: number, timeUs: number, failed: boolean): void {
    const flush = this.#flushes.at(-1)
    if (flush?.flush !== id) return
    flush.endedUs = timeUs
    flush.failed = failed
  }

  /** After the whole log. */
  finish(): RunEvents {
    return {
      flushes: this.#flushes,
      windows: this.#windows,
      failures: this.#failures,
      ...(this.#endedUs === undefined ? {} : { endedUs: this.#endedUs }),
    }
  }
}
