/**
 * How a write goes from the plan to the record: the hot path, whole, one worker's view.
 *
 *   turn:     under the lock: record what the last request came to, ask the scheduler what is next, record its issue.
 *   perform:  outside the lock: make the bytes, hand them to the device, note how that ended.
 *
 * One turn a write: the lock is taken once between two requests. The record of an issue precedes the request, that of a
 * completion follows it, and both get their place in the order inside the lock: core/record says why that is sound.
 * A failure is recorded like anything else and stops the scheduler; nothing is tried again.
 *
 * The loop knows a device, a plan and shared words: nothing of threads, files or logs.
 */
import { constants } from 'node:os'
import { errnoOf } from '../core/errors.ts'
import type { Plan } from '../core/plan.ts'
import type { Action } from '../core/scheduler.ts'
import type { SectorBuffer, Stamper } from '../core/stamp.ts'
import type { DevicePort } from '../io/device.ts'
import type { Shared } from './shared.ts'

export interface LoopParts {
  readonly shared: Shared
  readonly plan: Plan
  readonly stamper: Stamper
  readonly device: DevicePort
  /** Holds the largest write; this worker's own. */
  readonly buffer: SectorBuffer
  /** Tells the main thread to look at the ring; called outside the lock, at most once until it looked. */
  readonly callMain: () => void
}

type Request = Extract<Action, { kind: 'write' | 'flush' }>

/** No request failed. */
const SUCCESS = 0
const ERRNO: Readonly<Record<string, number>> = constants.errno

export class WorkerLoop {
  readonly #parts: LoopParts
  readonly #commitWait: boolean
  /** How long to sleep at most where only time could bring something to do. */
  readonly #idleMs: number
  #attention = false

  constructor(parts: LoopParts) {
    const { cadence } = parts.plan.spec
    this.#parts = parts
    this.#commitWait = parts.shared.handle.options.commitWait
    this.#idleMs = cadence.kind === 'interval' ? Math.max(1, cadence.ms) : Number.POSITIVE_INFINITY
  }

  /** Works until nothing will be issued any more; this worker then has nothing in flight. */
  run(): void {
    let request: Request | undefined
    let errno = SUCCESS
    for (;;) {
      const action = this.#turn(request, errno)
      switch (action.kind) {
        case 'write':
        case 'flush':
          request = action
          errno = this.#perform(action)
          break
        case 'sleep':
        case 'wait':
          request = undefined
          break
        case 'done':
          return
      }
    }
  }

  /** Between two requests: settles one, takes the next; sleeps where there is none yet. */
  #turn(settled: Request | undefined, errno: number): Action {
    const { shared } = this.#parts
    let seen = 0
    shared.enter()
    const nowUs = shared.nowUs()
    if (settled !== undefined) this.#settle(settled, errno, nowUs)
    const action = this.#choose(nowUs)
    const sleeps = action.kind === 'sleep' || action.kind === 'wait'
    const wakes = shared.someoneWaits && !sleeps && (action.kind === 'done' || shared.scheduler.mayStart)
    if (wakes) shared.raise()
    if (sleeps) seen = shared.prepareSleep()
    shared.leave()
    if (wakes) shared.wake()
    if (this.#attention) this.#callMain()
    if (sleeps) shared.sleep(seen, action.kind === 'sleep' ? Math.max(0, action.untilUs - nowUs) / 1000 : this.#idleMs)
    return action
  }

  #settle(request: Request, errno: number, nowUs: number): void {
    const { shared } = this.#parts
    const { scheduler } = shared
    if (errno !== SUCCESS) {
      shared.record(request.kind === 'write' ? 'failed' : 'flush-failed', numberOf(request), nowUs, errno)
      scheduler.failed(request.kind === 'write' ? request.slot : 'flush')
      this.#attention = true
    } else if (request.kind === 'write') {
      shared.record('complete', request.write, nowUs)
      scheduler.completed(request.slot)
    } else {
      shared.record('flush-complete', request.flush, nowUs)
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
        shared.workerDone()
        this.#attention = true
        break
      case 'sleep':
        break
    }
    return action
  }

  /** Hands the request to the device; the error number where that refused it. */
  #perform(request: Request): number {
    const { plan, stamper, device, buffer } = this.#parts
    try {
      if (request.kind === 'flush') device.flush()
      else {
        const { write, lba, sectors } = request
        stamper.fill(buffer, 0, { write, lba, count: sectors, epoch: plan.epochOf(write) }, 0, sectors)
        device.write(buffer, 0, lba, sectors, request.fua)
      }
      return SUCCESS
    } catch (error) {
      return errnoNumber(error)
    }
  }

  #callMain(): void {
    this.#attention = false
    if (this.#parts.shared.claimAttention()) this.#parts.callMain()
  }
}

const WAIT_FOR_ROOM: Action = { kind: 'wait', for: 'commit' }
const DONE: Action = { kind: 'done' }

const numberOf = (request: Request): number => (request.kind === 'write' ? request.write : request.flush)

/** The number of a system error; anything else is a fault of the program and goes on up. */
function errnoNumber(error: unknown): number {
  const name = errnoOf(error)
  if (name === undefined) throw error
  return ERRNO[name] ?? constants.errno.EIO
}
