/**
 * The life of a few writes and of the flushes that matter to them: every event with its place in the log's order and its
 * time, as recorded. A second reading of the log, after `History`, which keeps neither failures nor every flush's times.
 */
import { type History, msOf } from '../history.ts'
import type { RecordKind } from '../record.ts'
import type { LogSink } from '../wire.ts'

/** Where and when: the place in the log's total order, and ms since the start of the run. */
export interface Instant {
  readonly position: number
  readonly ms: number
}

export interface WriteLife {
  readonly write: number
  readonly lba: number
  readonly sectors: number
  readonly fua: boolean
  /** Absent where the log was cut before it: the write was announced, and may be on the device. */
  readonly issue?: Instant
  readonly completion?: Instant
  readonly failure?: Instant & { readonly errno: number }
  /** The first flush issued after its completion that completed: what makes it stable on a disk with a volatile cache. */
  readonly flushedBy?: number
}

export interface FlushLife {
  readonly flush: number
  readonly issue: Instant
  readonly completion?: Instant
  readonly failure?: Instant & { readonly errno: number }
}

export interface Life {
  /** Ascending. */
  readonly writes: readonly WriteLife[]
  /** Ascending: for each write the first flush issued after it completed, and the one that made it stable. */
  readonly flushes: readonly FlushLife[]
  /** The last record: the agent's last sign of life. */
  readonly last: Instant
}

interface Events {
  issue?: Instant
  completion?: Instant
  failure?: Instant & { readonly errno: number }
}

/** Reads the log for the events of `writes`. */
export class LifeReader implements LogSink {
  readonly #history: History
  readonly #writes: ReadonlyMap<number, Events>
  readonly #flushes = new Map<number, Events>()
  readonly #wanted: ReadonlySet<number>
  #position = 0
  #last: Instant = { position: 0, ms: 0 }
  /** The newest flush and whether something asks for the next one. */
  #newest: { readonly flush: number; readonly events: Events } | undefined
  #wantsNext = false

  constructor(history: History, writes: Iterable<number>) {
    this.#history = history
    this.#writes = new Map([...writes].map((write) => [write, {}]))
    this.#wanted = new Set([...this.#writes.keys()].map((write) => history.flushThatMadeStable(write)))
  }

  manifest(): void {
    // The history has it.
  }

  baseline(): void {
    // The history has it.
  }

  record(kind: RecordKind, id: number, timeUs: number, errno: number): void {
    const at: Instant = { position: ++this.#position, ms: msOf(timeUs) }
    this.#last = at
    switch (kind) {
      case 'issue':
      case 'complete':
      case 'failed':
        return this.#ofWrite(kind, this.#writes.get(id), at, errno)
      case 'flush-issue':
      case 'flush-complete':
      case 'flush-failed':
        return this.#ofFlush(kind, id, at, errno)
      case 'window':
      case 'tick':
      case 'end':
        return
    }
  }

  #ofWrite(kind: 'issue' | 'complete' | 'failed', events: Events | undefined, at: Instant, errno: number): void {
    if (events === undefined) return
    if (kind === 'issue') events.issue = at
    else if (kind === 'complete') {
      events.completion = at
      this.#wantsNext = true
    } else events.failure = { ...at, errno }
  }

  #ofFlush(kind: 'flush-issue' | 'flush-complete' | 'flush-failed', id: number, at: Instant, errno: number): void {
    if (kind === 'flush-issue') {
      this.#newest = { flush: id, events: { issue: at } }
      if (this.#wantsNext || this.#wanted.has(id)) this.#flushes.set(id, this.#newest.events)
      this.#wantsNext = false
    } else if (this.#newest?.flush === id) {
      if (kind === 'flush-complete') this.#newest.events.completion = at
      else this.#newest.events.failure = { ...at, errno }
    }
  }

  /** After the whole log. */
  finish(): Life {
    const flushes = [...this.#flushes].flatMap(([flush, { issue, ...end }]) =>
      issue === undefined ? [] : [{ flush, issue, ...end }],
    )
    return {
      writes: [...this.#writes]
        .map(([write, events]) => this.#lifeOf(write, events))
        .toSorted((a, b) => a.write - b.write),
      flushes: flushes.toSorted((a, b) => a.flush - b.flush),
      last: this.#last,
    }
  }

  #lifeOf(write: number, events: Events): WriteLife {
    const { lba, sectors, fua } = this.#history.plan.write(write)
    const flush = this.#history.flushThatMadeStable(write)
    return { write, lba, sectors, fua, ...events, ...(flush === 0 ? {} : { flushedBy: flush }) }
  }
}
