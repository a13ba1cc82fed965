/**
 * The tokens of the store, remembered for a moment: an append must not cost a look into the store. Collectors that share a store
 * learn of each other's revocations when the moment is over; what this collector does itself counts at once.
 */
import type { Store, TokenRecord } from '../store/store.ts'

/** So long a revocation at another collector may go unnoticed here. */
export const TOKEN_MEMORY_MS = 2000
const REMEMBERED_MAX = 10_000

interface Memory {
  readonly record: TokenRecord
  readonly untilMs: number
}

export class TokenBook {
  readonly #store: Pick<Store, 'tokenByHash' | 'tokens'>
  readonly #monotonicMs: () => number
  /** Oldest first. Only tokens that there are: made-up ones must not push them out. */
  readonly #known = new Map<string, Memory>()
  #any: { readonly isAny: boolean; readonly untilMs: number } | undefined

  constructor(store: Pick<Store, 'tokenByHash' | 'tokens'>, monotonicMs: () => number) {
    this.#store = store
    this.#monotonicMs = monotonicMs
  }

  async find(hash: string): Promise<TokenRecord | undefined> {
    const known = this.#known.get(hash)
    if (known !== undefined && known.untilMs > this.#monotonicMs()) return known.record
    const record = await this.#store.tokenByHash(hash)
    if (record === undefined) this.#known.delete(hash)
    else this.#remember(hash, record)
    return record
  }

  /** Whether there was such a token when it was last looked for. */
  knew(hash: string): boolean {
    return this.#known.has(hash)
  }

  /** Whether the store has, or had, a token. Once it had one, it has. */
  async hasAny(): Promise<boolean> {
    if (this.#known.size > 0) return true
    if (this.#any !== undefined && (this.#any.isAny || this.#any.untilMs > this.#monotonicMs())) return this.#any.isAny
    const isAny = (await this.#store.tokens()).length > 0
    this.#any = { isAny, untilMs: this.#monotonicMs() + TOKEN_MEMORY_MS }
    return isAny
  }

  /** After a token was made or revoked here. */
  forget(): void {
    for (const [hash, { record }] of this.#known) this.#known.set(hash, { record, untilMs: 0 })
    this.#any = undefined
  }

  #remember(hash: string, record: TokenRecord): void {
    this.#known.delete(hash)
    this.#known.set(hash, { record, untilMs: this.#monotonicMs() + TOKEN_MEMORY_MS })
    const [oldest] = this.#known.keys()
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest)
  }
}
