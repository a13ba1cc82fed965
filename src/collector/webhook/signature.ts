/**
 * The signature of a webhook: HMAC-SHA256 over the time and the body, so that a receiver can tell a genuine one from an
 * invented one, and an old one sent again. docs/REPORTS.md shows how to check it.
 */
import { createHmac } from 'node:crypto'

export const SIGNATURE_HEADER = 'plugpull-signature'

/** `t=1700000000,v1=HEX`, the HMAC of `1700000000.BODY`. The time is in whole seconds since 1970. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  const hex = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${hex}`
}
