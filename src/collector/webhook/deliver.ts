/**
 * One message to one receiver: tried a few times, each wait limited, no redirect followed. A redirect could lead the message,
 * and with it what a disk held, to a place that nobody named.
 */
import { request } from 'undici'
import { errnoOf, messageOf } from '../../core/errors.ts'
import { VERSION } from '../../core/version.ts'
import { SIGNATURE_HEADER, signatureOf } from './signature.ts'

export interface Receiver {
  readonly url: string
  readonly secret?: string
}

export interface DeliveryLimits {
  /** For one try, from its start to the end of the answer. */
  readonly tryMs: number
  /** Waits before the second and each further try: there is one try more than waits. */
  readonly waitsMs: readonly number[]
}

export const DELIVERY_LIMITS: DeliveryLimits = { tryMs: 10_000, waitsMs: [1000, 4000, 16_000, 60_000] }

export type Delivery =
  | { readonly kind: 'delivered'; readonly tries: number }
  | { readonly kind: 'failed'; readonly tries: number; readonly why: string }

type Try = { readonly kind: 'delivered' } | { readonly kind: 'again' | 'refused'; readonly why: string }

/** `sleep` resolves after so many ms, or at once where the signal is aborted. */
export async function deliver(
  receiver: Receiver,
  id: string,
  body: string,
  limits: DeliveryLimits,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<Delivery> {
  for (let tries = 1; ; tries++) {
    const outcome = await once(receiver, id, body, limits.tryMs, signal)
    if (outcome.kind === 'delivered') return { kind: 'delivered', tries }
    const wait = limits.waitsMs[tries - 1]
    if (outcome.kind === 'refused' || wait === undefined || signal.aborted)
      return { kind: 'failed', tries, why: outcome.why }
    await sleep(wait, signal)
  }
}

async function once(receiver: Receiver, id: string, body: string, ms: number, signal: AbortSignal): Promise<Try> {
  const limit = AbortSignal.timeout(ms)
  try {
    const { statusCode, body: answer } = await request(receiver.url, {
      method: 'POST',
      headers: headersOf(receiver, id, body),
      body,
      signal: AbortSignal.any([limit, signal]),
    })
    // What it says is of no use, and may be long.
    answer.on('error', () => undefined).destroy()
    return tryOf(statusCode)
  } catch (error) {
    if (limit.aborted) return { kind: 'again', why: `no answer within ${ms} ms` }
    return { kind: 'again', why: signal.aborted ? 'the collector ended' : whyOf(error) }
  }
}

/** The code where there is one: a message may hold the whole address, and that may be a secret. */
const whyOf = (error: unknown): string => errnoOf(error) ?? codeOf(error) ?? messageOf(error)

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

function headersOf({ secret }: Receiver, id: string, body: string): Record<string, string> {
  // Signed anew at each try: a receiver may refuse what is old.
  const seconds = Math.floor(Date.now() / 1000)
  return {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': `plugpull/${VERSION}`,
    'plugpull-delivery': id,
    ...(secret === undefined ? {} : { [SIGNATURE_HEADER]: signatureOf(secret, seconds, body) }),
  }
}

/** Statuses below 500 that another try may change: too slow, too early, too many. */
const WORTH_ANOTHER: ReadonlySet<number> = new Set([408, 425, 429])

function tryOf(status: number): Try {
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  if (status >= 300 && status < 400)
    return { kind: 'refused', why: `answered ${status}: redirects are not followed, name the final address` }
  const isPassing = status >= 500 || WORTH_ANOTHER.has(status)
  return { kind: isPassing ? 'again' : 'refused', why: `answered ${status}` }
}
