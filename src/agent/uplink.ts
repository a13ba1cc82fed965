/**
 * The log on its way out: keeps every byte until it is on stable storage, sends what there is in one append at a time,
 * goes on from wherever the other side says it is. Bounded: who pushes looks at `full` and waits; nothing is dropped.
 */
import assert from 'node:assert/strict'
import type { RunProgress } from '../core/campaign/campaign.ts'
import { ProbeError } from '../core/errors.ts'
import type { LogPort } from './log-port.ts'

/** Bytes kept at most before `full` says so; one push may go beyond it. */
const KEPT_BYTES_MAX = 8 << 20
/** Bytes in one append at most; what collectors take is 4 MiB. */
const APPEND_BYTES_MAX = 2 << 20

export class Uplink {
  readonly #port: LogPort
  readonly #progress: () => RunProgress
  /** Called after each append and when it all failed. */
  readonly #changed: () => void
  /** What is not stable yet, from `#stable` on. */
  readonly #kept: Uint8Array[] = []
  #stable = 0
  #next = 0
  #end = 0
  #wanted = 0
  #sending: Promise<void> | undefined
  #failure: unknown

  constructor(port: LogPort, progress: () => RunProgress, changed: () => void) {
    this.#port = port
    this.#progress = progress
    this.#changed = changed
  }

  /** Bytes of the log so far. */
  get end(): number {
    return this.#end
  }

  /** Bytes of it on stable storage. */
  get stable(): number {
    return this.#stable
  }

  /** Push no more for now. */
  get full(): boolean {
    return this.#end - this.#stable >= KEPT_BYTES_MAX
  }

  /** Why nothing goes out any more, if so. */
  get failure(): unknown {
    return this.#failure
  }

  /** Takes the next bytes of the log; they MUST not be changed afterwards. `urgent`: they are waited for. */
  push(bytes: Uint8Array, urgent: boolean): void {
    if (bytes.length === 0) return
    this.#kept.push(bytes)
    this.#end += bytes.length
    if (urgent) this.#wanted = this.#end
    if (this.#failure === undefined) this.#sending ??= this.#send()
  }

  /** Resolves once everything so far is on stable storage; throws where that cannot be. */
  async settled(): Promise<void> {
    this.#wanted = this.#end
    while (this.#stable < this.#end) {
      if (this.#failure !== undefined) throw this.#failure
      await (this.#sending ??= this.#send())
    }
  }

  /** Resolves once there is room again; throws where there never will be. */
  async room(): Promise<void> {
    while (this.full) {
      if (this.#failure !== undefined) throw this.#failure
      this.#wanted = this.#end
      await (this.#sending ??= this.#send())
    }
  }

  /** Never rejects: a failure is kept, and told to whoever waits. */
  async #send(): Promise<void> {
    try {
      while (this.#next < this.#end || (this.#stable < this.#wanted && this.#stable < this.#end)) {
        const from = this.#next < this.#end ? this.#next : this.#stable
        const bytes = this.#slice(from)
        const urgent = this.#stable < this.#wanted
        this.#advance(await this.#port.append(from, bytes, urgent, this.#progress()))
        this.#changed()
      }
    } catch (error) {
      this.#failure = error
    } finally {
      this.#sending = undefined
    }
    this.#changed()
  }

  #advance(outcome: { readonly stable: number; readonly next: number }): void {
    if (outcome.next < this.#stable || outcome.stable < this.#stable) {
      throw new ProbeError(
        'COLLECTOR_REFUSED',
        `the log on the other side ends at byte ${outcome.next}, though ${this.#stable} were acknowledged: it lost stable bytes, or somebody else writes this run`,
      )
    }
    assert(outcome.next <= this.#end && outcome.stable <= outcome.next, 'the other side has only what was sent')
    let freed = outcome.stable - this.#stable
    for (let head = this.#kept[0]; head !== undefined && freed > 0; head = this.#kept[0]) {
      if (freed < head.length) {
        this.#kept[0] = head.subarray(freed)
        break
      }
      freed -= head.length
      this.#kept.shift()
    }
    this.#stable = outcome.stable
    this.#next = outcome.next
  }

  /** Kept bytes from `from`, joined, as many as go in one append. */
  #slice(from: number): Uint8Array {
    const pieces: Uint8Array[] = []
    let length = 0
    let at = this.#stable
    for (const piece of this.#kept) {
      const skip = Math.max(0, from - at)
      at += piece.length
      if (skip >= piece.length) continue
      const wanted = piece.subarray(skip, skip + APPEND_BYTES_MAX - length)
      pieces.push(wanted)
      length += wanted.length
      if (length >= APPEND_BYTES_MAX) break
    }
    const [only] = pieces
    if (pieces.length === 1 && only !== undefined) return only
    const joined = new Uint8Array(length)
    let to = 0
    for (const piece of pieces) {
      joined.set(piece, to)
      to += piece.length
    }
    return joined
  }
}
