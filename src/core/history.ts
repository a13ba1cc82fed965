/**
 * The log as the judge needs it: for every write and flush its place in the total order and its times, in flat arrays,
 * 20 bytes a write. From it follow precedence and stability (docs/MODEL.md, "Order, floor, allowed set").
 */
import assert from 'node:assert/strict'
import { BaselineDigests } from './baseline.ts'
import { FineSpreadCounter, NO_SPREAD, type Spread } from './histogram.ts'
import type { Manifest } from './manifest.ts'
import { Plan } from './plan.ts'
import type { RecordKind } from './record.ts'
import { WRITE_ID_MAX } from './units.ts'
import type { LogEnd, LogSink } from './wire.ts'

/** The place in the order of an event that is not recorded: after everything that is. */
export const NEVER = 0xffff_ffff

/** Flush times are kept in units of 100 µs: 119 hours in 32 bits. */
const FLUSH_TIME_UNIT_US = 100
/** Durations are kept in 32 bits of microseconds: a longer one counts as 71 minutes. */
const DURATION_US_MAX = 0xffff_ffff
const WIRE_BYTES_A_WRITE = 3

/** Columns over writes 1, 2, 3 …, or flushes. Grown by doubling; sized from the log's length where that is known. */
class Columns {
  issuePosition: Uint32Array
  completePosition: Uint32Array
  issueUs: Float64Array
  durationUs: Uint32Array

  constructor(capacity: number, withTimes: boolean) {
    this.issuePosition = new Uint32Array(capacity)
    this.completePosition = new Uint32Array(capacity)
    this.issueUs = new Float64Array(withTimes ? capacity : 0)
    this.durationUs = new Uint32Array(withTimes ? capacity : 0)
  }

  reserve(index: number): void {
    if (index < this.issuePosition.length) return
    const larger = new Columns(this.issuePosition.length * 2, this.issueUs.length > 0)
    larger.issuePosition.set(this.issuePosition)
    larger.completePosition.set(this.completePosition)
    larger.issueUs.set(this.issueUs)
    larger.durationUs.set(this.durationUs)
    this.issuePosition = larger.issuePosition
    this.completePosition = larger.completePosition
    this.issueUs = larger.issueUs
    this.durationUs = larger.durationUs
  }
}

/** When one write was issued and completed, in ms since the start of the run; absent where not recorded. */
export interface WriteTimes {
  readonly issuedMs?: number
  readonly completedMs?: number
}

/** A flush that completed. */
export interface FlushTimes {
  readonly flush: number
  readonly issuedMs: number
  readonly completedMs: number
}

/** How long requests took, from the record of their issue to that of their completion: whole microseconds by log-linear class. */
export interface Latencies {
  /** Of every write whose completion is recorded, FUA writes among them. */
  readonly write: Spread
  /** Of every flush whose completion is recorded. */
  readonly flush: Spread
}

/** One run, as recorded. Made by `HistoryBuilder`. */
export class History {
  readonly manifest: Manifest
  readonly plan: Plan
  readonly baseline: BaselineDigests
  readonly logEnd: LogEnd
  /** Highest write whose issue is recorded. */
  readonly issued: number
  /** Highest write that may be on the device: the acknowledged window, or the last issue of a run that ended by itself. */
  readonly possibleMax: number
  readonly completed: number
  readonly flushesIssued: number
  /** The agent stopped by itself. */
  readonly ended: boolean
  /** Time of the last record: the last sign of life. */
  readonly lastUs: number
  /** Place in the order of the issue of the last flush that completed; 0 where none did. */
  readonly #lastFlushIssue: number
  readonly #writes: Columns
  readonly #flushes: Columns
  readonly #flushTimes: { readonly issued: Uint32Array; readonly completed: Uint32Array }
  readonly #flushLatencyUs: Spread

  constructor(parts: HistoryParts) {
    this.manifest = parts.manifest
    this.plan = Plan.of(parts.manifest.plan)
    this.baseline = parts.baseline
    this.logEnd = parts.logEnd
    this.issued = parts.issued
    this.completed = parts.completed
    this.flushesIssued = parts.flushesIssued
    this.ended = parts.ended
    this.lastUs = parts.lastUs
    this.possibleMax = Math.min(parts.ended ? parts.issued : Math.max(parts.issued, parts.window), this.plan.length)
    this.#writes = parts.writes
    this.#flushes = parts.flushes
    this.#flushTimes = parts.flushTimes
    this.#flushLatencyUs = parts.flushLatencyUs
    this.#lastFlushIssue = parts.lastFlushIssue
  }

