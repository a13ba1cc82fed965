/** Loops against a collector that speaks TLS and asks for tokens: agents and verifiers on this host and in guests get through, and no further. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import type { Role } from '../../src/collector/store/store.ts'
import { collectorClient } from '../../src/io/collector-access.ts'
import { HAS_OPENSSL, makeAuthority, makeCertificate } from '../collector/access/certificates.ts'
import { spawnCollector } from '../collector/helpers.ts'
import { libvirtdFor } from '../support/libvirtd.ts'
import { plugpull, scratchFolder } from '../support/plugpull-process.ts'
import { inPlace, loop, skippedWithout } from './loop-run.ts'

const options = { skip: HAS_OPENSSL ? false : 'SKIPPED: openssl is not there' }

interface Guarded {
  readonly folder: string
  readonly url: string
  /** Options of a command that comes with a token of that role. */
  readonly as: (role: Role) => readonly string[]
}

/** A collector under TLS with a token of each role. A comma in the folder's name, for QEMU has its own mind about those. */
async function guardedCollector(t: TestContext, roles: readonly Role[]): Promise<Guarded> {
  const folder = scratchFolder(t)
  const authority = makeAuthority(folder, 'ca,1')
  // 10.0.2.2 is how a guest calls this host.
  const { cert, key } = makeCertificate(folder, authority, 'IP:127.0.0.1,IP:10.0.2.2')
  const store = `sqlite:${join(folder, 'store.db')}`
  for (const role of roles) {
    const made = await plugpull(t, 'token', 'create', '--role', role, '--name', role, '--store', store)
    assert.equal(made.status, 0, made.stderr)
    writeFileSync(join(folder, `${role}.token`), made.stdout)
  }
  const { url } = await spawnCollector(t, store, ['--tls-cert', cert, '--tls-key', key])
  const as = (role: Role): readonly string[] => [
    '--collector',
    url,
    '--ca',
    authority.cert,
    '--token-file',
    join(folder, `${role}.token`),
  ]
  return { folder, url, as }
}

const held = ({ cycles }: { readonly cycles: readonly { readonly problem?: string }[] }): string =>
  JSON.stringify(cycles)

describe('a loop at a collector that asks for tokens', options, () => {
  it('reaches it with the token of an orchestrator', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    const { as } = await guardedCollector(t, ['orchestrator', 'enrolment'])
    await inPlace(async (place) => {
      const rig = ['--rig', 'storage-daemon', '--size', '8M', '--cut-after', '50ms-100ms', '--cycles', '2']
      const good = await loop(place, [...rig, ...as('orchestrator')])
      assert.equal(good.status, 0, held(good.result))
      const { stderr, status } = await place.run(['loop', ...rig, ...as('enrolment')])
      assert.equal(status, 69, stderr)
      assert.match(stderr, /is of role enrolment; a loop .* role orchestrator/)
    })
  })

  it('hands token and certificates into a guest under QEMU, which judges itself', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    const { as } = await guardedCollector(t, ['orchestrator'])
    await inPlace(async (place) => {
      const rig = ['--rig', 'qemu', '--image', 'raw', '--size', '8M', '--verify-in', 'guest']
      const { status, result } = await loop(place, [...rig, '--boot-limit', '300s', ...as('orchestrator')])
      assert.equal(status, 0, held(result))
    })
  })

  it('hands them into a domain of libvirt', async (t) => {
    const libvirtd = await libvirtdFor(t)
    if (libvirtd === undefined) return
    const { as } = await guardedCollector(t, ['orchestrator'])
    await inPlace(async (place) => {
      const rig = ['--rig', 'libvirt', '--connect', libvirtd.uri, '--image', 'raw', '--size', '8M']
      const { status, result } = await loop(place, [...rig, '--boot-limit', '300s', ...as('orchestrator')])
      assert.equal(status, 0, held(result))
    }, libvirtd.place)
  })
})

describe('an agent with an enrolment token', options, () => {
  it('writes its run, and has no part in any other', async (t) => {
    const { folder, url, as } = await guardedCollector(t, ['enrolment', 'reader', 'orchestrator'])
    const target = join(folder, 'disk.raw')
    writeFileSync(target, new Uint8Array(2 ** 20))
    const run = '00112233445566ad'
    const agent = ['agent', '--target', target, '--writes', '100', '--write-size', '4k', '--quiet']
    const wrote = await plugpull(t, ...agent, '--run-id', run, ...as('enrolment'))
    assert.equal(wrote.status, 0, wrote.stderr)
    const again = await plugpull(t, ...agent, '--run-id', run, ...as('enrolment'))
    assert.match(again.stderr, /COLLECTOR_REFUSED: .*RUN_CONFLICT/)
    const verify = (role: Role) => plugpull(t, 'verify', '--target', target, '--run', run, '--quiet', ...as(role))
    assert.match((await verify('enrolment')).stderr, /role enrolment, which may not/)
    assert.match((await verify('reader')).stderr, /role reader, which may not POST/)
    assert.equal((await verify('orchestrator')).status, 0)
    const first = await plugpull(t, ...agent, '--verify-first', ...as('enrolment'))
    assert.deepEqual([first.status, /role enrolment, which may not GET \/v1\/runs\b/.test(first.stderr)], [69, true])
    const wrongKey = collectorClient(url, accessIn(folder), { runKey: 'a'.repeat(43) })
    t.after(() => wrongKey.close())
    await assert.rejects(wrongKey.append(run, 0, new Uint8Array(0)), {
      code: 'COLLECTOR_REFUSED',
      message: /plugpull-run-key/,
    })
  })
})

const accessIn = (folder: string) => ({ ca: join(folder, 'ca,1.pem'), tokenFile: join(folder, 'enrolment.token') })
