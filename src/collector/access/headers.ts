/**
 * The headers by which a browser keeps what the collector serves to itself: nothing from elsewhere, no frames, no sniffing.
 *
 * They are the same in every answer, so they are made once: an agent's appends come thousands of times a second.
 */
import type { CollectorServer } from '../http/app.ts'

/** The page and its files come from here; nothing else is loaded, and no text that found its way into a run is run. */
const CONTENT = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
]

const HEADERS = {
  'content-security-policy': CONTENT.join(';'),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  // The filters of old browsers did harm of their own.
  'x-xss-protection': '0',
} as const

/** For a year, and for this name alone. */
const SECURE_HEADERS = { ...HEADERS, 'strict-transport-security': 'max-age=31536000' } as const

export function addSecurityHeaders(app: CollectorServer, isSecure: boolean): void {
  const headers = isSecure ? SECURE_HEADERS : HEADERS
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
