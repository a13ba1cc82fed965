/**
 * The main thread's part of a run: keeps the intent window ahead of the workers, brings their records into the log,
 * acknowledges commits, ticks while nothing happens, and ends the run. The writing itself is in loop.ts.
 *
 * The one rule that the evidence rests on: a window is recorded, is on stable storage with everything before it, and only
 * then is the scheduler told of it. So no write is ever on the device that the log does not announce.
 */
import type { RunProgress } from '../core/campaign/campaign.ts'
import type { Bell } from './bell.ts'
import type { Crew } from './crew.ts'
import type { Scribe } from './scribe.ts'
import type { Shared } from './shared.ts'
import type { Uplink } from './uplink.ts'

const WINDOW_FIRST = 64
const WINDOW_MAX = 65_536
/** A window of which half lasts less than this is too small. */
const WINDOW_HALF_MS = 500
/** Records wait about that long in the ring: less would make many small appends, more a longer unknown tail after a cut. */
const DRAIN_EVERY_MS = 10
/** Few of them wait longer: on a slow machine an append costs as much as dozens of writes, and takes that from them. */
const DRAIN_FEW_EVERY_MS = 30
const FEW_RECORDS = 64
/** At once where there are that many. */
const DRAIN_RECORDS = 8192
/** Silence in the log that a tick ends; docs/MODEL.md promises one every 100 ms. */
const TICK_AFTER_US = 50_000
const HOLD_EVERY_MS = 40

export type Ended = 'writes' | 'duration' | 'signal' | 'failed'

export interface EngineParts {
  readonly shared: Shared
  readonly crew: Crew
  readonly uplink: Uplink
  readonly scribe: Scribe
  readonly bell: Bell
  /** Last write there will be. */
  readonly last: number
  readonly commitWait: boolean
  readonly durationMs: number
  readonly hold: boolean
  /** Aborted when the run is to stop in good order. */
  readonly signal: AbortSignal
  readonly entered: (state: RunProgress['state']) => void
  readonly progressed: () => void
}

/** Something that is granted once the log is stable up to `offset`. */
interface Pending {
  readonly top: number
  readonly offset: number
}

export class Engine {
  readonly #parts: EngineParts
  #windowSize = WINDOW_FIRST
  #window: Pending | undefined
  #grantedUs = 0
  #commitOffset: number | undefined
  #commitsSeen = 0
  #startedUs = 0
  #drainedUs = 0
  #stop: 'duration' | 'signal' | 'log' | undefined

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /** Runs to the end; throws where the log or a worker fails. A failed write or flush is an ending like others. */
  async run(): Promise<Ended> {
    const { shared, crew, bell, scribe } = this.#parts
    while (!crew.ready) {
      // A bell that was rung before would not let it wait, and on a machine with one processor take that from the workers.
      bell.clear()
      await this.#pause(DRAIN_EVERY_MS)
    }
    this.#startedUs = shared.nowUs()
    this.#askForWindow()
    crew.start()
    while (shared.workersDone < crew.count) {
      bell.clear()
      shared.clearAttention()
      this.#step()
      await this.#pause(DRAIN_EVERY_MS)
    }
    await this.#emptyRing()
    const ended = this.#ending()
    const holds = this.#parts.hold && (ended === 'writes' || ended === 'duration')
    this.#parts.entered(holds ? 'holding' : scribe.failure === undefined ? 'done' : 'failed')
    shared.locked(() => shared.record('end', 0, shared.nowUs()))
    await this.#emptyRing()
    await this.#parts.uplink.settled()
    return holds ? this.#holdOn() : ended
  }

  #ending(): Ended {
    if (this.#parts.scribe.failure !== undefined) return 'failed'
    return this.#stop === 'signal' || this.#stop === 'duration' ? this.#stop : 'writes'
  }

