/**
 * The events of a collector: looks at the store once a second while somebody listens, and tells every listener what changed.
 *
 * An event's id is the time of the look. It means the same to every collector over the same store, so a client may resume at
 * any of them: what changed since then, and a little before, is told again. Events are states, so hearing one twice does no harm.
 */
import type { ServerResponse } from 'node:http'
import type { RunLine } from '../../core/campaign/facts.ts'
import type { Store } from '../store/store.ts'
import { Changes, whole } from './changes.ts'
import { frameOf, Listener } from './listener.ts'

/** A change is stamped before it is on stable storage, by clocks that differ a little: so much may it come late. */
const OVERLAP_MS = 5000
const HEARTBEAT_MS = 15_000
export const LISTENERS_MAX = 256
/** Of one token: one that opens streams and forgets them leaves room for the others. */
export const LISTENERS_OF_ONE_MAX = 32
/** Runs in one look: more change in a second only where more agents stream than one collector serves. */
const LINES_MAX = 5000

export interface HubOptions {
  readonly store: Pick<Store, 'lines'>
  /** Wall clock, ISO 8601, UTC. */
  readonly now: () => string
  /** Told when the store could not be read; the next look tries again. */
  readonly failed: (error: unknown) => void
  readonly intervalMs?: number
}

export class LiveHub {
  readonly #options: HubOptions
  readonly #listeners = new Set<Listener>()
  readonly #changes = new Changes()
  #cursor = ''
  #timer: NodeJS.Timeout | undefined
  #beats: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: HubOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return this.#listeners.size >= LISTENERS_MAX
  }

  /** How many listen for `caller`. */
  countOf(caller: string): number {
    return [...this.#listeners].filter((listener) => listener.caller === caller).length
  }

  /** From `since`, an event's id, on; without one from now on. The head of the response MUST have been written. */
  async listen(response: ServerResponse, caller: string, since: string | undefined): Promise<void> {
    if (this.#isClosed) {
      response.end()
      return
    }
    const listener = new Listener(response, caller, this.#nowMs())
    // Listening begins before the past is read: what happens meanwhile is told twice rather than not at all.
    this.#listeners.add(listener)
    response.on('close', () => this.#drop(listener))
    this.#start()
    const cursor = this.#options.now()
    listener.send(`retry: 1000\nid: ${since ?? cursor}\nevent: hello\ndata: {}\n\n`)
    if (since !== undefined) await this.#tellPast(listener, since, cursor)
  }

  /** Ends every stream. */
  close(): void {
    this.#isClosed = true
    this.#stop()
    for (const listener of this.#listeners) listener.end()
    this.#listeners.clear()
  }

  async #tellPast(listener: Listener, since: string, cursor: string): Promise<void> {
    try {
      for (const line of (await this.#changedSince(since)).toReversed())
        for (const event of whole(line)) if (!listener.send(frameOf(cursor, event))) return
    } catch (error) {
      // The client would believe that nothing happened: it is to come again.
      this.#options.failed(error)
      listener.end()
    }
  }

  #drop(listener: Listener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size === 0) this.#stop()
  }

  #start(): void {
    if (this.#beats !== undefined) return
    this.#cursor = this.#options.now()
    this.#beats = setInterval(() => this.#beat(), HEARTBEAT_MS)
    this.#next()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#beats)
    this.#timer = undefined
    this.#beats = undefined
  }

  #next(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), this.#options.intervalMs ?? 1000)
  }

  async #look(): Promise<void> {
    try {
      const cursor = this.#options.now()
      const lines = await this.#changedSince(this.#cursor)
      this.#cursor = cursor
      const text = this.#changes.take(lines).map((event) => frameOf(cursor, event))
      if (text.length > 0) this.#tell((listener) => listener.send(text.join('')))
    } catch (error) {
      this.#options.failed(error)
    }
    if (this.#beats !== undefined) this.#next()
  }

  #beat(): void {
    this.#tell((listener) => listener.beat(this.#nowMs()))
  }

  #tell(say: (listener: Listener) => boolean): void {
    for (const listener of this.#listeners) if (!say(listener)) this.#drop(listener)
  }

  #changedSince(time: string): Promise<readonly RunLine[]> {
    const from = new Date(Date.parse(time) - OVERLAP_MS).toISOString()
    return this.#options.store.lines({ changedSince: from, limit: LINES_MAX })
  }

  #nowMs(): number {
    return Date.parse(this.#options.now())
  }
}
