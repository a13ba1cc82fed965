/**
 * How often a campaign may ring: the first verdict at once, then at most once a minute with the count of all that came
 * since. A campaign that breaks its contract a thousand times is one story, not a thousand messages.
 *
 * Pure but for the timer it is given. Memory: one entry a campaign that rang in the last minute, and of each only the first
 * notice, the first violation and the last.
 */
import type { Notice, WebhookWord } from './payload.ts'

export const DIGEST_MS = 60_000

export interface Digest {
  readonly notices: readonly [Notice, ...Notice[]]
  readonly counts: Readonly<Record<WebhookWord, number>>
}

/** Calls back after so long, unless it is cancelled. */
export type Schedule = (work: () => void, ms: number) => { cancel(): void }

interface Pending {
  first: Notice
  firstViolation: Notice | undefined
  last: Notice
  readonly counts: Record<WebhookWord, number>
}

interface Campaign {
  pending: Pending | undefined
  timer: { cancel(): void }
}

export class Digester {
  readonly #send: (digest: Digest) => void
  readonly #schedule: Schedule
  readonly #everyMs: number
  readonly #campaigns = new Map<string, Campaign>()

  constructor(send: (digest: Digest) => void, schedule: Schedule, everyMs = DIGEST_MS) {
    this.#send = send
    this.#schedule = schedule
    this.#everyMs = everyMs
  }

  add(notice: Notice): void {
    const campaign = this.#campaigns.get(notice.campaign)
    if (campaign !== undefined) {
      campaign.pending = merged(campaign.pending, notice)
      return
    }
    this.#campaigns.set(notice.campaign, { pending: undefined, timer: this.#wake(notice.campaign) })
    this.#send(digestOf(merged(undefined, notice)))
  }

  #wake(name: string): { cancel(): void } {
    return this.#schedule(() => this.#due(name), this.#everyMs)
  }

  #due(name: string): void {
    const campaign = this.#campaigns.get(name)
    if (campaign?.pending === undefined) {
      this.#campaigns.delete(name)
      return
    }
    const digest = digestOf(campaign.pending)
    campaign.pending = undefined
    campaign.timer = this.#wake(name)
    this.#send(digest)
  }

  /** Sends what is still waiting, and rings no more. */
  end(): void {
    for (const { pending, timer } of this.#campaigns.values()) {
      timer.cancel()
      if (pending !== undefined) this.#send(digestOf(pending))
    }
    this.#campaigns.clear()
  }
}

function merged(pending: Pending | undefined, notice: Notice): Pending {
  const isViolation = notice.verdict === 'violation'
  const into = pending ?? {
    first: notice,
    firstViolation: undefined,
    last: notice,
    counts: { violation: 0, inconclusive: 0 },
  }
  into.last = notice
  if (isViolation) into.firstViolation ??= notice
  into.counts[isViolation ? 'violation' : 'inconclusive']++
  return into
}

function digestOf({ first, firstViolation, last, counts }: Pending): Digest {
  return { notices: [first, ...(firstViolation === undefined ? [] : [firstViolation]), last], counts }
}
