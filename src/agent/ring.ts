/**
 * The records on their way from the workers to the main thread: a ring in shared memory, written under the engine's lock
 * (so that its order is the order of the log) and read without it by the one thread that drains it.
 *
 * It never drops: who writes asks for room first, and waits where there is too little.
 */
import assert from 'node:assert/strict'
import type { RecordKind } from '../core/record.ts'

const KINDS = [
  'issue',
  'complete',
  'failed',
  'flush-issue',
  'flush-complete',
  'flush-failed',
  'window',
  'tick',
  'end',
] as const satisfies readonly RecordKind[]
const KIND_BITS = 8
const HEAD = 0
const TAIL = 1
/** Head and tail stand before the records, each in a cache line of its own. */
const LINE_WORDS = 16
const CONTROL_BYTES = 2 * LINE_WORDS * 4
const RECORD_BYTES = 16

/** What a reader is called with, in order. */
export type RecordVisitor = (kind: RecordKind, id: number, timeUs: number, errno: number) => void

export class RecordRing {
  readonly #control: Int32Array
  readonly #times: Float64Array
  readonly #ids: Uint32Array
  readonly #kinds: Uint32Array
  readonly #mask: number

  /** Over `bytesFor(capacity)` zeroed bytes from `at`; the capacity is a power of two. */
  constructor(buffer: SharedArrayBuffer, at: number, capacity: number) {
    assert(capacity >= 2 && (capacity & (capacity - 1)) === 0, 'the capacity of a ring is a power of two')
    this.#control = new Int32Array(buffer, at, 2 * LINE_WORDS)
    this.#times = new Float64Array(buffer, at + CONTROL_BYTES, capacity)
    this.#ids = new Uint32Array(buffer, at + CONTROL_BYTES + capacity * 8, capacity)
    this.#kinds = new Uint32Array(buffer, at + CONTROL_BYTES + capacity * 12, capacity)
    this.#mask = capacity - 1
  }

  static bytesFor(capacity: number): number {
    return CONTROL_BYTES + capacity * RECORD_BYTES
  }

  /** Records waiting to be drained. */
  get used(): number {
    return (this.#head() - this.#tail()) >>> 0
  }

  /** Records that can be written before the next drain. */
  get room(): number {
    return this.#mask + 1 - this.used
  }

  /** Appends one record. MUST be called under the lock, and only where there is room. */
  push(kind: RecordKind, id: number, timeUs: number, errno = 0): void {
    const head = this.#head()
    assert((head - this.#tail()) >>> 0 <= this.#mask, 'the ring has room for the record')
    const at = head & this.#mask
    this.#times[at] = timeUs
    this.#ids[at] = id
    this.#kinds[at] = KINDS.indexOf(kind) | (errno << KIND_BITS)
    Atomics.store(this.#control, HEAD * LINE_WORDS, (head + 1) | 0)
  }

  /** Hands over at most `most` records in order and frees their places. For one reader only. Returns how many. */
  drain(most: number, visit: RecordVisitor): number {
    const tail = this.#tail()
    const count = Math.min(most, this.used)
    for (let i = 0; i < count; i++) {
      const at = (tail + i) & this.#mask
      const word = this.#kinds[at] ?? 0
      const kind = KINDS[word & ((1 << KIND_BITS) - 1)]
      assert(kind !== undefined, 'a record in the ring is of a known kind')
      visit(kind, this.#ids[at] ?? 0, this.#times[at] ?? 0, word >>> KIND_BITS)
    }
    Atomics.store(this.#control, TAIL * LINE_WORDS, (tail + count) | 0)
    return count
  }

  #head(): number {
    return Atomics.load(this.#control, HEAD * LINE_WORDS)
  }

  #tail(): number {
    return Atomics.load(this.#control, TAIL * LINE_WORDS)
  }
}
