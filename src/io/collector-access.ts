/**
 * How a command reaches a collector that asks for a token or speaks TLS: the options for it, what they become for a client here,
 * and how they are handed on to a process of ours. Every command that takes --collector takes these.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { messageOf, ProbeError } from '../core/errors.ts'
import { CollectorClient, type CollectorClientOptions, readTokenFile } from './collector-client.ts'

export interface CollectorAccess {
  /** File with the token. */
  readonly tokenFile?: string
  /** File with the certificates that the collector's is to be signed by. */
  readonly ca?: string
}

/** The options as a command declares them. */
export const ACCESS_OPTIONS: readonly { readonly flags: string; readonly description: string }[] = [
  { flags: '--token-file <file>', description: 'file with the token of the collector' },
  {
    flags: '--ca <file>',
    description: 'certificates (PEM) to trust the collector by, in place of the public ones',
  },
]

/** The values of these options, out of all that a command was given. */
export const accessOf = (raw: Readonly<Record<string, unknown>>): CollectorAccess => ({
  ...(typeof raw['tokenFile'] === 'string' ? { tokenFile: raw['tokenFile'] } : {}),
  ...(typeof raw['ca'] === 'string' ? { ca: raw['ca'] } : {}),
})

/** The same as arguments, for a process of ours. */
export const accessArguments = ({ tokenFile, ca }: CollectorAccess): readonly string[] => [
  ...(tokenFile === undefined ? [] : ['--token-file', tokenFile]),
  ...(ca === undefined ? [] : ['--ca', ca]),
]

/** A client of the collector at `url`. Throws BAD_OPTION where a file is not what it should be. */
export function collectorClient(
  url: string,
  { tokenFile, ca }: CollectorAccess,
  more: Pick<CollectorClientOptions, 'limitMs' | 'runKey'> = {},
): CollectorClient {
  return new CollectorClient(url, {
    ...(tokenFile === undefined ? {} : { token: readTokenFile(tokenFile) }),
    ...(ca === undefined ? {} : { ca: readCertificates(ca, '--ca') }),
    ...more,
  })
}

/** A file with one or more certificates in PEM; throws BAD_OPTION naming `option`. */
export function readCertificates(path: string, option: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ProbeError('BAD_OPTION', `${option} ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    if (certificates.length === 0) throw new Error('it has no BEGIN CERTIFICATE')
    // Throws at one that is none.
    for (const certificate of certificates) void new X509Certificate(certificate).serialNumber
  } catch (error) {
    throw new ProbeError('BAD_OPTION', `${option} ${path} must hold certificates in PEM: ${messageOf(error)}`, {
      cause: error,
    })
  }
  return text
}
