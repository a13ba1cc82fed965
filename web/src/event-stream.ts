/**
 * Events of the collector as they come, for as long as the view is open. EventSource would do, but for three things: it gives
 * up for good at an answer that is not 200 (a proxy without its collector), it does not tell a token that has ended from
 * a network that is down, and it never notices a connection that is silently dead.
 */
import { askToSignIn } from './api.ts'
import { addressOf } from './base.ts'
import { type ServerEvent, SseParser } from './sse.ts'

export type StreamState = 'connecting' | 'open' | 'lost'

export interface StreamOptions {
  readonly address: string
  /** Where to go on from; `undefined`: from now on. */
  readonly since: string | undefined
  readonly onEvents: (events: readonly ServerEvent[]) => void
  readonly onState: (state: StreamState) => void
}

const BACK_OFF_LEAST_MS = 500
const BACK_OFF_MOST_MS = 10_000
/** The collector says something every 15 seconds. */
const SILENCE_MOST_MS = 40_000

/** Opens the stream and keeps it open; returns how to end it. */
export function openEventStream(options: StreamOptions): () => void {
  const stream = new EventStream(options)
  void stream.run()
  return () => stream.close()
}

class EventStream {
  readonly #options: StreamOptions
  #last: string | undefined
  #failures = 0
  #isClosed = false
  #abort = new AbortController()
  #wake: () => void = () => undefined

  constructor(options: StreamOptions) {
    this.#options = options
    this.#last = options.since
  }

  close(): void {
    this.#isClosed = true
    this.#abort.abort()
    this.#wake()
  }

  async run(): Promise<void> {
    const hurry = (): void => this.#wake()
    addEventListener('online', hurry)
    while (!this.#isClosed) {
      this.#abort = new AbortController()
      await this.#once(this.#abort)
      if (this.#isClosed) break
      this.#options.onState('lost')
      await this.#pause()
    }
    removeEventListener('online', hurry)
  }

  /** One connection, from its beginning to its end. Never rejects: whatever ended it, the next one follows. */
  async #once(abort: AbortController): Promise<void> {
    const silence = new Watchdog(SILENCE_MOST_MS, () => abort.abort())
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(this.#last === undefined ? {} : { 'last-event-id': this.#last }),
      }
      const response = await fetch(addressOf(this.#options.address), {
        headers,
        signal: abort.signal,
        credentials: 'same-origin',
        cache: 'no-store',
      })
      if (response.status === 401) {
        this.#isClosed = true
        askToSignIn()
      }
      if (!response.ok || response.body === null) return
      this.#failures = 0
      this.#options.onState('open')
      await this.#read(response.body, silence)
    } catch {
      // Lost, or given up: told by the state.
    } finally {
      silence.stop()
    }
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, silence: Watchdog): Promise<void> {
    const parser = new SseParser()
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      silence.pat()
      const events = parser.push(value)
      this.#last = events.at(-1)?.id ?? this.#last
      if (events.length > 0) this.#options.onEvents(events)
    }
  }

  /** Longer with each failure, and never the same for all who lost the same collector. */
  #pause(): Promise<void> {
    const most = Math.min(BACK_OFF_MOST_MS, BACK_OFF_LEAST_MS * 2 ** this.#failures++)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, most * (0.5 + Math.random() / 2))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Barks where nothing pats it for too long. */
class Watchdog {
  readonly #limitMs: number
  readonly #bark: () => void
  #timer: ReturnType<typeof setTimeout>

  constructor(limitMs: number, bark: () => void) {
    this.#limitMs = limitMs
    this.#bark = bark
    this.#timer = setTimeout(bark, limitMs)
  }

  pat(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#bark, this.#limitMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
