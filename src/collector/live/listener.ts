/** One client of the event stream: writes events to its socket, and gives it up where it does not keep up. */
import type { ServerResponse } from 'node:http'
import type { LiveEvent } from '../../core/view/live-view.ts'

/** What may wait for a slow client. It resumes from its last event, so nothing is lost when it is dropped. */
const WAITING_BYTES_MAX = 4 << 20

/** A stream ends after so long, and the client comes back: so a token that was revoked does not listen for ever. */
const LIFE_MAX_MS = 900_000

export const frameOf = (id: string, { kind, line }: LiveEvent): string =>
  `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(line)}\n\n`

export class Listener {
  /** Whose it is. */
  readonly caller: string
  readonly #response: ServerResponse
  readonly #endsAtMs: number

  constructor(response: ServerResponse, caller: string, nowMs: number) {
    this.#response = response
    this.caller = caller
    this.#endsAtMs = nowMs + LIFE_MAX_MS
  }

  /** False once it is given up. */
  send(text: string): boolean {
    if (this.#response.destroyed || this.#response.writableEnded) return false
    if (this.#response.writableLength > WAITING_BYTES_MAX) {
      this.#response.destroy()
      return false
    }
    this.#response.write(text)
    return true
  }

  /** Something to say where there is nothing: proxies and clients take silence for a dead connection. */
  beat(nowMs: number): boolean {
    if (nowMs < this.#endsAtMs) return this.send(': beat\n\n')
    this.end()
    return false
  }

  end(): void {
    this.#response.end()
  }
}
