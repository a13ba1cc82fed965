/**
 * How a write goes from the plan to the record: the hot path, whole, one worker's view. Again and again:
 *
 *   turn:     under the lock: record what ended, ask the scheduler what is next, record its issue.
 *   start:    outside it: make the bytes, hand them to the kernel.
 *   wait:     where there is room for no more: for something to end; before that, where it pays, make the next write's bytes.
 *
 * How many requests are in flight is the queue's to say: one of a thread by pwrite (psync-queue.ts), many by asynchronous
 * I/O (aio-queue.ts). The record of an issue precedes the request, that of a completion follows it, and both get their place
 * in the order inside the lock: core/record says why that is sound. A failure is recorded like anything else and stops the
 * scheduler; nothing is tried again.
 *
 * What a write of 4 KiB costs outside the kernel is in docs/PERFORMANCE.md. It goes, in this order, to
 *   - the payload: one copy out of the run's pool, and for each sector a stamp with its check word (core/stamp);
 *   - the way to the kernel: one call through koffi, or through Node where that is absent, and with aio a share of another;
 *   - the plan and the scheduler: a few hashes and words of shared memory (core/plan, core/scheduler);
 *   - the lock, one atomic operation each way where nobody else wants it (lock.ts), taken once a request;
 *   - two records, 16 bytes each, in the ring (ring.ts), and the clock, read once a request.
 * The main thread encodes them later, some ten bytes of work each (core/wire), while the workers wait for the device.
 *
 * The loop knows a queue, a plan and shared words: nothing of threads, files or logs.
 */
import type { Plan } from '../core/plan.ts'
import type { Action } from '../core/scheduler.ts'
import type { SectorBuffer, Stamper } from '../core/stamp.ts'
import { type Request, type RequestQueue, SUCCESS } from './request-queue.ts'
import type { Shared } from './shared.ts'

export interface LoopParts {
  readonly shared: Shared
  readonly plan: Plan
  readonly stamper: Stamper
  readonly queue: RequestQueue
  /** Tells the main thread to look at the ring; called outside the lock, at most once until it looked. */
  readonly callMain: () => void
}

export class WorkerLoop {
  readonly #parts: LoopParts
  readonly #commitWait: boolean
  /** How long to sleep at most where only time could bring something to do. */
  readonly #idleMs: number
  readonly #settle = (request: Request, errno: number): void => this.#record(request, errno)
  #nowUs = 0
  /** The write whose bytes are in the queue's spare buffer; 0: none. */
  #filledAhead = 0
  #attention = false

  constructor(parts: LoopParts) {
    const { cadence } = parts.plan.spec
    this.#parts = parts
    this.#commitWait = parts.shared.handle.options.commitWait
    this.#idleMs = cadence.kind === 'interval' ? Math.max(1, cadence.ms) : Number.POSITIVE_INFINITY
  }

