/**
 * The keys of runs. An agent makes a key, sends it when it creates its run and with every append, and the store keeps the hash: so a
 * token that a thousand agents share lets none of them write into another's run.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { RUN_KEY_HEADER } from '../../io/collector-client.ts'
import { ApiError } from '../http/api-error.ts'
import type { Store } from '../store/store.ts'
import { hashOf } from './token.ts'

const REMEMBERED_MAX = 20_000

/** The hash of the key in the header, `undefined` where there is none; throws BAD_REQUEST. */
export function keyHashOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers[RUN_KEY_HEADER]
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\w-]{22,200}$/.test(key)) return hashOf(key)
  throw new ApiError('BAD_REQUEST', `header ${RUN_KEY_HEADER} must be 22 to 200 letters, digits, - and _`)
}

export class RunKeys {
  readonly #store: Pick<Store, 'keyOf'>
  /** Run → hash of its key, oldest first. */
  readonly #known = new Map<string, string>()

  constructor(store: Pick<Store, 'keyOf'>) {
    this.#store = store
  }

  /** Whether the run was created with that key. False for one without a key, and for one that is not there. */
  async isKeyOf(run: string, keyHash: string): Promise<boolean> {
    if (this.#known.get(run) === keyHash) return true
    // Another key than the one remembered may be that of a run made anew after the old one was pruned.
    const kept = await this.#store.keyOf(run)
    if (kept?.keyHash !== keyHash) return false
    this.#remember(run, keyHash)
    return true
  }

  #remember(run: string, keyHash: string): void {
    this.#known.delete(run)
    this.#known.set(run, keyHash)
    const [oldest] = this.#known.keys()
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest)
  }
}
