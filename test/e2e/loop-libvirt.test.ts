/**
 * Rig `libvirt` and the shell loop over real domains of a libvirtd of the test's own: the kill method decides what is lost, an
 * ignored flush is convicted, and nothing outlives a loop that was killed.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { RunSummary } from '../../src/core/campaign/campaign.ts'
import { findProgram, runTool } from '../../src/io/process.ts'
import { recoverScratch } from '../../src/io/scratch.ts'
import { guestImage } from '../../src/rig/guest/guest-image.ts'
import { jobText } from '../../src/rig/guest/job.ts'
import { createImage } from '../../src/rig/image.ts'
import { domainXml } from '../../src/rig/libvirt/domain-xml.ts'
import { libvirtRig } from '../../src/rig/libvirt/rig.ts'
import { type Libvirtd, libvirtdFor } from '../support/libvirtd.ts'
import { messageOf } from '../../src/core/errors.ts'
import { type Outcome, scratchFolder, startCollector, until } from '../support/plugpull-process.ts'
import { ended, inPlace, loop } from './loop-run.ts'

const SCRIPT = fileURLToPath(new URL('../../../deploy/libvirt/kill-loop.sh', import.meta.url))
const SIZE_BYTES = 8 * 2 ** 20
const WORKLOAD = ['--workload', 'overlap', '--region', '0..4M'] as const
const BOOT_LIMIT = ['--boot-limit', '300s'] as const

/** The test's libvirtd, or nothing, with the test skipped, where the machine cannot run the rig on it. */
async function libvirtdOrSkip(t: TestContext, ...programs: readonly string[]): Promise<Libvirtd | undefined> {
  const lacking = programs.filter((program) => findProgram(program) === undefined)
  if (lacking.length > 0) {
    t.skip(`SKIPPED: not installed: ${lacking.join(', ')}`)
    return undefined
  }
  const libvirtd = await libvirtdFor(t)
  if (libvirtd === undefined) return undefined
  try {
    libvirtRig.require({ connect: libvirtd.uri })
    await guestImage('virtio-blk')
    return libvirtd
  } catch (error) {
    t.skip(`SKIPPED: ${messageOf(error)}`)
    return undefined
  }
}

describe('loop over libvirt', () => {
  it('sigkill tears and holds, virsh destroy hides it, an ignored flush is convicted', async (t) => {
    const libvirtd = await libvirtdOrSkip(t, 'nbdkit', 'nbdfuse')
    if (libvirtd === undefined) return
    // Emulated everywhere, so that it is the same everywhere.
    const rig = ['--rig', 'libvirt', '--connect', libvirtd.uri, '--accel', 'tcg', '--size', '8M']
    const common = [...rig, ...WORKLOAD, ...BOOT_LIMIT]
    // Rare flushes, so that there is something to lose whenever the cut comes.
    const overlay = [...common, '--image', 'qcow2-overlay-extl2', '--flush-every', '256']
    await inPlace(async (place) => {
      const killed = await loop(place, [...overlay, '--cut', 'sigkill'])
      assert.equal(killed.status, 0, JSON.stringify(killed.result.cycles[0]?.problem))
      const { lost, torn } = killed.result.summary.hazards
      assert.ok(lost + torn > 0, 'QEMU took unwritten metadata with it')
      const [cycle] = killed.result.cycles
      assert.equal(cycle?.cut?.signal, 'SIGKILL')
      assert.match(cycle?.cut?.target?.what ?? '', /^QEMU of domain plugpull-/)
      assert.equal(cycle?.told?.writeCache, 'write back')

      const destroyed = await loop(place, [...overlay, '--cut', 'virsh-destroy'])
      assert.equal(destroyed.status, 0, JSON.stringify(destroyed.result.cycles[0]?.problem))
      assert.equal(destroyed.result.summary.exposure.lostWrites, 0)
      assert.deepEqual(destroyed.result.summary.hazards, { lost: 0, torn: 0, reordered: 0, corrupt: 0 })
      assert.match(destroyed.result.cycles[0]?.cut?.note ?? '', /proves nothing about qcow2/)

      const unsafe = await loop(place, [...common, '--image', 'qcow2', '--cache', 'unsafe', '--cut', 'host-power'])
      assert.equal(unsafe.status, 10, JSON.stringify(unsafe.result.cycles[0]?.problem))
      assert.ok((unsafe.result.cycles[0]?.verdict?.liedFlushes ?? 0) > 0)
      assert.equal(unsafe.result.cycles[0]?.cut?.alsoDied?.[0], 'nbdfuse')
      assert.equal(await libvirtd.virsh('list', '--all', '--name'), '', 'no domain is left')
    }, libvirtd.place)
  })

  it('is survived by no domain where it is killed', async (t) => {
    const libvirtd = await libvirtdOrSkip(t)
    if (libvirtd === undefined) return
    const domains = (): Promise<string> => libvirtd.virsh('list', '--all', '--name')
    await inPlace(async (place) => {
      const child = place.start([
        'loop',
        '--rig',
        'libvirt',
        '--connect',
        libvirtd.uri,
        '--cycles',
        '9',
        '--size',
        '8M',
      ])
      const end = ended(child)
      await until('a domain', async () => ((await domains()) === '' ? undefined : true))
      child.kill('SIGKILL')
      await end
      await until('libvirt to destroy it', async () => ((await domains()) === '' ? true : undefined))
      recoverScratch(place.path)
    }, libvirtd.place)
  })
})