  /** Works until nothing will be issued any more; this worker then has nothing in flight. */
  run(): void {
    const { queue } = this.#parts
    for (;;) {
      const action = this.#turn()
      if (isRequest(action)) {
        this.#start(action)
        if (queue.inFlight < queue.capacity) continue
      } else if (action.kind === 'done' && queue.inFlight === 0) return
      if (queue.inFlight === 0) continue
      this.#fillAhead()
      const granted = action.kind === 'wait' && action.for !== 'completion'
      queue.wait(granted ? Math.min(GRANT_MS, this.#limitMs(action)) : this.#limitMs(action))
    }
  }

  /** Settles what ended, takes the next request where there is room; sleeps where there is none and nothing is in flight. */
  #turn(): Action {
    const { shared, queue } = this.#parts
    let seen = 0
    shared.enter()
    this.#nowUs = shared.nowUs()
    queue.settle(this.#settle)
    const action = queue.inFlight < queue.capacity ? this.#choose(this.#nowUs) : WAIT_FOR_COMPLETION
    const waits = action.kind === 'sleep' || action.kind === 'wait'
    const sleeps = waits && queue.inFlight === 0
    const wakes = shared.someoneWaits && !waits && (action.kind === 'done' || shared.scheduler.mayStart)
    if (wakes) shared.raise()
    if (sleeps) seen = shared.prepareSleep()
    shared.leave()
    if (wakes) shared.wake()
    if (this.#attention) this.#callMain()
    if (sleeps) shared.sleep(seen, this.#limitMs(action))
    return action
  }

  /** How long there is nothing to do but to wait for something to end. */
  #limitMs(action: Action): number {
    return action.kind === 'sleep' ? Math.max(0, action.untilUs - this.#nowUs) / 1000 : this.#idleMs
  }

  /**
   * Makes the bytes and hands them over, at once: were all that ended together also to start together, the device would
   * stand idle while the bytes of all are made, and then the processor while the device works.
   */
  #start(request: Request): void {
    const { queue } = this.#parts
    if (request.kind === 'write') {
      const isFilled = request.write === this.#filledAhead
      const buffer = queue.addWrite(request, isFilled)
      if (!isFilled) this.#fillBuffer(buffer, request.write, request)
    } else queue.addFlush(request)
    queue.submit()
  }

  /** Makes the bytes of the write that is likely to be next, while those before it are under way: the plan says what they are. */
  #fillAhead(): void {
    const { shared, plan, queue } = this.#parts
    const write = shared.scheduler.issued + 1
    if (queue.spare === undefined || write === this.#filledAhead || write > plan.length) return
    this.#fillBuffer(queue.spare, write, plan.write(write))
    this.#filledAhead = write
  }

  #fillBuffer(
    buffer: SectorBuffer,
    write: number,
    { lba, sectors }: { readonly lba: number; readonly sectors: number },
  ): void {
    const { plan, stamper } = this.#parts
    stamper.fill(buffer, 0, { write, lba, count: sectors, epoch: plan.epochOf(write) }, 0, sectors)
  }

  #record(request: Request, errno: number): void {
    const { shared } = this.#parts
    const { scheduler } = shared
    if (errno !== SUCCESS) {
      shared.record(request.kind === 'write' ? 'failed' : 'flush-failed', numberOf(request), this.#nowUs, errno)
      scheduler.failed(request.kind === 'write' ? request.slot : 'flush')
      this.#attention = true
    } else if (request.kind === 'write') {
      shared.record('complete', request.write, this.#nowUs)
      scheduler.completed(request.slot)
    } else {
      shared.record('flush-complete', request.flush, this.#nowUs)
      scheduler.flushed()
      this.#attention ||= this.#commitWait
    }
  }

  #choose(nowUs: number): Action {
    const { shared } = this.#parts
    if (shared.brokenDown) return DONE
    if (!shared.scheduler.stopped && !shared.hasRoom) {
      shared.starve()
      this.#attention = true
      return WAIT_FOR_ROOM
    }
    const action = shared.scheduler.next(nowUs)
    switch (action.kind) {
      case 'write':
        shared.record('issue', action.write, nowUs)
        this.#attention ||= action.write === shared.windowLow
        break
      case 'flush':
        shared.record('flush-issue', action.flush, nowUs)
        break
      case 'wait':
        this.#attention ||= action.for === 'window'
        break
      case 'done':
        if (this.#parts.queue.inFlight > 0) break
        shared.workerDone()
        this.#attention = true
        break
      case 'sleep':
        break
    }
    return action
  }

  #callMain(): void {
    this.#attention = false
    if (this.#parts.shared.claimAttention()) this.#parts.callMain()
  }
}

/** A window or an acknowledgement wakes nobody who waits for the device: so it is looked for that often. */
const GRANT_MS = 5
const WAIT_FOR_ROOM: Action = { kind: 'wait', for: 'commit' }
const WAIT_FOR_COMPLETION: Action = { kind: 'wait', for: 'completion' }
const DONE: Action = { kind: 'done' }

const isRequest = (action: Action): action is Request => action.kind === 'write' || action.kind === 'flush'

const numberOf = (request: Request): number => (request.kind === 'write' ? request.write : request.flush)
