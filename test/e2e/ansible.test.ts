/**
 * The kill-loop playbook against a libvirt of the test's own: guests of ours under TCG, each started, cut, started again and judged
 * by the playbook alone.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, test } from 'node:test'
import { messageOf } from '../../src/core/errors.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { runTool } from '../../src/io/process.ts'
import { type GuestImage, guestImage } from '../../src/rig/guest/guest-image.ts'
import { guestUrl } from '../../src/rig/guest/guest-url.ts'
import { type GuestJob, jobText } from '../../src/rig/guest/job.ts'
import { domainXml } from '../../src/rig/libvirt/domain-xml.ts'
import { type Playbook, playbookFor } from '../support/ansible.ts'
import { type Libvirtd, libvirtdFor } from '../support/libvirtd.ts'
import { scratchFolder, startCollector } from '../support/plugpull-process.ts'

interface Place {
  readonly folder: string
  readonly image: GuestImage
  readonly libvirtd: Libvirtd
  readonly playbook: Playbook
  readonly url: string
  readonly client: CollectorClient
}

/** What kill-loop.yml writes into `plugpull_result_file`. */
interface LoopResult {
  readonly totals: Readonly<Record<'cycles' | 'held' | 'violation' | 'inconclusive', number>>
  readonly vms: readonly {
    readonly vm: string
    readonly cycles: readonly {
      readonly run: string
      readonly word: string
      readonly problem: string
      readonly cut: { readonly kind?: string; readonly signal?: string; readonly target?: { readonly pid: number } }
    }[]
  }[]
}

/** Everything that the tests share; `undefined`, with the test skipped, where something is missing. */
async function placeFor(t: TestContext): Promise<Place | undefined> {
  const folder = scratchFolder(t)
  const playbook = playbookFor(t, folder)
  if (playbook === undefined) return undefined
  let image: GuestImage
  try {
    image = await guestImage('virtio-blk')
  } catch (error) {
    t.skip(`SKIPPED: ${messageOf(error)}`)
    return undefined
  }
  const libvirtd = await libvirtdFor(t)
  if (libvirtd === undefined) return undefined
  const { url } = await startCollector(t, folder)
  const client = new CollectorClient(url)
  t.after(() => client.close())
  return { folder, image, libvirtd, playbook, url, client }
}

/** A persistent domain, switched off, whose guest does `job` at every start. */
async function defineGuest(place: Place, name: string, job: Partial<GuestJob> = {}): Promise<void> {
  const { folder, image, libvirtd, url } = place
  const file = (suffix: string): string => join(folder, `${name}.${suffix}`)
  await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', file('qcow2'), '64M'])
  const workload = ['--region', '0..4M', '--flush-every', '8']
  const command = ['agent', '--target', '/dev/vda', '--collector', guestUrl(url), '--campaign', name, '--verify-first']
  writeFileSync(file('job'), jobText({ disk: '/dev/vda', command: [...command, ...workload], ...job }))
  const xml = domainXml({
    name,
    uuid: randomUUID(),
    accelerator: 'tcg',
    memoryBytes: 512 * 2 ** 20,
    kernel: image.kernel,
    initramfs: image.initramfs,
    jobPath: file('job'),
    consolePath: file('console'),
    disk: { path: file('qcow2'), format: 'qcow2', cache: 'none', bus: 'virtio-blk' },
    onReboot: 'restart',
    securityModels: [],
    user: { uid: 0, gid: 0 },
    environment: { [libvirtd.environment.name]: libvirtd.environment.value },
  })
  writeFileSync(file('xml'), xml)
  await libvirtd.virsh('define', file('xml'))
}

