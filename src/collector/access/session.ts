/**
 * A browser's session: a cookie with the token, which scripts cannot read and other sites cannot send. It counts for reading alone, so
 * that nothing is changed by a request that a browser was tricked into.
 */
import type { IncomingHttpHeaders } from 'node:http'

const NAME = 'plugpull_session'

/** `token` empty: takes the cookie away. */
export function sessionCookie(token: string, isSecure: boolean): string {
  const parts = [`${NAME}=${token}`, 'Path=/', 'HttpOnly', 'SameSite=Strict']
  return [...parts, ...(isSecure ? ['Secure'] : []), ...(token === '' ? ['Max-Age=0'] : [])].join('; ')
}

export function sessionTokenOf({ cookie }: IncomingHttpHeaders): string | undefined {
  for (const pair of cookie?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=', 2)
    if (name === NAME && value !== undefined && value !== '') return value
  }
  return undefined
}
