/** The bundle alone in a folder: what travels into a guest is that one file. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, test } from 'node:test'
import { VERSION } from '../src/core/version.ts'
import { HAS_OPENSSL, makeAuthority, makeCertificate } from './collector/access/certificates.ts'
import { spawnCollector } from './collector/helpers.ts'
import { type Outcome, scratchFolder, startCollector } from './support/plugpull-process.ts'

const BUNDLE = join(import.meta.dirname, '..', 'guest', 'plugpull.cjs')
const REGION_BYTES = 2 ** 20
const WORKLOAD = ['--queue-depth', '4', '--writes', '200', '--write-size', '4k', '--quiet']

interface Place {
  readonly target: string
  readonly log: string
  readonly run: (...args: string[]) => Outcome
}

function bundleAlone(t: TestContext): Place {
  assert.ok(existsSync(BUNDLE), `${BUNDLE} is not built: node scripts/bundle.mjs`)
  const folder = scratchFolder(t)
  const file = join(folder, 'plugpull.cjs')
  copyFileSync(BUNDLE, file)
  const target = join(folder, 'disk.raw')
  writeFileSync(target, '')
  truncateSync(target, REGION_BYTES)
  const run = (...args: string[]): Outcome =>
    spawnSync(process.execPath, [file, ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
  return { target, log: join(folder, 'log'), run }
}

describe('the bundle for guests', () => {
  test('writes with several workers, and verifies what they wrote', (t) => {
    const { target, log, run } = bundleAlone(t)
    const agent = run('agent', '--target', target, '--log', log, ...WORKLOAD)
    assert.equal(agent.status, 0, agent.stderr)
    const verify = run('verify', '--target', target, '--log', log, '--json')
    assert.equal(verify.status, 0, verify.stderr)
    assert.match(verify.stdout, /"verdict": "held"[^]*"completeWrites": 200,/)
  })

  test('speaks with a collector by its own HTTP client', async (t) => {
    const { target, run } = bundleAlone(t)
    const folder = scratchFolder(t)
    const { url } = await startCollector(t, folder)
    const id = '00112233445566aa'
    const agent = run('agent', '--target', target, '--collector', url, '--run-id', id, ...WORKLOAD)
    assert.equal(agent.status, 0, agent.stderr)
    const verify = run('verify', '--target', target, '--collector', url, '--run', id)
    assert.equal(verify.status, 0, verify.stderr)
    const unknown = run('verify', '--target', target, '--collector', url, '--run', '00112233445566ab')
    assert.match(unknown.stderr, /^plugpull: RUN_UNKNOWN: /m)
    const nobody = run('verify', '--target', target, '--collector', 'http://127.0.0.1:9', '--run', id)
    assert.match(nobody.stderr, /^plugpull: COLLECTOR_UNREACHABLE: .*ECONNREFUSED/m)
  })

  test('speaks TLS with a collector that asks for a token', { skip: HAS_OPENSSL ? false : 'no openssl' }, async (t) => {
    const { target, run } = bundleAlone(t)
    const folder = scratchFolder(t)
    const authority = makeAuthority(folder)
    const { cert, key } = makeCertificate(folder, authority, 'IP:127.0.0.1')
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, 'not-a-secret\n')
    const options = ['--tls-cert', cert, '--tls-key', key, '--token-file', tokenFile]
    const { url } = await spawnCollector(t, `sqlite:${join(folder, 'store.db')}`, options)
    const there = ['--collector', url, '--token-file', tokenFile, '--ca', authority.cert]
    const id = '00112233445566ac'
    const agent = run('agent', '--target', target, ...there, '--run-id', id, ...WORKLOAD)
    assert.equal(agent.status, 0, agent.stderr)
    const verify = run('verify', '--target', target, ...there, '--run', id)
    assert.equal(verify.status, 0, verify.stderr)
    const untrusting = run('verify', '--target', target, '--collector', url, '--run', id)
    assert.match(untrusting.stderr, /^plugpull: COLLECTOR_UNTRUSTED: .*--ca FILE/m)
    const nobody = run('verify', '--target', target, ...there.slice(0, 2), ...there.slice(4), '--run', id)
    assert.match(nobody.stderr, /^plugpull: COLLECTOR_REFUSED: .*a token is needed/m)
  })

  test('reports errors as the whole program does, and has no other command', (t) => {
    const { run } = bundleAlone(t)
    assert.equal(run('--version').stdout.trim(), VERSION)
    const bad = run('agent', '--target', '/nowhere', '--json')
    assert.equal(bad.status, 64)
    assert.match(bad.stdout, /^\{"schema":"plugpull.error\/1","error":\{"code":"BAD_OPTION",/)
    const other = run('collector')
    assert.equal(other.status, 64)
    assert.match(other.stderr, /^plugpull: BAD_OPTION: /)
  })
})
