/**
 * The log of a simulated run, as an agent would send it: records gathered into frames, frames on their way to the
 * collector, and after the cut a prefix of them. It also keeps every event and the byte at which its frame ends, so that
 * what the judge can know of the run is known exactly.
 */
import { BaselineEncoder } from '../../core/baseline.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { Prng } from '../../core/prng.ts'
import type { LogRecord, RecordKind } from '../../core/record.ts'
import { FrameEncoder, RecordEncoder } from '../../core/wire.ts'

/**
 * How much of the log is left: all that was shipped, or that cut at a random byte, either beyond what was acknowledged
 * (`random`) or beyond what had the time to arrive too (`recent`).
 */
export const LOG_TAILS = ['all', 'random', 'recent'] as const
export type LogTail = (typeof LOG_TAILS)[number]

/** What is left of a log after the cut. */
export interface LogLeft {
  readonly log: Uint8Array
  /** The events in its intact frames. */
  readonly events: readonly LogRecord[]
  /** It ends where a frame ends. */
  readonly logIsWhole: boolean
}

export class SimLog {
  readonly #encoder = new FrameEncoder()
  readonly #records = new RecordEncoder()
  readonly #pieces: Uint8Array[] = []
  readonly #events: LogRecord[] = []
  /** For each event, the byte after the frame that holds it; events without one were never shipped. */
  readonly #ends: number[] = []
  readonly #frameRecords: number
  /** The byte after each frame, and when it was closed. */
  readonly #frames: { readonly end: number; readonly timeUs: number }[] = []
  #bytes = 0
  #durable = 0

  constructor(manifest: Manifest, frameRecords: number) {
    this.#frameRecords = frameRecords
    this.#push(this.#encoder.manifest(manifest))
    this.acknowledge(this.#bytes)
  }

  /** Bytes shipped so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Digests of what was there before, from `lba`. */
  baseline(lba: number, sectors: number, lo: Uint32Array, hi: Uint32Array): void {
    const encoder = new BaselineEncoder(lba, (payload) => this.#push(this.#encoder.frame('baseline', payload)))
    encoder.add(sectors, lo, hi)
    encoder.end()
  }

  add(kind: RecordKind, id: number, timeUs: number, errno = 0): void {
    this.#records.add(kind, id, timeUs, errno)
    this.#events.push({ kind, id, timeUs, errno })
    if (this.#events.length - this.#ends.length >= this.#frameRecords) this.ship()
  }

  /** Closes the frame at hand. */
  ship(): void {
    if (this.#records.pending === 0) return
    this.#push(this.#encoder.frame('records', this.#records.take()))
    while (this.#ends.length < this.#events.length) this.#ends.push(this.#bytes)
  }

  /** The collector has everything up to there on stable storage: the cut cannot take it away. */
  acknowledge(upTo: number): void {
    this.#durable = Math.max(this.#durable, upTo)
  }

  /** What the collector is left with; `arrivedUs`: what was shipped up to then had the time to arrive. */
  afterCut(tail: LogTail, arrivedUs: number, random: Prng): LogLeft {
    const length = this.#lengthLeft(tail, arrivedUs, random)
    const log = new Uint8Array(this.#bytes)
    let at = 0
    for (const piece of this.#pieces) {
      log.set(piece, at)
      at += piece.length
    }
    const events = this.#events.filter((_, i) => (this.#ends[i] ?? Number.POSITIVE_INFINITY) <= length)
    return { log: log.slice(0, length), events, logIsWhole: this.#frames.some(({ end }) => end === length) }
  }

  #lengthLeft(tail: LogTail, arrivedUs: number, random: Prng): number {
    if (tail === 'all') return this.#bytes
    const arrived = this.#frames.findLast(({ timeUs }) => timeUs <= arrivedUs)?.end ?? 0
    const least = tail === 'random' ? this.#durable : Math.max(this.#durable, arrived)
    return least + random.below(this.#bytes - least + 1)
  }

  #push(bytes: Uint8Array): void {
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    this.#frames.push({ end: this.#bytes, timeUs: this.#events.at(-1)?.timeUs ?? 0 })
  }
}
