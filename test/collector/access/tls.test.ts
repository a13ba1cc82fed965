/** TLS as users meet it: the collector and its clients as processes, with certificates that are right, and with each that is not. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { collectorClient } from '../../../src/io/collector-access.ts'
import { sleepMs } from '../../../src/io/clock.ts'
import { ENTRY, readAll, runId, sampleManifest, scratch, spawnCollector } from '../helpers.ts'
import { HAS_OPENSSL, type Pair, makeAuthority, makeCertificate } from './certificates.ts'

const options = { skip: HAS_OPENSSL ? false : 'openssl is not there', timeout: 120_000 }

const tlsArguments = ({ cert, key }: Pair): string[] => ['--tls-cert', cert, '--tls-key', key]

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', timeout: 30_000 })
}

function clientOf(t: TestContext, url: string, ca?: string) {
  const client = collectorClient(url, ca === undefined ? {} : { ca })
  t.after(() => client.close())
  return client
}

test('a collector speaks TLS, and its clients trust whom they are told to', options, async (t) => {
  const folder = scratch(t)
  const authority = makeAuthority(folder)
  const store = `sqlite:${join(folder, 'store.db')}`
  const { url } = await spawnCollector(t, store, tlsArguments(makeCertificate(folder, authority, 'IP:127.0.0.1')))
  assert.match(url, /^https:/)
  const client = clientOf(t, url, authority.cert)
  const id = runId(1)
  await client.createRun(id, 'sample', sampleManifest(id))
  await client.append(id, 0, new Uint8Array(100_000))
  assert.equal((await readAll(client.readLog(id))).length, 100_000)
  const report = run('report', '--campaign', 'sample', '--collector', url, '--ca', authority.cert)
  assert.equal(report.status, 0, report.stderr)

  const untrusting = run('report', '--campaign', 'sample', '--collector', url)
  assert.equal(untrusting.status, 69)
  assert.match(untrusting.stderr, /COLLECTOR_UNTRUSTED: .*authority that is not known here; .*--ca FILE/)
  const elsewhere = makeAuthority(folder, 'elsewhere').cert
  await assert.rejects(clientOf(t, url, elsewhere).health(), { code: 'COLLECTOR_UNTRUSTED', message: /--ca FILE/ })
  const byName = url.replace('127.0.0.1', 'localhost')
  await assert.rejects(clientOf(t, byName, authority.cert).health(), {
    code: 'COLLECTOR_UNTRUSTED',
    message: /for another name \(.*localhost.*\)/,
  })
  // Plain HTTP to the port of TLS, and the other way round.
  const plain = url.replace('https:', 'http:')
  await assert.rejects(clientOf(t, plain).health(), {
    code: 'COLLECTOR_REFUSED',
    message: /speaks TLS; call it with https/,
  })
  const open = await spawnCollector(t, `sqlite:${join(folder, 'open.db')}`)
  await assert.rejects(clientOf(t, open.url.replace('http:', 'https:'), authority.cert).health(), {
    code: 'COLLECTOR_UNTRUSTED',
    message: /does not speak TLS/,
  })
  // Whoever connects and says nothing, or goes away, does no harm.
  const passing = connect(Number(new URL(url).port), '127.0.0.1')
  passing.on('connect', () => passing.destroy())
  assert.equal((await client.health()).status, 'ok')
})

test('a self-signed certificate is trusted by itself; one that has expired is not', options, async (t) => {
  const folder = scratch(t)
  const store = `sqlite:${join(folder, 'store.db')}`
  const authority = makeAuthority(folder)
  const { url } = await spawnCollector(t, store, tlsArguments(authority))
  await assert.rejects(clientOf(t, url).health(), { code: 'COLLECTOR_UNTRUSTED', message: /self-signed.*--ca FILE/ })
  const expired = makeCertificate(folder, authority, 'IP:127.0.0.1', { name: 'expired', days: -1 })
  const old = await spawnCollector(t, store, tlsArguments(expired))
  await assert.rejects(clientOf(t, old.url, authority.cert).health(), { message: /has expired/ })
})

/** Serial number of the certificate that a new connection is shown. */
const serialOf = ({ port }: URL): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    }).on('error', reject)
  })

test('a renewed certificate is taken in on SIGHUP, one that is broken is not', options, async (t) => {
  const folder = scratch(t)
  const authority = makeAuthority(folder)
  const [first, second] = ['first', 'second'].map((name) =>
    makeCertificate(folder, authority, 'IP:127.0.0.1', { name }),
  )
  assert(first !== undefined && second !== undefined)
  const used = { cert: join(folder, 'used.pem'), key: join(folder, 'used.key') }
  const use = ({ cert, key }: Pair): void => {
    copyFileSync(cert, used.cert)
    copyFileSync(key, used.key)
  }
  use(first)
  const collector = await spawnCollector(t, `sqlite:${join(folder, 'store.db')}`, tlsArguments(used))
  const { url, child } = collector
  const before = await serialOf(new URL(url))
  writeFileSync(used.cert, 'broken')
  child.kill('SIGHUP')
  while (!/the certificate stays as it was: --tls-cert/.test(collector.complaints())) await sleepMs(20)
  assert.equal(await serialOf(new URL(url)), before)
  use(second)
  while ((await serialOf(new URL(url))) === before) {
    child.kill('SIGHUP')
    await sleepMs(50)
  }
  assert.equal((await clientOf(t, url, authority.cert).health()).status, 'ok')
})

test('files that do not do are named', options, async (t) => {
  const folder = scratch(t)
  const authority = makeAuthority(folder)
  const good = makeCertificate(folder, authority, 'IP:127.0.0.1')
  const bad = join(folder, 'bad.pem')
  writeFileSync(bad, 'nothing\n')
  const listen = ['collector', '--listen', '127.0.0.1:0', '--store', `sqlite:${join(folder, 'store.db')}`]
  const cases: [string[], RegExp][] = [
    [['--tls-cert', good.cert], /--tls-cert and --tls-key go together/],
    [['--tls-key', good.key], /--tls-cert and --tls-key go together/],
    [['--tls-cert', join(folder, 'none'), '--tls-key', good.key], /--tls-cert .*none cannot be read/],
    [['--tls-cert', bad, '--tls-key', good.key], /--tls-cert .*bad\.pem must hold certificates in PEM/],
    [['--tls-cert', good.cert, '--tls-key', bad], /--tls-key .*bad\.pem must hold a private key/],
    [['--tls-cert', good.cert, '--tls-key', authority.key], /--tls-key .*ca\.key is not the key of the certificate/],
  ]
  for (const [args, message] of cases) {
    const { status, stderr } = run(...listen, ...args)
    assert.equal(status, 64, stderr)
    assert.match(stderr, message)
    assert(!stderr.includes(readFileSync(good.key, 'utf8')))
  }
  const ca = run('report', '--campaign', 'x', '--collector', 'https://127.0.0.1:1', '--ca', bad)
  assert.deepEqual([ca.status, /BAD_OPTION: --ca .*bad\.pem must hold certificates/.test(ca.stderr)], [64, true])
  chmodSync(good.key, 0o644)
  const warned = await spawnCollector(t, `sqlite:${join(folder, 'store.db')}`, tlsArguments(good))
  await warned.kill('SIGTERM')
  assert.match(warned.complaints(), /server\.key can be read by others/)
})
