/**
 * What a browser sends on behalf of a page that is not ours is refused, whoever sits before it. No answer allows another origin
 * (no CORS), and where nobody is asked for a token the collector is only called by an address or as localhost: a name may be
 * made to point here by whoever owns it (DNS rebinding), an address cannot.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** Whether the request comes from a page of another origin, as far as its browser says. */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  // Browsers set this themselves, and no page can: `none` is an address that a person typed.
  if (typeof site === 'string') return site !== 'same-origin' && site !== 'none'
  const { origin } = headers
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== headers.host
}

/** Whether a person follows a link: a page of ours may be linked from anywhere. */
export const isNavigation = (headers: IncomingHttpHeaders): boolean =>
  headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'

/** Hosts whose answer is kept: a collector is called by a few, with every request. */
const HOSTS_MAX = 64
const known = new Map<string, boolean>()

/** Whether `host` (of the header) is an address, or localhost. A guest calls this machine 10.0.2.2. */
export function isUnmistakable(host: string | undefined): boolean {
  if (host === undefined) return false
  const before = known.get(host)
  if (before !== undefined) return before
  const is = isAddress(host)
  if (known.size >= HOSTS_MAX) known.clear()
  known.set(host, is)
  return is
}

function isAddress(host: string): boolean {
  if (!URL.canParse(`http://${host}`)) return false
  const { hostname } = new URL(`http://${host}`)
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(bare) !== 0 || bare === 'localhost' || bare.endsWith('.localhost')
}

/** Whether the address, of a socket, is this machine's own. */
export const isLoopbackAddress = (address: string | undefined): boolean =>
  address !== undefined && /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/.test(address)