  /** Keeps the target open and the log alive until somebody ends it. */
  async #holdOn(): Promise<Ended> {
    const { bell, signal, shared } = this.#parts
    while (!signal.aborted) {
      bell.clear()
      this.#tick(shared.nowUs())
      this.#drain(shared.nowUs())
      this.#throwFailures()
      this.#parts.progressed()
      await this.#pause(HOLD_EVERY_MS)
    }
    this.#parts.entered('done')
    shared.locked(() => shared.record('tick', 0, shared.nowUs()))
    await this.#emptyRing()
    await this.#parts.uplink.settled()
    return 'signal'
  }

  #step(): void {
    const { shared } = this.#parts
    const nowUs = shared.nowUs()
    this.#stopWhereAsked(nowUs)
    this.#tick(nowUs)
    this.#askForWindow()
    this.#drain(nowUs)
    this.#grant(nowUs)
    this.#parts.progressed()
  }

  #stopWhereAsked(nowUs: number): void {
    const { uplink, signal, durationMs, shared } = this.#parts
    if (this.#stop !== undefined) return
    if (uplink.failure !== undefined) this.#stop = 'log'
    else if (signal.aborted) this.#stop = 'signal'
    else if (nowUs - this.#startedUs >= durationMs * 1000) this.#stop = 'duration'
    else return
    shared.locked(() => {
      shared.scheduler.stop()
      shared.raise()
    })
    shared.wake(Number.POSITIVE_INFINITY)
  }

  /** Says that time passes, where the log would say nothing. Not where the ring is short of room. */
  #tick(nowUs: number): void {
    const { shared, scribe } = this.#parts
    if (nowUs - scribe.lastUs < TICK_AFTER_US || !shared.hasRoom) return
    shared.locked(() => shared.record('tick', 0, shared.nowUs()))
  }

  /** Announces the next window as soon as half of this one is used. */
  #askForWindow(): void {
    const { shared, last } = this.#parts
    const { scheduler } = shared
    if (this.#window !== undefined || scheduler.window >= last || this.#stop !== undefined) return
    if (scheduler.window > 0 && scheduler.issued < shared.windowLow) return
    const top = Math.min(last, scheduler.issued + this.#nextWindowSize())
    if (top <= scheduler.window) return
    shared.locked(() => shared.record('window', top, shared.nowUs()))
    this.#window = { top, offset: Number.POSITIVE_INFINITY }
  }

  #nextWindowSize(): number {
    const { shared } = this.#parts
    const fast = shared.scheduler.window > 0 && shared.nowUs() - this.#grantedUs < WINDOW_HALF_MS * 1000
    if (fast) this.#windowSize = Math.min(WINDOW_MAX, this.#windowSize * 2)
    return this.#windowSize
  }

  /** Records to log; remembers up to where it must be stable before the window or the commit in it is granted. */
  #drain(nowUs: number): void {
    const { shared, scribe, uplink, commitWait } = this.#parts
    if (!this.#drainDue(nowUs)) return
    this.#drainedUs = nowUs
    scribe.drain(() => this.#waitedFor())
    if (this.#window?.offset === Number.POSITIVE_INFINITY && scribe.window === this.#window.top) {
      this.#window = { ...this.#window, offset: uplink.end }
    }
    if (commitWait && scribe.flushesCompleted > this.#commitsSeen) {
      this.#commitsSeen = scribe.flushesCompleted
      this.#commitOffset = uplink.end
    }
    if (!shared.hasRoom || !shared.takeStarved()) return
    shared.locked(() => shared.raise())
    shared.wake()
  }

  /** Somebody waits for what is in the ring, there is much of it, or it is time. */
  #drainDue(nowUs: number): boolean {
    const asked = this.#window?.offset === Number.POSITIVE_INFINITY
    const waitedFor = asked || this.#parts.commitWait || this.#stop !== undefined
    const { used } = this.#parts.shared.ring
    const everyMs = used < FEW_RECORDS ? DRAIN_FEW_EVERY_MS : DRAIN_EVERY_MS
    return waitedFor || used >= DRAIN_RECORDS || nowUs - this.#drainedUs >= everyMs * 1000
  }

  /** Whether the records just drained hold something that the workers wait for. */
  #waitedFor(): boolean {
    const { scribe, commitWait } = this.#parts
    return this.#window !== undefined || (commitWait && scribe.flushesCompleted > this.#commitsSeen)
  }

  /** Grants what the log is stable for. */
  #grant(nowUs: number): void {
    const { shared, uplink } = this.#parts
    const window = this.#window !== undefined && uplink.stable >= this.#window.offset ? this.#window : undefined
    const commit = this.#commitOffset !== undefined && uplink.stable >= this.#commitOffset
    if (window === undefined && !commit) return
    if (window !== undefined) {
      if (shared.scheduler.window === 0) this.#parts.entered('writing')
      this.#window = undefined
      this.#grantedUs = nowUs
      shared.windowLow = window.top - Math.floor(this.#windowSize / 2)
    }
    if (commit) this.#commitOffset = undefined
    shared.locked(() => {
      if (window !== undefined) shared.scheduler.widenWindow(window.top)
      if (commit) shared.scheduler.commitAcknowledged()
      shared.raise()
    })
    shared.wake()
  }

  /** Everything in the ring into the log, with the uplink's patience. Nothing new comes: the workers are done. */
  async #emptyRing(): Promise<void> {
    const { shared, scribe, uplink } = this.#parts
    this.#throwFailures()
    while (shared.ring.used > 0) {
      scribe.drain(() => true)
      await uplink.room()
    }
  }

  async #pause(limitMs: number): Promise<void> {
    await this.#parts.bell.wait(limitMs)
    if (this.#parts.crew.failure !== undefined) throw this.#parts.crew.failure
  }

  #throwFailures(): void {
    const { crew, uplink } = this.#parts
    if (crew.failure !== undefined) throw crew.failure
    if (uplink.failure !== undefined) throw uplink.failure
  }
}
