/**
 * What the agent's threads share: one piece of memory with the lock, the scheduler's words, the ring of records, and the
 * words by which they wake each other. `Shared` is one thread's view of it; every thread makes its own.
 *
 * Wake-ups: a worker with nothing to do sleeps on the event word. Whoever changes what the others may do raises the
 * event under the lock and wakes one of them after it, and that one wakes the next where there is still something to start.
 */
import assert from 'node:assert/strict'
import type { Plan } from '../core/plan.ts'
import type { RecordKind } from '../core/record.ts'
import { Scheduler, type SchedulerOptions, schedulerWords } from '../core/scheduler.ts'
import { monotonicUs } from '../io/clock.ts'
import { FutexLock } from './lock.ts'
import { RecordRing } from './ring.ts'

const LINE = 16
/** Control words, each in a cache line of its own. */
const C = {
  lock: 0,
  event: LINE,
  waiting: 2 * LINE,
  attention: 3 * LINE,
  gone: 4 * LINE,
  broken: 5 * LINE,
  windowLow: 6 * LINE,
  starved: 7 * LINE,
} as const
const CONTROL_WORDS = 8 * LINE
const RING_RECORDS = 1 << 16
/** Places kept for completions of what is in flight and for the main thread's own records. */
const RING_RESERVE = 256
/** A lock held for longer than this is held by a dead thread: the program is at fault. */
const LOCK_LIMIT_MS = 10_000

/** What a worker needs in order to join; structured clone carries it. */
export interface SharedHandle {
  readonly buffer: SharedArrayBuffer
  readonly originUs: number
  readonly options: SchedulerOptions
}

export class Shared {
  readonly handle: SharedHandle
  readonly scheduler: Scheduler
  readonly ring: RecordRing
  readonly #control: Int32Array
  readonly #lock: FutexLock
  /** This thread is between `enter` and `leave`. */
  #holds = false

  /** A view on the memory behind the handle, for one thread. */
  constructor(handle: SharedHandle, plan: Plan) {
    const { buffer, options } = handle
    const words = schedulerWords(options.queueDepth)
    this.handle = handle
    this.#control = new Int32Array(buffer, 0, CONTROL_WORDS)
    this.#lock = new FutexLock(this.#control, C.lock)
    this.scheduler = new Scheduler(plan, options, new Uint32Array(buffer, CONTROL_WORDS * 4, words))
    this.ring = new RecordRing(buffer, ringAt(options.queueDepth), RING_RECORDS)
  }

  /** Fresh memory for a run whose clock starts now. */
  static create(options: SchedulerOptions): SharedHandle {
    const bytes = ringAt(options.queueDepth) + RecordRing.bytesFor(RING_RECORDS)
    return { buffer: new SharedArrayBuffer(bytes), originUs: monotonicUs(), options }
  }

  /** Microseconds since the start of the run; the same clock in every thread. */
  nowUs(): number {
    return monotonicUs() - this.handle.originUs
  }

  /** Takes the lock: everything about the scheduler and every record pushed is inside it. */
  enter(): void {
    this.#lock.take()
    this.#holds = true
  }

  leave(): void {
    this.#holds = false
    this.#lock.give()
  }

  /** Runs `work` inside the lock, for the main thread: it must not hang where a worker died. */
  locked<T>(work: () => T): T {
    assert(this.#lock.takeWithin(LOCK_LIMIT_MS), 'no thread keeps the lock')
    try {
      return work()
    } finally {
      this.#lock.give()
    }
  }

  /** Records something; inside the lock. */
  record(kind: RecordKind, id: number, timeUs: number, errno = 0): void {
    this.ring.push(kind, id, timeUs, errno)
  }

  /** Whether the ring has room for one more write or flush, and for all the completions that may still come. */
  get hasRoom(): boolean {
    return this.ring.room > RING_RESERVE
  }

  /** A worker is about to sleep for want of room; inside the lock. */
  starve(): void {
    Atomics.store(this.#control, C.starved, 1)
  }

  /** Whether a worker went to sleep for want of room since this was last asked. */
  takeStarved(): boolean {
    return Atomics.exchange(this.#control, C.starved, 0) === 1
  }

  /** Whether a worker sleeps, or is about to; inside the lock. */
  get someoneWaits(): boolean {
    return Atomics.load(this.#control, C.waiting) > 0
  }

  /** Announces a change that sleepers should look at; inside the lock, `wake` after it. */
  raise(): void {
    Atomics.add(this.#control, C.event, 1)
  }

  /** Wakes that many sleepers, by default one. */
  wake(count = 1): void {
    Atomics.notify(this.#control, C.event, count)
  }

  /** What `sleep` must be given; inside the lock, before leaving it to sleep. */
  prepareSleep(): number {
    Atomics.add(this.#control, C.waiting, 1)
    return Atomics.load(this.#control, C.event)
  }

  /** Sleeps until an event after `seen`, or for that long. Outside the lock. */
  sleep(seen: number, limitMs: number): void {
    Atomics.wait(this.#control, C.event, seen, limitMs)
    Atomics.sub(this.#control, C.waiting, 1)
  }

  /** True for the first who asks since the main thread last looked: then it is to be told. */
  claimAttention(): boolean {
    return Atomics.exchange(this.#control, C.attention, 1) === 0
  }

  /** The main thread looks now. */
  clearAttention(): void {
    Atomics.store(this.#control, C.attention, 0)
  }

  /** The write at whose issue the main thread is to be told that the window runs out. */
  get windowLow(): number {
    return Atomics.load(this.#control, C.windowLow) >>> 0
  }

  set windowLow(write: number) {
    Atomics.store(this.#control, C.windowLow, write | 0)
  }

  /** A worker has nothing left to do, and nothing in flight. */
  workerDone(): void {
    Atomics.add(this.#control, C.gone, 1)
  }

  get workersDone(): number {
    return Atomics.load(this.#control, C.gone)
  }

  /** A worker failed in a way that is a fault of the program, maybe with the lock in its hands; another's is not its to give. */
  breakDown(): void {
    Atomics.store(this.#control, C.broken, 1)
    if (this.#holds) this.leave()
    this.abandon()
  }

  /** Has every worker stop as soon as it can, without a word in the log. */
  abandon(): void {
    Atomics.store(this.#control, C.broken, 1)
    this.raise()
    this.wake(Number.POSITIVE_INFINITY)
  }

  get brokenDown(): boolean {
    return Atomics.load(this.#control, C.broken) !== 0
  }
}

function ringAt(queueDepth: number): number {
  return Math.ceil((CONTROL_WORDS + schedulerWords(queueDepth)) / LINE) * LINE * 4
}
