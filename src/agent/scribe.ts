/**
 * From the ring into the log: drains records, encodes them, frames them, and hands them to the uplink, in order. Counts
 * on the way what the run has done, because everything that happens passes through here.
 */
import type { RecordKind } from '../core/record.ts'
import { type FrameEncoder, RecordEncoder } from '../core/wire.ts'
import type { RecordRing } from './ring.ts'
import { StableMark } from './stable-mark.ts'
import type { Uplink } from './uplink.ts'

/** Records a frame: at most 24 bytes each, so that a frame stays well below its limit. */
const FRAME_RECORDS_MAX = 1 << 14

/** What made the run fail. */
export interface Failure {
  readonly what: 'write' | 'flush'
  readonly id: number
  readonly errno: number
}

export class Scribe {
  readonly #ring: RecordRing
  readonly #frames: FrameEncoder
  readonly #uplink: Uplink
  readonly #encoder = new RecordEncoder()
  readonly #visit = (kind: RecordKind, id: number, timeUs: number, errno: number): void =>
    this.#take(kind, id, timeUs, errno)
  issued = 0
  completed = 0
  flushesIssued = 0
  flushesCompleted = 0
  readonly stable = new StableMark()
  /** The last window that went into the log. */
  window = 0
  /** Time of the last record. */
  lastUs = 0
  failure: Failure | undefined

  constructor(ring: RecordRing, frames: FrameEncoder, uplink: Uplink) {
    this.#ring = ring
    this.#frames = frames
    this.#uplink = uplink
  }

  /** Moves what is in the ring into the log, as far as the uplink takes it. `urgent` is asked once the records are known. */
  drain(urgent: () => boolean): void {
    while (!this.#uplink.full && this.#ring.drain(FRAME_RECORDS_MAX, this.#visit) > 0) {
      this.#uplink.push(this.#frames.frame('records', this.#encoder.take()), urgent())
    }
  }

  #take(kind: RecordKind, id: number, timeUs: number, errno: number): void {
    this.#encoder.add(kind, id, timeUs, errno)
    this.lastUs = timeUs
    switch (kind) {
      case 'issue':
        this.issued = id
        break
      case 'complete':
        this.completed++
        this.stable.completed(id)
        break
      case 'failed':
        this.failure ??= { what: 'write', id, errno }
        break
      case 'flush-issue':
        this.flushesIssued = id
        this.stable.flushIssued(id)
        break
      case 'flush-complete':
        this.flushesCompleted++
        this.stable.flushCompleted(id)
        break
      case 'flush-failed':
        this.failure ??= { what: 'flush', id, errno }
        break
      case 'window':
        this.window = id
        break
      case 'tick':
      case 'end':
        break
    }
  }
}