/** A domain of a user's: persistent, over an image of its own, the agent told at each boot to verify first. */
async function defineProbe(libvirtd: Libvirtd, folder: string, collectorPort: number): Promise<void> {
  const cached = await guestImage('virtio-blk')
  // The cache is not for what has to last: another version of the program clears it.
  const [kernel, initramfs] = [join(folder, 'kernel'), join(folder, 'initramfs')]
  copyFileSync(cached.kernel, kernel)
  copyFileSync(cached.initramfs, initramfs)
  const setup = { directory: folder, cache: 'none', cut: 'sigkill', seed: '0', sizeBytes: SIZE_BYTES } as const
  const image = await createImage({ ...setup, image: 'qcow2-overlay-extl2' })
  const jobPath = join(folder, 'job')
  const agent = ['agent', '--target', '/dev/vda', '--collector', `http://10.0.2.2:${collectorPort}`]
  writeFileSync(
    jobPath,
    jobText({
      disk: '/dev/vda',
      command: [...agent, '--campaign', 'probe', '--verify-first', '--hold', '--quiet', ...WORKLOAD],
    }),
  )
  const xml = domainXml({
    name: 'probe',
    uuid: randomUUID(),
    accelerator: 'tcg',
    memoryBytes: 2 ** 29,
    kernel,
    initramfs,
    jobPath,
    consolePath: join(folder, 'console.log'),
    disk: { path: image.path, format: 'qcow2', cache: 'none', bus: 'virtio-blk' },
    onReboot: 'destroy',
    securityModels: [],
    user: { uid: 0, gid: 0 },
    environment: { [libvirtd.environment.name]: libvirtd.environment.value },
  })
  writeFileSync(join(folder, 'probe.xml'), xml)
  await libvirtd.virsh('define', join(folder, 'probe.xml'))
}

const killLoop = (...args: readonly string[]): Promise<Outcome> => ended(spawn(SCRIPT, args))

describe('a domain of the user, whose agent verifies first', () => {
  it('is cut and judged three times by kill-loop.sh, and once by the rig', async (t) => {
    const libvirtd = await libvirtdOrSkip(t, 'bash', 'curl', 'jq', 'timeout')
    if (libvirtd === undefined) return
    const folder = join(libvirtd.place, 'probe')
    mkdirSync(folder)
    const collector = await startCollector(t, scratchFolder(t))
    await defineProbe(libvirtd, folder, collector.port)
    const consoleLog = join(folder, 'console.log')
    const here = ['--connect', libvirtd.uri, '--domain', 'probe', '--collector', collector.url]
    const pidFile = join(libvirtd.pidFolder, 'probe.pid')
    const files = ['--pid-file', pidFile, '--console-log', consoleLog]
    const done = await killLoop(...here, ...files, ...BOOT_LIMIT, '--cycles', '3', '--cut-after', '200ms-1s')
    const told = `${done.stdout}${done.stderr}${readFileSync(consoleLog, 'utf8').slice(-2000)}`
    assert.equal(done.status, 0, told)
    assert.match(done.stdout, /^3\/3 held run [0-9a-f]{16}, cut sigkill after \d+ ms: 0 violations/m)
    assert.match(done.stdout, /^3 cycles of probe: 3 held, 0 violation, 0 inconclusive/m)

    const byRig = await inPlaceLoop(libvirtd, [...here, '--campaign', 'probe', '--rig', 'libvirt', ...BOOT_LIMIT])
    assert.equal(byRig.status, 0, byRig.stderr)
    const runs = await runsOf(collector.url)
    const cut = runs.filter((run) => run.cut !== undefined)
    assert.equal(cut.length, 4)
    for (const run of cut) {
      assert.equal(run.verdict?.verdict, 'held')
      assert.deepEqual([run.cut?.kind, run.cut?.signal, run.cut?.died], ['sigkill', 'SIGKILL', true])
    }
    assert.ok(
      cut.some(({ verdict }) => (verdict?.hazards.torn ?? 0) + (verdict?.hazards.lost ?? 0) > 0),
      'QEMU took unwritten metadata with it',
    )
    assert.equal(await libvirtd.virsh('domstate', 'probe'), 'running', 'it is left switched on')
  })
})

async function inPlaceLoop(libvirtd: Libvirtd, args: readonly string[]): Promise<Outcome> {
  let outcome: Outcome | undefined
  await inPlace(async (place) => {
    outcome = await place.run(['loop', ...args, '--json'])
  }, libvirtd.place)
  assert.ok(outcome !== undefined)
  return outcome
}

async function runsOf(url: string): Promise<readonly RunSummary[]> {
  const answer = await fetch(`${url}/v1/runs?campaign=probe`)
  const { runs }: { runs: readonly RunSummary[] } = JSON.parse(await answer.text())
  return runs
}

describe('kill-loop.sh', () => {
  const refusal = (...args: readonly string[]): Promise<{ readonly code: unknown; readonly stderr: string }> =>
    new Promise((resolve) => {
      execFile(SCRIPT, args, (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr }))
    })

  it('is clean to shellcheck', async (t) => {
    if (findProgram('shellcheck') === undefined) {
      t.skip('SKIPPED: shellcheck is not installed')
      return
    }
    await runTool('shellcheck', [SCRIPT])
  })

  it('names what it does not take', async () => {
    assert.equal((await refusal('--help')).code, 0)
    for (const [args, names] of [
      [[], /--domain is missing/],
      [['--domain'], /--domain takes a value/],
      [['--domian', 'd'], /no option --domian/],
      [['--domain', 'd', '--cut', 'poweroff'], /--cut got 'poweroff'/],
      [['--domain', 'd', '--cycles', '0'], /--cycles got '0'/],
      [['--domain', 'd', '--cut-after', '5s-1s'], /--cut-after got '5s-1s'/],
      [['--domain', 'd', '--token-file', '/nowhere'], /--token-file \/nowhere/],
    ] as const) {
      const { code, stderr } = await refusal(...args)
      assert.equal(code, 64, stderr)
      assert.match(stderr, names)
    }
  })
})