  /** Nothing can have followed what the log holds: the agent said that it ended, and no byte after that is damaged. */
  get isComplete(): boolean {
    return this.ended && this.logEnd.tail === 'clean'
  }

  /** Place in the order of the issue of write n, or `NEVER`. */
  issuePosition(n: number): number {
    return n <= this.issued ? (this.#writes.issuePosition[n] ?? NEVER) : NEVER
  }

  /** Place in the order of the completion of write n, or `NEVER`; a failed write never completed. */
  completePosition(n: number): number {
    return n <= this.issued ? (this.#writes.completePosition[n] ?? NEVER) : NEVER
  }

  /** `a → b`: the completion of a is recorded, and the issue of b comes after it or is not recorded. */
  isBefore(a: number, b: number): boolean {
    return this.completePosition(a) < this.issuePosition(b)
  }

  /** Whether write n is stable on a device with a volatile write cache. */
  isFlushedOrFua(n: number, fua: boolean): boolean {
    const completed = this.completePosition(n)
    return completed !== NEVER && (fua || completed < this.#lastFlushIssue)
  }

  /** Number of the first flush that was issued after write n completed, and that completed; 0 where there is none. */
  flushThatMadeStable(n: number): number {
    const completed = this.completePosition(n)
    if (completed >= this.#lastFlushIssue) return 0
    let low = 1
    let high = this.flushesIssued
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#flushes.issuePosition[middle] ?? NEVER) > completed) high = middle
      else low = middle + 1
    }
    while (low <= this.flushesIssued && this.#flushes.completePosition[low] === NEVER) low++
    return low <= this.flushesIssued ? low : 0
  }

  /** When that flush was issued and completed. */
  flushTimes(flush: number): FlushTimes {
    const { issued, completed } = this.#flushTimes
    return {
      flush,
      issuedMs: msOf((issued[flush] ?? 0) * FLUSH_TIME_UNIT_US),
      completedMs: msOf((completed[flush] ?? 0) * FLUSH_TIME_UNIT_US),
    }
  }

  /** Issue and duration of a write whose issue is recorded, as numbers to count with; `durationUs` is absent where it did not complete. */
  microsecondsOf(n: number): { readonly issueUs: number; readonly durationUs?: number } {
    const issueUs = this.#writes.issueUs[n] ?? 0
    return this.completePosition(n) === NEVER ? { issueUs } : { issueUs, durationUs: this.#writes.durationUs[n] ?? 0 }
  }

  /** When write n was issued and completed. */
  timesOf(n: number): WriteTimes {
    if (n < 1 || n > this.issued) return {}
    const issueUs = this.#writes.issueUs[n] ?? 0
    const issuedMs = msOf(issueUs)
    if (this.completePosition(n) === NEVER) return { issuedMs }
    return { issuedMs, completedMs: msOf(issueUs + (this.#writes.durationUs[n] ?? 0)) }
  }

  /** Worked out when it is asked for, in one pass over the writes: most histories are never asked. */
  latenciesUs(): Latencies {
    const write = new FineSpreadCounter()
    const { completePosition, durationUs } = this.#writes
    for (let n = 1; n <= this.issued; n++) if (completePosition[n] !== NEVER) write.add(durationUs[n] ?? 0)
    return { write: write.spread(), flush: this.#flushLatencyUs }
  }
}

/** Microseconds to milliseconds, without the noise of binary fractions. */
export const msOf = (us: number): number => Math.round(us) / 1000

interface HistoryParts {
  readonly manifest: Manifest
  readonly baseline: BaselineDigests
  readonly logEnd: LogEnd
  readonly issued: number
  readonly completed: number
  readonly window: number
  readonly flushesIssued: number
  readonly lastFlushIssue: number
  readonly ended: boolean
  readonly lastUs: number
  readonly writes: Columns
  readonly flushes: Columns
  readonly flushTimes: { readonly issued: Uint32Array; readonly completed: Uint32Array }
  readonly flushLatencyUs: Spread
}

/** Takes a log as the decoder reads it and makes a `History` of it. */
export class HistoryBuilder implements LogSink {
  #manifest: Manifest | undefined
  readonly #baseline = new BaselineDigests()
  readonly #writes: Columns
  readonly #flushes: Columns
  #flushIssued: Uint32Array
  #flushCompleted: Uint32Array
  /** One flush is in flight at most, so what its record loses in the columns is kept here to the microsecond. */
  #flushIssuedUs = 0
  #flushLatency: FineSpreadCounter | undefined
  /** Places start at 1, so that 0 is before everything. */
  #position = 0
  #issued = 0
  #completed = 0
  #window = 0
  #flushesIssued = 0
  #lastFlushIssue = 0
  #ended = false
  #lastUs = 0

  /** `sizeHintBytes`: the length of the log, where it is known beforehand; memory that is not used costs nothing. */
  constructor(sizeHintBytes = 0) {
    const capacity = Math.max(1024, Math.ceil(sizeHintBytes / WIRE_BYTES_A_WRITE) + 2)
    this.#writes = new Columns(capacity, true)
    this.#flushes = new Columns(capacity, false)
    this.#flushIssued = new Uint32Array(capacity)
    this.#flushCompleted = new Uint32Array(capacity)
  }

  /** The manifest, as soon as it was read. */
  get manifestRead(): Manifest | undefined {
    return this.#manifest
  }

  manifest(manifest: Manifest): void {
    this.#manifest = manifest
  }

  baseline(payload: Uint8Array): void {
    this.#baseline.add(payload)
  }

  record(kind: RecordKind, id: number, timeUs: number): void {
    const position = ++this.#position
    this.#lastUs = timeUs
    switch (kind) {
      case 'issue':
        return this.#issue(id, position, timeUs)
      case 'complete':
        this.#completed++
        this.#writes.completePosition[id] = position
        this.#writes.durationUs[id] = Math.min(DURATION_US_MAX, timeUs - (this.#writes.issueUs[id] ?? 0))
        return
      case 'flush-issue':
        return this.#flushIssue(id, position, timeUs)
      case 'flush-complete':
        return this.#flushComplete(id, position, timeUs)
      case 'window':
        this.#window = id
        return
      case 'end':
        this.#ended = true
        return
      case 'failed':
      case 'flush-failed':
      case 'tick':
        return
    }
  }

  #issue(id: number, position: number, timeUs: number): void {
    assert(id <= WRITE_ID_MAX && position < NEVER, 'a run has fewer than 2^32 records')
    this.#writes.reserve(id)
    this.#issued = id
    this.#writes.issuePosition[id] = position
    this.#writes.completePosition[id] = NEVER
    this.#writes.issueUs[id] = timeUs
  }

  #flushIssue(id: number, position: number, timeUs: number): void {
    this.#flushes.reserve(id)
    if (id >= this.#flushIssued.length) {
      this.#flushIssued = grown(this.#flushIssued)
      this.#flushCompleted = grown(this.#flushCompleted)
    }
    this.#flushesIssued = id
    this.#flushes.issuePosition[id] = position
    this.#flushes.completePosition[id] = NEVER
    this.#flushIssued[id] = Math.round(timeUs / FLUSH_TIME_UNIT_US)
    this.#flushIssuedUs = timeUs
  }

  #flushComplete(id: number, position: number, timeUs: number): void {
    this.#flushes.completePosition[id] = position
    this.#flushCompleted[id] = Math.round(timeUs / FLUSH_TIME_UNIT_US)
    this.#lastFlushIssue = this.#flushes.issuePosition[id] ?? 0
    this.#flushLatency ??= new FineSpreadCounter()
    this.#flushLatency.add(Math.min(DURATION_US_MAX, timeUs - this.#flushIssuedUs))
  }

  /** The whole history; `logEnd` is what the decoder said at the end. */
  finish(logEnd: LogEnd): History {
    assert(this.#manifest !== undefined, 'a log that decoded has a manifest')
    return new History({
      manifest: this.#manifest,
      baseline: this.#baseline,
      logEnd,
      issued: this.#issued,
      completed: this.#completed,
      window: this.#window,
      flushesIssued: this.#flushesIssued,
      lastFlushIssue: this.#lastFlushIssue,
      ended: this.#ended,
      lastUs: this.#lastUs,
      writes: this.#writes,
      flushes: this.#flushes,
      flushTimes: { issued: this.#flushIssued, completed: this.#flushCompleted },
      flushLatencyUs: this.#flushLatency?.spread() ?? NO_SPREAD,
    })
  }
}

function grown(column: Uint32Array): Uint32Array {
  const larger = new Uint32Array(column.length * 2)
  larger.set(column)
  return larger
}
