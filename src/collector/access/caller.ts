/** Who sends a request: found by the token it carries, or, where nobody needs one, by being on this machine. */
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '../http/api-error.ts'
import type { Role } from '../store/store.ts'
import { isLoopbackAddress, isUnmistakable } from './cross-site.ts'
import { sessionTokenOf } from './session.ts'
import { hashOf, isToken, stateOf } from './token.ts'
import type { TokenBook } from './token-book.ts'

export interface Caller {
  /** What counts its requests. */
  readonly id: string
  readonly role: Role
  /** `loopback`: nobody needs a token here. `token-file`: the one the collector was started with. */
  readonly by: 'token' | 'session' | 'token-file' | 'loopback'
  readonly name: string
  readonly expiresAt?: string
}

/** What of a request says who sends it. */
export interface Claim {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** The address that it came in at. */
  readonly localAddress: string | undefined
}

export interface CallerContext {
  readonly book: TokenBook
  /** Hash of the token of --token-file. */
  readonly adminHash: string | undefined
  /** Wall clock, ISO 8601, UTC. */
  readonly now: () => string
}

const LOOPBACK: Caller = { id: 'loopback', role: 'admin', by: 'loopback', name: 'this machine' }

/** The token that a request carries; a cookie's for reading only. */
export function credentialOf({
  method,
  headers,
}: Claim): { readonly token: string; readonly by: 'token' | 'session' } | undefined {
  const { authorization } = headers
  if (authorization !== undefined) {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
    if (token === undefined) throw unauthorized('the Authorization header is not "Bearer TOKEN"')
    return { token, by: 'token' }
  }
  const token = method === 'GET' || method === 'HEAD' ? sessionTokenOf(headers) : undefined
  return token === undefined ? undefined : { token, by: 'session' }
}

/** Throws UNAUTHORIZED, or FORBIDDEN as `neighbourOf`. */
export async function callerOf(claim: Claim, context: CallerContext): Promise<Caller> {
  return (await neighbourOf(claim, context)) ?? strangerOf(claim, context)
}

/**
 * Whoever needs no token because they are on this machine; `undefined` where a token decides.
 * Throws FORBIDDEN where this machine is called by a name that may be anybody's.
 */
export async function neighbourOf(claim: Claim, { adminHash, book }: CallerContext): Promise<Caller | undefined> {
  // A cookie decides nothing here: it may be of whoever had this port before.
  if (claim.headers.authorization !== undefined) return undefined
  if (adminHash !== undefined || !isLoopbackAddress(claim.localAddress) || (await book.hasAny())) return undefined
  if (isUnmistakable(claim.headers.host)) return LOOPBACK
  throw new ApiError(
    'FORBIDDEN',
    `without a token the collector is called by an address or as localhost, not as ${JSON.stringify(claim.headers.host ?? '')}; use http://127.0.0.1, or make tokens with plugpull token create`,
  )
}

/** Whoever has to bring a token; throws UNAUTHORIZED. */
export async function strangerOf(claim: Claim, context: CallerContext): Promise<Caller> {
  const credential = credentialOf(claim)
  if (credential === undefined) throw unauthorized('a token is needed')
  return bearerOf(credential.token, credential.by, context)
}

/** The caller whose token this is; throws UNAUTHORIZED. */
export async function bearerOf(
  token: string,
  by: 'token' | 'session',
  { book, adminHash, now }: CallerContext,
): Promise<Caller> {
  const hash = hashOf(token)
  if (hash === adminHash) return { id: 'token-file', role: 'admin', by: 'token-file', name: '--token-file' }
  // Text of another form is no token: that needs no look into the store.
  const record = isToken(token) ? await book.find(hash) : undefined
  if (record === undefined) throw unauthorized('the token is not one of this collector')
  const state = stateOf(record, now())
  if (state !== 'valid')
    throw unauthorized(`the token ${record.id} (${record.name}) ${state === 'expired' ? 'has expired' : 'was revoked'}`)
  const { id, role, name, expiresAt } = record
  return { id, role, by, name, ...(expiresAt === undefined ? {} : { expiresAt }) }
}

const unauthorized = (what: string): ApiError =>
  new ApiError(
    'UNAUTHORIZED',
    `${what}: send "Authorization: Bearer TOKEN", or sign in at /sign-in; plugpull token create makes tokens`,
  )
