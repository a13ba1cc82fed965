/**
 * Tells a receiver of verdicts as they come (docs/REPORTS.md, "Webhooks"): paced by campaign, queued, sent one after the
 * other, and never waited for by whoever sent the verdict. Nothing of it is kept: what the collector had not sent when it ended is
 * not sent any more.
 */
import { wasToldToLie } from '../../core/campaign/facts.ts'
import type { VerdictWord } from '../../core/verdict.ts'
import type { Logger } from '../../io/logger.ts'
import { type Delivery, type DeliveryLimits, DELIVERY_LIMITS, deliver, type Receiver } from './deliver.ts'
import { type Digest, DIGEST_MS, Digester, type Schedule } from './digest.ts'
import { bodyOf, type Notice, type WebhookWord } from './payload.ts'

export interface WebhookOptions extends Receiver {
  readonly on: readonly WebhookWord[]
  /** Whether also of runs whose disk was told to lie: a lie that was asked for is no news. */
  readonly injected: boolean
  /** Where people reach the collector's page. */
  readonly publicUrl?: string
}

/** What happens to messages, for metrics. */
export interface WebhookWatcher {
  ended(outcome: Delivery['kind'] | 'dropped'): void
  waiting(messages: number): void
}

export interface WebhookParts {
  readonly logger: Pick<Logger, 'info' | 'warn'>
  readonly watcher?: WebhookWatcher
  readonly limits?: DeliveryLimits
  readonly digestMs?: number
}

/** Messages that wait for their turn: one a campaign and minute, so many campaigns at once are out of the ordinary. */
export const QUEUE_MAX = 100
/** Verdicts that are remembered, so that one that is sent again after a lost answer rings once. */
const REMEMBERED_MAX = 10_000
/** What waits at the end of the collector is given so long. */
const END_LIMIT_MS = 3000

export class Webhooks {
  readonly #options: WebhookOptions
  readonly #parts: WebhookParts
  readonly #digester: Digester
  readonly #queue: Digest[] = []
  readonly #told = new Set<string>()
  readonly #ending = new AbortController()
  #sending: Promise<void> | undefined

  constructor(options: WebhookOptions, parts: WebhookParts) {
    this.#options = options
    this.#parts = parts
    this.#digester = new Digester((digest) => this.#enqueue(digest), schedule, parts.digestMs ?? DIGEST_MS)
  }

  wants(word: VerdictWord): boolean {
    return this.#options.on.some((wanted) => wanted === word)
  }

  /** Returns at once. Verdicts of other words, of runs whose disk was told to lie, and those told already, ring nothing. */
  verdictAdded(notice: Notice): void {
    if (!this.wants(notice.verdict) || (wasToldToLie(notice.setup) && !this.#options.injected)) return
    const name = `${notice.run} ${notice.number}`
    if (this.#told.has(name)) return
    this.#told.add(name)
    const [oldest] = this.#told
    if (this.#told.size > REMEMBERED_MAX && oldest !== undefined) this.#told.delete(oldest)
    this.#digester.add(notice)
  }

  #enqueue(digest: Digest): void {
    if (this.#queue.length >= QUEUE_MAX) {
      this.#parts.watcher?.ended('dropped')
      this.#parts.logger.warn(
        { campaign: digest.notices[0].campaign, waiting: QUEUE_MAX },
        'webhook dropped: too many wait',
      )
      return
    }
    this.#queue.push(digest)
    this.#parts.watcher?.waiting(this.#queue.length)
    this.#sending ??= this.#send()
  }

  async #send(): Promise<void> {
    for (let digest = this.#queue[0]; digest !== undefined; digest = this.#queue[0]) {
      await this.#sendOne(digest)
      this.#queue.shift()
      this.#parts.watcher?.waiting(this.#queue.length)
    }
    this.#sending = undefined
  }

  async #sendOne({ notices, counts }: Digest): Promise<void> {
    const body = bodyOf(notices, counts, this.#options.publicUrl)
    const limits = this.#parts.limits ?? DELIVERY_LIMITS
    const outcome = await deliver(this.#options, body.id, JSON.stringify(body), limits, sleep, this.#ending.signal)
    this.#parts.watcher?.ended(outcome.kind)
    const facts = { webhook: body.id, campaign: body.campaign, to: originOf(this.#options.url), tries: outcome.tries }
    if (outcome.kind === 'delivered') this.#parts.logger.info(facts, 'webhook delivered')
    else this.#parts.logger.warn({ ...facts, why: outcome.why }, 'webhook failed')
  }

  /** Sends what waits as far as a few seconds allow, then gives up. */
  async end(): Promise<void> {
    this.#digester.end()
    const timer = setTimeout(() => this.#ending.abort(), END_LIMIT_MS)
    await this.#sending
    clearTimeout(timer)
  }
}

/** The path may be a secret of the receiver's. */
const originOf = (url: string): string => new URL(url).origin

const schedule: Schedule = (work, ms) => {
  const timer = setTimeout(work, ms).unref()
  return { cancel: () => clearTimeout(timer) }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
