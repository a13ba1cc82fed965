/** Certificates for one test: an authority of its own and what it signs, made by openssl, for a key cannot lie in a repository. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0

export interface Pair {
  readonly cert: string
  readonly key: string
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`)
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** An authority that signs itself. */
export function makeAuthority(folder: string, name = 'ca'): Pair {
  const pair = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  openssl('req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', pair.key, '-out', pair.cert)
  return pair
}

/** A certificate for these names, such as `IP:127.0.0.1`. */
export function makeCertificate(
  folder: string,
  authority: Pair,
  names: string,
  options: { name?: string; days?: number } = {},
): Pair {
  const { name = 'server', days = 2 } = options
  const at = (suffix: string): string => join(folder, `${name}.${suffix}`)
  openssl('req', ...KEY, '-subj', `/CN=${name}`, '-keyout', at('key'), '-out', at('csr'))
  writeFileSync(at('ext'), `subjectAltName=${names}\n`)
  const signing = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial', '-days', String(days)]
  openssl('x509', '-req', '-in', at('csr'), ...signing, '-extfile', at('ext'), '-out', at('pem'))
  return { cert: at('pem'), key: at('key') }
}
