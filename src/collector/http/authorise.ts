/**
 * Who may talk to the collector: everybody where it has no token (it then listens on loopback only), else whoever
 * knows the token, as `Authorization: Bearer` or as the password of Basic, which is what a browser can ask for.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { ApiError } from './api-error.ts'

/** Throws UNAUTHORIZED unless `header` carries the token. */
export function authorise(header: string | undefined, token: string): void {
  const given = header === undefined ? undefined : credential(header)
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return
  const how = given === undefined ? 'a token is needed' : 'the token is not the right one'
  throw new ApiError(
    'UNAUTHORIZED',
    `${how}: send "Authorization: Bearer TOKEN", the one in the collector's --token-file`,
  )
}

function credential(header: string): string | undefined {
  const [scheme = '', value] = header.split(' ', 2)
  if (value === undefined) return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const pair = Buffer.from(value, 'base64').toString('utf8')
  return pair.slice(pair.indexOf(':') + 1)
}

/** Equal lengths, so that the comparison takes the same time whatever was given. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
