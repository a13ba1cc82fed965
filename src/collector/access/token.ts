/**
 * A token: 256 random bits behind a prefix that says what it is and what for, so that scanners for secrets find it:
 * `pp_[eora]_[A-Za-z0-9_-]{43}`. What is kept of it is its SHA-256; bits enough that nothing slower is needed.
 */
import { createHash, randomBytes } from 'node:crypto'
import { ProbeError } from '../../core/errors.ts'
import { ROLES, type Role, type TokenRecord } from '../store/store.ts'

const LETTERS: Readonly<Record<Role, string>> = { enrolment: 'e', orchestrator: 'o', reader: 'r', admin: 'a' }

export const newToken = (role: Role): string => `pp_${LETTERS[role]}_${randomBytes(32).toString('base64url')}`

export const isToken = (text: string): boolean => /^pp_[eora]_[\w-]{43}$/.test(text)

/** Looked up by this, so that the time an answer takes tells nothing of a token. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

export interface TokenOrder {
  readonly name: string
  readonly role: Role
  /** ISO 8601, UTC. */
  readonly expiresAt?: string
}

/** A token and what is kept of it. */
export function makeToken(order: TokenOrder, now: string): { readonly token: string; readonly record: TokenRecord } {
  const token = newToken(order.role)
  return {
    token,
    record: { ...order, id: randomBytes(4).toString('hex'), hash: hashOf(token), createdAt: now },
  }
}

export type TokenState = 'valid' | 'expired' | 'revoked'

export function stateOf(
  { revokedAt, expiresAt }: Pick<TokenRecord, 'revokedAt' | 'expiresAt'>,
  now: string,
): TokenState {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(now) ? 'expired' : 'valid'
}

/** What may be told of a token: all but its hash. */
export const viewOf = ({ hash: _hash, ...view }: TokenRecord): Omit<TokenRecord, 'hash'> => view

const isRole = (text: string): text is Role => ROLES.some((role) => role === text)

/** `--role`; throws BAD_OPTION. */
export function roleOf(text: string): Role {
  if (isRole(text)) return text
  throw new ProbeError('BAD_OPTION', `--role got ${JSON.stringify(text)}; it takes ${ROLES.join(', ')}`)
}

const SPANS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const YEARS_MAX = 100

/** `--expires`: `90d`, `12h`, `30m` from now, or a time in ISO 8601; throws BAD_OPTION. */
export function expiryOf(text: string, now: string): string {
  const [, count, unit = ''] = /^([1-9]\d{0,6})([mhd])$/.exec(text) ?? []
  const fromMs = Date.parse(now)
  const atMs =
    count !== undefined
      ? fromMs + Number(count) * (SPANS_MS[unit] ?? 0)
      : /^\d{4}-\d\d-\d\d/.test(text)
        ? Date.parse(text)
        : Number.NaN
  if (atMs > fromMs && atMs < fromMs + YEARS_MAX * 365 * 86_400_000) return new Date(atMs).toISOString()
  throw new ProbeError(
    'BAD_OPTION',
    `--expires got ${JSON.stringify(text)}; it takes a span such as 90d, 12h or 30m, or a time to come in ISO 8601`,
  )
}

export const isTokenId = (text: string): boolean => /^[0-9a-f]{8}$/.test(text)
