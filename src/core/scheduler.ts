/**
 * The agent's loop as a pure state machine: what to do next, given what is in flight.
 *
 * The state is a small array of 32-bit words, so that the agent's workers share it (under their lock) and the simulator
 * steps it alone: both run exactly this loop. Whoever drives it MUST call it under mutual exclusion and MUST record each
 * action before it leaves that exclusion (core/record says why the order is then sound).
 */
import assert from 'node:assert/strict'
import type { Plan } from './plan.ts'

export interface SchedulerOptions {
  /** Writes in flight at most. */
  readonly queueDepth: number
  readonly flushMode: 'barrier' | 'concurrent'
  /** Hold everything after each flush until `commitAcknowledged`. */
  readonly commitWait: boolean
  /** Issue writes that overlap one in flight. */
  readonly overlapInFlight: boolean
  /** Last write to issue; the plan's own length also bounds it. */
  readonly writesMax: number
}

export type Action =
  | {
      readonly kind: 'write'
      readonly write: number
      readonly lba: number
      readonly sectors: number
      readonly fua: boolean
      readonly slot: number
    }
  | { readonly kind: 'flush'; readonly flush: number }
  /** Nothing may start before this time on the run's clock. */
  | { readonly kind: 'sleep'; readonly untilUs: number }
  /** Nothing may start until something else happens: a completion, a wider window, an acknowledgement. */
  | { readonly kind: 'wait'; readonly for: 'completion' | 'window' | 'commit' }
  /** Nothing will be issued any more; writes may still be in flight. */
  | { readonly kind: 'done' }

/** Words of state before the table of writes in flight. */
const W = {
  next: 0,
  step: 1,
  inFlight: 2,
  flushInFlight: 3,
  flushes: 4,
  window: 5,
  commitHold: 6,
  stopped: 7,
  sleepUntilLow: 8,
  sleepUntilHigh: 9,
  sleeping: 10,
  lastFlushLow: 11,
  lastFlushHigh: 12,
  writesSinceFlush: 13,
} as const
const SLOTS_AT = 16
/** Words a slot: write, sectors, LBA low and high. Write 0: free. */
const SLOT_WORDS = 4

/** 32-bit words of state that a scheduler of that depth needs. */
export const schedulerWords = (queueDepth: number): number => SLOTS_AT + SLOT_WORDS * queueDepth

export class Scheduler {
  readonly #plan: Plan
  readonly #options: SchedulerOptions
  readonly #s: Uint32Array
  readonly #last: number
  readonly #intervalUs: number

  /** Over zeroed words for a new run, or over words that another scheduler of the same plan and options uses. */
  constructor(plan: Plan, options: SchedulerOptions, state: Uint32Array) {
    assert(state.length >= schedulerWords(options.queueDepth), 'the scheduler needs more state words')
    this.#plan = plan
    this.#options = options
    this.#s = state
    this.#last = Math.min(plan.length, options.writesMax)
    this.#intervalUs = plan.spec.cadence.kind === 'interval' ? plan.spec.cadence.ms * 1000 : Number.POSITIVE_INFINITY
  }

  /** Writes issued so far. */
  get issued(): number {
    return this.#word(W.next)
  }

  /** Writes in flight. */
  get inFlight(): number {
    return this.#word(W.inFlight)
  }

  /** Flushes issued so far. */
  get flushesIssued(): number {
    return this.#word(W.flushes)
  }

  /** True while a flush is in flight. */
  get flushInFlight(): boolean {
    return this.#word(W.flushInFlight) !== 0
  }

  /** True once something failed or `stop` was called. */
  get stopped(): boolean {
    return this.#word(W.stopped) !== 0
  }

  /** Top of the acknowledged intent window. */
  get window(): number {
    return this.#word(W.window)
  }

