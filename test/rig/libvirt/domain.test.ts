/** What the rig hands to libvirt and what it takes for a domain's process, without a guest. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ProbeError } from '../../../src/core/errors.ts'
import { findProgram } from '../../../src/io/process.ts'
import { type DomainOptions, domainXml } from '../../../src/rig/libvirt/domain-xml.ts'
import { parseLibvirtOptions } from '../../../src/rig/libvirt/options.ts'
import { isQemuCommandLine, qemuOf } from '../../../src/rig/libvirt/qemu-process.ts'
import { Virsh, isPersistent, isRemoteUri } from '../../../src/rig/libvirt/virsh.ts'
import { CACHE_MODES } from '../../../src/rig/rig.ts'
import { libvirtdFor } from '../../support/libvirtd.ts'

const UUID = '3c1a3c5e-0000-4000-8000-00000000000a'

const optionsOf = (changes: Partial<DomainOptions['disk']> = {}): DomainOptions => ({
  name: 'probe <&> 1',
  uuid: UUID,
  accelerator: 'tcg',
  memoryBytes: 2 ** 29,
  kernel: '/k',
  initramfs: '/i',
  jobPath: "/it's/job",
  files: [{ name: 'token', path: '/a & b/token' }],
  consolePath: '/c',
  disk: { path: '/d & e', format: 'qcow2', cache: 'none', bus: 'virtio-blk', ...changes },
  onReboot: 'destroy',
  securityModels: ['none', 'dac'],
  user: { uid: 7, gid: 8 },
  environment: { MARK: '/x' },
})

describe('the XML of a guest of ours', () => {
  it('is valid to libvirt for every cache mode and bus', { timeout: 120_000 }, async (t) => {
    const libvirtd = await libvirtdFor(t)
    if (libvirtd === undefined) return
    const path = join(libvirtd.place, 'domain.xml')
    for (const bus of ['virtio-blk', 'virtio-scsi', 'ahci'] as const) {
      for (const cache of CACHE_MODES) {
        const options = optionsOf({ bus, cache })
        writeFileSync(path, domainXml({ ...options, name: `${bus}-${cache}`, uuid: randomUUID() }))
        await libvirtd.virsh('define', '--validate', path)
        assert.ok((await libvirtd.virsh('dumpxml', `${bus}-${cache}`)).includes(`cache='${cache}'`))
      }
    }
  })

  it('escapes what is not ours to choose, runs QEMU as us and confines it by nothing', () => {
    const xml = domainXml({ ...optionsOf(), securityModels: ['apparmor', 'dac'] })
    assert.ok(xml.includes('<name>probe &lt;&amp;&gt; 1</name>'))
    assert.ok(xml.includes("file='/it&apos;s/job'"))
    assert.ok(xml.includes("<entry name='opt/org.plugpull/token' file='/a &amp; b/token'/>"))
    assert.ok(xml.includes("<seclabel type='static' model='dac' relabel='no'><label>+7:+8</label></seclabel>"))
    assert.ok(xml.includes("<seclabel type='none' model='apparmor'/>"))
  })
})

describe("a domain's QEMU", () => {
  const line = (name: string, uuid: string): string[] => [
    '/usr/bin/qemu-system-x86_64',
    '-name',
    `guest=${name},debug-threads=on`,
    '-S',
    '-uuid',
    uuid,
  ]

  it('is known by name and UUID, both', () => {
    assert.ok(isQemuCommandLine(line('a', UUID), { name: 'a', uuid: UUID }))
    assert.ok(isQemuCommandLine(line('a,,b', UUID), { name: 'a,b', uuid: UUID }))
  })

  it('is found among the processes', (t) => {
    const domain = { name: 'x', uuid: randomUUID() }
    assert.throws(() => qemuOf(domain), /no QEMU of domain x/)
    const args = ['-e', 'setInterval(() => 0, 1000)', '--', '-name', 'guest=x,debug-threads=on', '-uuid', domain.uuid]
    const child = spawn(process.execPath, args, { stdio: 'ignore', argv0: 'qemu-system-x86_64' })
    t.after(() => child.kill('SIGKILL'))
    assert.equal(qemuOf(domain), child.pid)
  })

  it('is not another one, nor somebody who only speaks of it', () => {
    const domain = { name: 'a', uuid: UUID }
    assert.ok(!isQemuCommandLine(line('a', UUID.replace('3', '4')), domain))
    assert.ok(!isQemuCommandLine(line('ab', UUID), domain))
    assert.ok(!isQemuCommandLine(line('a,,debug-threads', UUID), domain))
    assert.ok(!isQemuCommandLine(['grep', `guest=a,debug-threads=on`, UUID], domain))
    assert.ok(!isQemuCommandLine(['/home/qemu/bin/node', ...line('a', UUID).slice(1)], domain))
    assert.ok(isQemuCommandLine(['/usr/libexec/qemu-kvm', ...line('a', UUID).slice(1)], domain))
    assert.ok(!isQemuCommandLine([''], domain))
  })
})

describe('options of the rig', () => {
  it('tells hosts from sockets', () => {
    for (const uri of ['qemu+ssh://host/system', 'qemu://host/system', 'qemu+tcp://127.0.0.1/system'])
      assert.ok(isRemoteUri(uri), uri)
    for (const uri of ['qemu:///system', 'qemu:///session', 'qemu+unix:///system?socket=/a/b'])
      assert.ok(!isRemoteUri(uri), uri)
  })

  it('tells a domain that libvirt keeps from one that it forgets', () => {
    const dominfo = (persistent: string): string =>
      `Max memory:     1 KiB\nPersistent:     ${persistent}\nAutostart:      yes\n`
    assert.ok(isPersistent(dominfo('yes')))
    assert.ok(!isPersistent(dominfo('no')))
  })

  it('refuses an emulated NVMe, and options of a guest of ours for a domain that is there', () => {
    assert.throws(() => parseLibvirtOptions({ bus: 'nvme' }), /--rig qemu/)
    assert.throws(
      () => parseLibvirtOptions({ domain: 'd', guestMemory: '1G' }),
      /--guest-memory does not go with --domain/,
    )
    assert.deepEqual(parseLibvirtOptions({ domain: 'd', connect: 'qemu:///system' }).domain, 'd')
  })

  it('says how to get at a libvirt that does not answer', (t) => {
    if (findProgram('virsh') === undefined) {
      t.skip('SKIPPED: virsh is not installed (Debian package libvirt-clients)')
      return
    }
    const refusal = (uri: string): ProbeError => {
      try {
        return assert.fail(new Virsh(uri).uri)
      } catch (error) {
        assert.ok(error instanceof ProbeError, String(error))
        return error
      }
    }
    const nobody = refusal('qemu+unix:///system?socket=/nowhere')
    assert.equal(nobody.code, 'RIG_UNAVAILABLE')
    assert.match(nobody.message, /\/nowhere.*systemctl start libvirtd/)
    assert.match(refusal('test:///default').message, /is not QEMU/)
  })
})
