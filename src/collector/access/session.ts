/**
 * A browser's session: a cookie with the token, which scripts cannot read and other sites cannot send. It counts for reading alone, so
 * that nothing is changed by a request that a browser was tricked into.
 *
 * Cookies are sent to every port of a host, so the port is in the name: collectors beside each other each have their own.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'

/** By the port that the browser sees, which is not the collector's own where a proxy stands before it. */
function nameFor({ host }: IncomingHttpHeaders): string {
  const [, port] = /:(\d{1,5})$/.exec(host ?? '') ?? []
  return port === undefined ? 'plugpull_session' : `plugpull_session_${port}`
}

/** The header that keeps `token` in the browser which sent the request; empty: that takes it away. */
export function cookieFor({ headers, protocol }: Pick<FastifyRequest, 'headers' | 'protocol'>, token: string): string {
  const parts = [`${nameFor(headers)}=${token}`, 'Path=/', 'HttpOnly', 'SameSite=Strict']
  return [...parts, ...(protocol === 'https' ? ['Secure'] : []), ...(token === '' ? ['Max-Age=0'] : [])].join('; ')
}

export function sessionTokenOf(headers: IncomingHttpHeaders): string | undefined {
  const wanted = nameFor(headers)
  for (const pair of headers.cookie?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=', 2)
    if (name === wanted && value !== undefined && value !== '') return value
  }
  return undefined
}