  /**
   * Whether somebody who asked now might be given something: whoever drives several askers leaves the others asleep
   * where this says no. It may say yes in vain; it says no only where a completion, a window, an acknowledgement or the
   * end of a pause must come first, and whoever brings that asks again.
   */
  get mayStart(): boolean {
    if (this.stopped) return true
    if (this.#word(W.commitHold) !== 0 || this.#word(W.sleeping) !== 0 || this.#barrierUp()) return false
    const step = this.#plan.stepsAfter(this.issued)[this.#word(W.step)]
    if (step === undefined) {
      return this.issued >= this.#last || (this.issued < this.window && this.inFlight < this.#options.queueDepth)
    }
    if (this.flushInFlight) return false
    return this.inFlight === 0 || (step.kind === 'flush' && !step.drain && this.#options.flushMode === 'concurrent')
  }

  /** Chooses the next action at `nowUs` and takes it: a write or flush returned here is in flight from now on. */
  next(nowUs: number): Action {
    if (this.stopped) return { kind: 'done' }
    if (this.#word(W.commitHold) !== 0) return { kind: 'wait', for: 'commit' }
    if (this.#word(W.sleeping) !== 0) {
      const untilUs = this.#time(W.sleepUntilLow)
      if (nowUs < untilUs) return { kind: 'sleep', untilUs }
      this.#s[W.sleeping] = 0
    }
    return this.#nextStep(nowUs) ?? this.#nextWrite()
  }

  #nextStep(nowUs: number): Action | undefined {
    if (this.#barrierUp()) return { kind: 'wait', for: 'completion' }
    const issued = this.issued
    const step = this.#plan.stepsAfter(issued)[this.#word(W.step)]
    if (step === undefined) return this.#intervalFlush(nowUs)
    if (step.kind === 'sleep') {
      if (this.inFlight > 0 || this.flushInFlight) return { kind: 'wait', for: 'completion' }
      this.#bump(W.step)
      this.#s[W.sleeping] = 1
      this.#setTime(W.sleepUntilLow, nowUs + step.ms * 1000)
      return { kind: 'sleep', untilUs: this.#time(W.sleepUntilLow) }
    }
    const drain = step.drain || this.#options.flushMode === 'barrier'
    if (this.flushInFlight || (drain && this.inFlight > 0)) return { kind: 'wait', for: 'completion' }
    this.#bump(W.step)
    return this.#flush(nowUs, drain)
  }

  #intervalFlush(nowUs: number): Action | undefined {
    const due = this.#word(W.writesSinceFlush) > 0 && nowUs - this.#time(W.lastFlushLow) >= this.#intervalUs
    if (!due || this.flushInFlight) return undefined
    const drain = this.#options.flushMode === 'barrier'
    if (drain && this.inFlight > 0) return { kind: 'wait', for: 'completion' }
    return this.#flush(nowUs, drain)
  }

  /** In barrier mode nothing starts while a flush is in flight. */
  #barrierUp(): boolean {
    return this.#word(W.flushInFlight) === 2
  }

  #flush(nowUs: number, drain: boolean): Action {
    this.#s[W.flushInFlight] = drain ? 2 : 1
    this.#s[W.writesSinceFlush] = 0
    this.#setTime(W.lastFlushLow, nowUs)
    return { kind: 'flush', flush: this.#bump(W.flushes) }
  }

  #nextWrite(): Action {
    const write = this.issued + 1
    if (write > this.#last) return { kind: 'done' }
    if (write > this.window) return { kind: 'wait', for: 'window' }
    if (this.inFlight >= this.#options.queueDepth) return { kind: 'wait', for: 'completion' }
    const planned = this.#plan.write(write)
    if (!this.#options.overlapInFlight && this.#overlapsInFlight(planned.lba, planned.sectors))
      return { kind: 'wait', for: 'completion' }
    const slot = this.#takeSlot(write, planned.lba, planned.sectors)
    this.#bump(W.next)
    this.#s[W.step] = 0
    this.#bump(W.inFlight)
    this.#bump(W.writesSinceFlush)
    return { kind: 'write', write, lba: planned.lba, sectors: planned.sectors, fua: planned.fua, slot }
  }

  /** The write in `slot` was reported done. */
  completed(slot: number): void {
    if (this.#word(this.#slotAt(slot)) === 0) assert.fail(`no write is in flight in slot ${slot}`)
    this.#s[this.#slotAt(slot)] = 0
    this.#s[W.inFlight] = this.inFlight - 1
  }

  /** The flush in flight was reported done. */
  flushed(): void {
    assert(this.flushInFlight, 'no flush is in flight')
    this.#s[W.flushInFlight] = 0
    if (this.#options.commitWait) this.#s[W.commitHold] = 1
  }

  /** A write or flush failed: nothing is issued any more, and nothing is retried. */
  failed(slot: number | 'flush'): void {
    if (slot === 'flush') this.#s[W.flushInFlight] = 0
    else this.completed(slot)
    this.stop()
  }

  /** Issues nothing from now on. */
  stop(): void {
    this.#s[W.stopped] = 1
  }

  /** Everything up to the last flush is on stable storage at the collector. */
  commitAcknowledged(): void {
    this.#s[W.commitHold] = 0
  }

  /** The collector acknowledged that no write above `top` has been issued. */
  widenWindow(top: number): void {
    assert(top >= this.window, 'a window never shrinks')
    this.#s[W.window] = top
  }

  #overlapsInFlight(from: number, sectors: number): boolean {
    for (let slot = 0; slot < this.#options.queueDepth; slot++) {
      const at = this.#slotAt(slot)
      if (this.#word(at) === 0) continue
      const other = this.#word(at + 2) + this.#word(at + 3) * 0x1_0000_0000
      if (from < other + this.#word(at + 1) && other < from + sectors) return true
    }
    return false
  }

  #takeSlot(write: number, from: number, sectors: number): number {
    for (let slot = 0; slot < this.#options.queueDepth; slot++) {
      const at = this.#slotAt(slot)
      if (this.#word(at) !== 0) continue
      this.#s[at] = write
      this.#s[at + 1] = sectors
      this.#s[at + 2] = from >>> 0
      this.#s[at + 3] = Math.floor(from / 0x1_0000_0000)
      return slot
    }
    assert.fail('no slot is free though the queue is not full')
  }

  #slotAt(slot: number): number {
    return SLOTS_AT + slot * SLOT_WORDS
  }

  #word(index: number): number {
    return this.#s[index] ?? 0
  }

  #bump(index: number): number {
    const value = this.#word(index) + 1
    this.#s[index] = value
    return value
  }

  #time(at: number): number {
    return this.#word(at) + this.#word(at + 1) * 0x1_0000_0000
  }

  #setTime(at: number, us: number): void {
    const whole = Math.floor(us)
    this.#s[at] = whole >>> 0
    this.#s[at + 1] = Math.floor(whole / 0x1_0000_0000)
  }
}
