/** `--listen HOST:PORT`, and whether strangers can reach it. */
import { isIP } from 'node:net'
import { ProbeError } from '../../core/errors.ts'

export const LISTEN_DEFAULT = '127.0.0.1:7117'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:7117`, `[::1]:0`, `localhost:7117`; throws BAD_OPTION. Port 0 takes a free one. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/i.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535 || (match?.[1] !== undefined && isIP(host) !== 6)) {
    throw new ProbeError(
      'BAD_OPTION',
      `--listen got ${JSON.stringify(text)}; it takes HOST:PORT, such as ${LISTEN_DEFAULT} or [::1]:0`,
    )
  }
  return { host, port }
}

/** True where only this machine can connect. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** Throws BAD_OPTION where strangers could write and read without a token, for `hasAdmin` says that there is one of role admin. */
export function requireTokenBeyondLoopback(address: ListenAddress, hasAdmin: boolean): void {
  if (hasAdmin || isLoopback(address.host)) return
  throw new ProbeError(
    'BAD_OPTION',
    `--listen ${address.host}:${address.port} lets other machines in, and nobody could manage it: make a token of role admin with plugpull token create --store, or give one with --token-file FILE, or listen on 127.0.0.1`,
  )
}

/** The address as a URL. */
export const urlOf = (host: string, port: number, scheme: 'http' | 'https' = 'http'): string =>
  `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
