/** Who waits for the analyst: callers take turns, so that one who asks much keeps nobody else waiting; and only so many wait. */
import { ApiError } from '../../http/api-error.ts'

export const WAITING_OF_CALLER_MAX = 16
export const WAITING_MAX = 64
const RETRY_AFTER_S = 5

export class Turns<T> {
  /** In the order of the turns; a caller for whom nothing waits is not in it. */
  readonly #waiting = new Map<string, Set<T>>()
  #count = 0

  /** Throws RATE_LIMITED where too many wait already. */
  add(caller: string, item: T): void {
    const own = this.#waiting.get(caller) ?? new Set()
    if (own.size >= WAITING_OF_CALLER_MAX)
      throw tooMany(`${own.size} maps, timelines and stories that this client asked for wait already`)
    if (this.#count >= WAITING_MAX) throw tooMany(`${this.#count} maps, timelines and stories wait already`)
    own.add(item)
    this.#waiting.set(caller, own)
    this.#count++
  }

  /** Whose turn it is; the caller is then the last in turn. */
  next(): T | undefined {
    for (const [caller, own] of this.#waiting) {
      for (const item of own) {
        this.drop(caller, item)
        if (own.size === 0) return item
        this.#waiting.delete(caller)
        this.#waiting.set(caller, own)
        return item
      }
    }
    return undefined
  }

  /** False where it does not wait. */
  drop(caller: string, item: T): boolean {
    const own = this.#waiting.get(caller)
    if (own?.delete(item) !== true) return false
    this.#count--
    if (own.size === 0) this.#waiting.delete(caller)
    return true
  }

  /** Empties it. */
  all(): readonly T[] {
    const all = [...this.#waiting.values()].flatMap((own) => [...own])
    this.#waiting.clear()
    this.#count = 0
    return all
  }
}

const tooMany = (what: string): ApiError =>
  new ApiError('RATE_LIMITED', `${what}; try again in ${RETRY_AFTER_S} s`, { retryAfterS: RETRY_AFTER_S })
