/**
 * TLS by certificate files. The one port speaks TLS alone: who sends plain HTTP to it is told so. Files are read again on SIGHUP, so that
 * a renewed certificate needs no restart.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Server, ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { messageOf, ProbeError } from '../../core/errors.ts'
import { readCertificates } from '../../io/collector-access.ts'

export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface TlsPair {
  readonly cert: string
  readonly key: string
}

const HANDSHAKE_LIMIT_MS = 15_000
/** First byte of a TLS record that begins a handshake. */
const HANDSHAKE = 22

/** `--tls-cert` and `--tls-key`: both or none. Throws BAD_OPTION. */
export function tlsFilesOf(cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key }
  if (cert === undefined && key === undefined) return undefined
  throw new ProbeError(
    'BAD_OPTION',
    '--tls-cert and --tls-key go together: the certificate, and the key that belongs to it',
  )
}

/** Reads them and sees that they go together; `warn` hears what is unwise. Throws BAD_OPTION naming the file. */
export function readTls(files: TlsFiles, warn: (message: string) => void): TlsPair {
  const cert = readCertificates(files.cert, '--tls-cert')
  const key = readKey(files.key)
  const leaf = new X509Certificate(cert)
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new ProbeError(
      'BAD_OPTION',
      `--tls-key ${files.key} is not the key of the certificate in --tls-cert ${files.cert}`,
    )
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw new ProbeError('BAD_OPTION', `--tls-cert ${files.cert} cannot be used: ${messageOf(error)}`, { cause: error })
  }
  if ((statSync(files.key).mode & 0o077) !== 0)
    warn(`the key ${files.key} can be read by others than its owner: chmod 600 it`)
  if (Date.parse(leaf.validTo) < Date.now()) warn(`the certificate ${files.cert} has expired on ${leaf.validTo}`)
  return { cert, key }
}

function readKey(path: string): string {
  try {
    const key = readFileSync(path, 'utf8')
    createPrivateKey(key)
    return key
  } catch (error) {
    throw new ProbeError(
      'BAD_OPTION',
      `--tls-key ${path} must hold a private key in PEM, without a passphrase: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
}

export const tlsOptions = (pair: TlsPair): ServerOptions => ({
  ...pair,
  minVersion: 'TLSv1.2',
  handshakeTimeout: HANDSHAKE_LIMIT_MS,
})

const PLAIN_BODY = JSON.stringify({
  code: 'BAD_REQUEST',
  message: 'this port speaks TLS; call it with https:// (and --ca FILE where its certificate is not a public one)',
})
const PLAIN_ANSWER = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(PLAIN_BODY)}\r\nconnection: close\r\n\r\n${PLAIN_BODY}`

/** Looks at the first byte of each connection: what does not begin with a handshake is answered in plain and closed. */
export function answerPlain(server: Server): void {
  const handshakes = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const giveUp = (): void => void socket.destroy()
    socket.setTimeout(HANDSHAKE_LIMIT_MS, giveUp)
    socket.on('error', giveUp)
    socket.once('readable', () => {
      const first: unknown = socket.read(1)
      if (!Buffer.isBuffer(first)) return giveUp()
      socket.unshift(first)
      if (first[0] !== HANDSHAKE) return void socket.end(PLAIN_ANSWER)
      socket.setTimeout(0)
      socket.off('timeout', giveUp)
      for (const handshake of handshakes) handshake.call(server, socket)
    })
  })
}
