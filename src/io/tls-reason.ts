/** Why a TLS connection was not made, as people need it: what is wrong with the certificate, and the way out. */

const CA = 'give the certificate that it is signed by with --ca FILE'

/** By the codes of Node and OpenSSL. */
const REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is self-signed, and not one that is trusted here; ${CA}`,
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate is signed by an authority that is not trusted here; ${CA}`,
  UNABLE_TO_GET_ISSUER_CERT: `its certificate is signed by an authority that is not known here; ${CA}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `its certificate is signed by an authority that is not known here; ${CA}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate is signed by an authority that is not known here; ${CA}`,
  CERT_SIGNATURE_FAILURE: `its certificate is not signed by the one that is trusted here; ${CA}`,
  CERT_HAS_EXPIRED: 'its certificate has expired; give the collector a new one, and check the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clock of this machine',
  CERT_REVOKED: 'its certificate was revoked; give the collector a new one',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS at that port; is the address http://, or another port?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS at that port; is the address http://, or another port?',
}

/** The reason where the certificate or TLS itself was the trouble, which does not pass by itself; else `undefined`. */
export function tlsReasonOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string')
    return undefined
  if (error.code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return REASONS[error.code]
  const names = 'reason' in error && typeof error.reason === 'string' ? ` (${error.reason})` : ''
  return `its certificate is for another name${names}; call it by a name in the certificate, or give it one with this name`
}
