/** The command line of QEMU as data: what each cache mode and bus becomes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cacheModeFacts } from '../../../src/rig/cache-mode.ts'
import { BUSES, KERNEL_ARGUMENTS } from '../../../src/rig/guest/guest-image.ts'
import { type QemuDisk, type QemuOptions, qemuArguments } from '../../../src/rig/qemu/arguments.ts'
import { CACHE_MODES, type CacheMode } from '../../../src/rig/rig.ts'

const DISK: QemuDisk = {
  bus: 'virtio-blk',
  image: '/lab/cycle/disk.qcow2',
  format: 'qcow2',
  cache: cacheModeFacts('none'),
}

const OPTIONS: QemuOptions = {
  accelerator: 'tcg',
  memoryBytes: 512 * 2 ** 20,
  kernel: '/images/vmlinuz',
  initramfs: '/images/initramfs',
  disk: DISK,
  jobFile: 'job.txt',
  consoleFile: 'console.log',
  qmpSocket: 'qmp',
}

const disk = (changes: Partial<QemuDisk>): readonly string[] =>
  qemuArguments({ ...OPTIONS, disk: { ...DISK, ...changes } })

/** Values of every occurrence of the flag. */
const valuesOf = (args: readonly string[], flag: string): string[] =>
  args.flatMap((arg, at) => (arg === flag ? [args[at + 1] ?? ''] : []))

interface Node {
  readonly cache: { readonly direct: boolean; readonly 'no-flush': boolean }
}

function nodesOf(args: readonly string[]): Node[] {
  return valuesOf(args, '-blockdev').map((text) => {
    const node: Node = JSON.parse(text)
    return node
  })
}

/** cache.direct, cache.no-flush, write-cache, as QEMU documents its modes. */
const EXPECTED: Readonly<Record<CacheMode, readonly [boolean, boolean, string]>> = {
  none: [true, false, 'on'],
  writeback: [false, false, 'on'],
  writethrough: [false, false, 'off'],
  directsync: [true, false, 'off'],
  unsafe: [false, true, 'on'],
}

describe("QEMU's command line", () => {
  it('has the files that the guest gets beside its job', () => {
    const files = [
      { name: 'token', path: '/a,b/token' },
      { name: 'ca', path: '/ca.pem' },
    ] as const
    assert.deepEqual(valuesOf(qemuArguments({ ...OPTIONS, files }), '-fw_cfg'), [
      'name=opt/org.plugpull/job,file=job.txt',
      'name=opt/org.plugpull/token,file=/a,,b/token',
      'name=opt/org.plugpull/ca,file=/ca.pem',
    ])
  })

  it('is the same every time, word for word', () => {
    assert.deepEqual(qemuArguments(OPTIONS).join(' ').split(' -'), [
      '-nodefaults',
      'no-user-config',
      'display none',
      'machine q35,accel=tcg',
      'cpu max',
      'smp 1',
      'm 512M',
      'action reboot=shutdown',
      'kernel /images/vmlinuz',
      'initrd /images/initramfs',
      `append ${KERNEL_ARGUMENTS}`,
      'fw_cfg name=opt/org.plugpull/job,file=job.txt',
      'chardev file,id=console,path=console.log',
      'serial chardev:console',
      'qmp unix:qmp,server=on,wait=off',
      'netdev user,id=net',
      'device virtio-net-pci,netdev=net,romfile=',
      'blockdev {"driver":"file","node-name":"file","filename":"/lab/cycle/disk.qcow2","cache":{"direct":true,"no-flush":false}}',
      'blockdev {"driver":"qcow2","node-name":"disk","file":"file","cache":{"direct":true,"no-flush":false}}',
      'device virtio-blk-pci,drive=disk,serial=plugpull,write-cache=on',
    ])
  })

  it('takes the host’s processor under KVM', () => {
    const args = qemuArguments({ ...OPTIONS, accelerator: 'kvm' })
    assert.deepEqual([valuesOf(args, '-machine'), valuesOf(args, '-cpu')], [['q35,accel=kvm'], ['host']])
  })

  for (const mode of CACHE_MODES) {
    it(`cache=${mode} is on both nodes, and on the device`, () => {
      const args = disk({ cache: cacheModeFacts(mode) })
      const [direct, noFlush, writeCache] = EXPECTED[mode]
      for (const { cache } of nodesOf(args)) assert.deepEqual(cache, { direct, 'no-flush': noFlush })
      assert.match(valuesOf(args, '-device').at(-1) ?? '', new RegExp(`write-cache=${writeCache}$`))
    })
  }

  it('hangs the disk on each bus', () => {
    const devices = BUSES.map((bus) => valuesOf(disk({ bus }), '-device').slice(1))
    const own = 'drive=disk,serial=plugpull,write-cache=on'
    assert.deepEqual(devices, [
      [`virtio-blk-pci,${own}`],
      ['virtio-scsi-pci,id=scsi', `scsi-hd,bus=scsi.0,${own}`],
      [`nvme,${own}`],
      ['ich9-ahci,id=ahci', `ide-hd,bus=ahci.0,${own}`],
    ])
  })

  it('gives the guest a second disk for a log of writes, after the one under test', () => {
    const args = qemuArguments({ ...OPTIONS, logDisk: '/lab/cycle/log.raw' })
    assert.match(valuesOf(args, '-blockdev').at(-2) ?? '', /"filename":"\/lab\/cycle\/log.raw"/)
    assert.deepEqual(
      valuesOf(args, '-device').map((device) => /drive=(\w+)/.exec(device)?.[1]),
      [undefined, 'disk', 'log'],
    )
  })

  it('passes options of the format on to its node alone', () => {
    const [file, format] = valuesOf(disk({ nodeOptions: { 'l2-cache-size': 4096 } }), '-blockdev')
    assert.match(format ?? '', /"l2-cache-size":4096/)
    assert.doesNotMatch(file ?? '', /l2-cache-size/)
  })
})