/** The inventory of those VMs, on a hypervisor that is this machine. */
function inventoryOf(place: Place, vms: Readonly<Record<string, Readonly<Record<string, string | number>>>>): string {
  const { folder, libvirtd, url } = place
  const path = join(folder, 'inventory.json')
  const inventory = {
    all: { vars: { plugpull_collector_url: url, plugpull_result_file: join(folder, 'result.json') } },
    plugpull_hypervisors: { hosts: { here: { ansible_connection: 'local' } } },
    plugpull_vms: {
      hosts: vms,
      vars: {
        plugpull_hypervisor: 'here',
        plugpull_libvirt_uri: libvirtd.uri,
        plugpull_pid_file: `${libvirtd.pidFolder}/{{ plugpull_domain }}.pid`,
        plugpull_console_log: `${folder}/{{ plugpull_domain }}.console`,
        // Limits only: a busy machine boots a guest under TCG in minutes.
        plugpull_boot_timeout_s: 900,
        plugpull_verdict_timeout_s: 900,
        plugpull_cut_after_min_ms: 300,
        plugpull_cut_after_max_ms: 1500,
      },
    },
  }
  writeFileSync(path, JSON.stringify(inventory))
  return path
}

function resultOf({ folder }: Place): LoopResult {
  const result: LoopResult = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))
  return result
}

describe('kill-loop.yml', () => {
  test('cuts a libvirt guest three times, records how, and gets a verdict each time; a check run only looks', async (t) => {
    const place = await placeFor(t)
    if (place === undefined) return
    const { client, libvirtd, playbook } = place
    await defineGuest(place, 'kept')
    const order = ['-i', inventoryOf(place, { kept: { plugpull_cycles: 3 } })]

    const looked = await playbook.run('kill-loop.yml', [...order, '--check'])
    assert.equal(looked.code, 0, looked.stdout)
    assert.match(looked.stdout, /nothing is started or cut/)
    assert.equal(await libvirtd.virsh('domstate', 'kept'), 'shut off')
    assert.deepEqual((await client.runs({ campaign: 'kept', limit: 9 })).runs, [])

    const { code, stdout } = await playbook.run('kill-loop.yml', order)
    assert.equal(code, 0, stdout)
    const { totals, vms } = resultOf(place)
    assert.deepEqual(totals, { cycles: 3, held: 3, violation: 0, inconclusive: 0 }, stdout)
    assert.match(stdout, /in all: 3 cycles, 3 held, 0 violation, 0 inconclusive/)
    const cycles = vms.flatMap((vm) => vm.cycles)
    assert.equal(new Set(cycles.map(({ cut }) => cut.target?.pid)).size, 3, 'three processes')
    for (const { run, cut } of cycles) {
      const view = await client.run(run)
      assert.deepEqual(view.cut, cut, 'the cut stands at the collector')
      assert.deepEqual([cut.kind, cut.signal, view.cut?.died], ['sigkill', 'SIGKILL', true])
      assert.equal(view.verdict?.verdict, 'held')
      assert.ok((view.verdict?.checked.stableWrites ?? 0) > 0, 'something was flushed before the cut')
    }
    assert.equal(await libvirtd.virsh('domstate', 'kept'), 'shut off', 'left as it was found')
  })

  test('a violation stops the loop, a guest without an agent counts as inconclusive, and both fail the playbook', async (t) => {
    const place = await placeFor(t)
    if (place === undefined) return
    // Told that its disk writes through, the guest's kernel drops every flush.
    await defineGuest(place, 'lied-to', { writeCache: 'write through' })
    await defineGuest(place, 'mute', { command: ['no-such-command'] })
    const console = join(place.folder, 'last-words')
    writeFileSync(console, 'Kernel panic - not syncing\n')
    const { code, stdout } = await place.playbook.run('kill-loop.yml', [
      '-i',
      inventoryOf(place, {
        'lied-to': { plugpull_cycles: 2 },
        mute: { plugpull_cycles: 1, plugpull_boot_timeout_s: 15, plugpull_console_log: console },
      }),
    ])
    assert.equal(code, 2, stdout)
    const words = new Map(resultOf(place).vms.map(({ vm, cycles }) => [vm, cycles.map(({ word }) => word)]))
    assert.deepEqual(words.get('lied-to'), ['violation'], stdout)
    assert.deepEqual(words.get('mute'), ['inconclusive'], stdout)
    const [mute] = resultOf(place).vms.find(({ vm }) => vm === 'mute')?.cycles ?? []
    assert.match(
      mute?.problem ?? '',
      /at most 15 s for a run of campaign mute .* its console said last: Kernel panic - not syncing/,
    )
  })
})
