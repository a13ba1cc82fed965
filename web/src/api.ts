/**
 * The collector's API, asked for JSON: an answer or a refusal, both values. A refusal for want of a token leads to the
 * sign-in view, from where the user comes back.
 */
import { addressOf } from './base.ts'
import { here, navigate, path } from './router.ts'

export interface Refusal {
  /** As in docs/HTTP-API.md; `OFFLINE` where no answer came at all. */
  readonly code: string
  readonly message: string
  readonly status: number
}

export type Answer<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'refused'; readonly refusal: Refusal }

/** `path` begins with `/v1/`. The type is the address's promise (docs/HTTP-API.md): it is not looked at again. */
export const getJson = <T>(address: string, signal?: AbortSignal): Promise<Answer<T>> =>
  ask<T>(address, signal === undefined ? {} : { signal })

export const sendJson = <T>(method: 'POST' | 'DELETE', address: string, body?: unknown): Promise<Answer<T>> =>
  ask<T>(address, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })

async function ask<T>(address: string, init: RequestInit): Promise<Answer<T>> {
  try {
    const response = await fetch(addressOf(address), { ...init, credentials: 'same-origin' })
    if (response.ok) return { kind: 'ok', value: await bodyOf<T>(response) }
    const refusal = await refusalOf(response)
    if (refusal.status === 401) askToSignIn()
    return { kind: 'refused', refusal }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    return { kind: 'refused', refusal: OFFLINE }
  }
}

const OFFLINE: Refusal = {
  code: 'OFFLINE',
  message: 'the collector does not answer; see whether it still runs, then try again',
  status: 0,
}

// The type is what docs/HTTP-API.md promises for the address, and a test holds the collector to it.
const bodyOf = <T>(response: Response): Promise<T> => response.json()

/** What the collector said, or its status where that is not one of its refusals (a proxy, say). */
export async function refusalOf(response: Response): Promise<Refusal> {
  const status = response.status
  try {
    const body: unknown = await response.json()
    if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body)
      return { code: String(body.code), message: String(body.message), status }
  } catch {
    // Not JSON: the status has to do.
  }
  return { code: `HTTP_${status}`, message: `the answer was ${status} ${response.statusText}`, status }
}

/** The way back is kept, so that a shared link still leads where it was meant to. */
export function askToSignIn(): void {
  if (path.peek() === '/sign-in') return
  navigate(`/sign-in?to=${encodeURIComponent(here())}`, { replace: true })
}
