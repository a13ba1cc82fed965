import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { SECTOR_BYTES } from '../../src/core/units.ts'
import { type DeviceMode, alignedBuffer, openDevice } from '../../src/io/device.ts'
import { runTool } from '../../src/io/process.ts'
import { type StorageDaemon, startStorageDaemon } from '../../src/io/storage-daemon.ts'
import { SECTORS_MIN, testDeviceContract } from '../contract/device.ts'
import { type Lab, openLab } from './lab.ts'

const MODES: readonly DeviceMode[] = ['direct', 'buffered', 'dsync']
const BYTES = SECTORS_MIN * SECTOR_BYTES

async function serveQcow2(lab: Lab, writable = true): Promise<StorageDaemon> {
  const image = lab.scratch.file('disk.qcow2')
  if (writable) await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', image, String(BYTES)])
  const daemon = await startStorageDaemon({
    image,
    format: 'qcow2',
    mountpoint: lab.scratch.file('disk'),
    writable,
    cache: { direct: true },
    scratch: lab.scratch,
  })
  lab.defer(async () => void (await daemon.stop()))
  return daemon
}

for (const mode of MODES) {
  testDeviceContract(`file, ${mode}`, (t) => {
    const lab = openLab(t)
    if (lab === undefined) return undefined
    const device = openDevice(lab.file('disk', BYTES), { mode, access: 'write' })
    return { device, blockSectors: 1, dispose: () => device.close() }
  })
  for (const logicalBlockBytes of [512, 4096]) {
    testDeviceContract(`loop device with blocks of ${logicalBlockBytes}, ${mode}`, (t) => {
      const lab = openLab(t, ['root', 'losetup'])
      if (lab === undefined) return undefined
      const loop = lab.loop(lab.file('disk', BYTES), { logicalBlockBytes })
      const device = openDevice(loop, { mode, access: 'write', exclusive: true })
      return { device, blockSectors: logicalBlockBytes / SECTOR_BYTES, dispose: () => device.close() }
    })
  }
  testDeviceContract(`qcow2 behind FUSE, ${mode}`, async (t) => {
    const lab = openLab(t, ['qemu-storage-daemon', 'qemu-img', 'fuse'])
    if (lab === undefined) return undefined
    const device = openDevice((await serveQcow2(lab)).path, { mode, access: 'write' })
    return { device, blockSectors: 1, dispose: () => device.close() }
  })
}

describe('alignedBuffer', () => {
  it('works with O_DIRECT, shared and not', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const device = openDevice(lab.file('disk', BYTES), { mode: 'direct', access: 'write' })
    lab.defer(() => device.close())
    for (const shared of [false, true]) {
      const buffer = alignedBuffer(1536, shared)
      assert.equal(buffer.bytes.length, 1536)
      assert.equal(buffer.bytes.buffer instanceof SharedArrayBuffer, shared)
      device.write(buffer, 0, 0, 3, false)
    }
  })
  it('takes whole sectors only', () => {
    assert.throws(() => alignedBuffer(1000), { name: 'AssertionError' })
  })
})

describe('a stable write survives SIGKILL of the device', () => {
  const SURVIVAL: readonly { name: string; mode: DeviceMode; fua: boolean; flush: boolean; survives: boolean }[] = [
    { name: 'plain write', mode: 'direct', fua: false, flush: false, survives: false },
    { name: 'plain write, then flush', mode: 'direct', fua: false, flush: true, survives: true },
    { name: 'FUA write, direct', mode: 'direct', fua: true, flush: false, survives: true },
    { name: 'FUA write, buffered', mode: 'buffered', fua: true, flush: false, survives: true },
    { name: 'any write, dsync', mode: 'dsync', fua: false, flush: false, survives: true },
  ]
  for (const { name, mode, fua, flush, survives } of SURVIVAL) {
    it(`${name}: ${survives ? 'kept' : 'lost, as QCOW2 does'}`, async (t) => {
      const lab = openLab(t, ['qemu-storage-daemon', 'qemu-img', 'fuse'])
      if (lab === undefined) return
      const first = await serveQcow2(lab)
      const device = openDevice(first.path, { mode, access: 'write' })
      lab.defer(() => device.close())
      const buffer = alignedBuffer(4096)
      buffer.bytes.fill(0x5a)
      device.write(buffer, 0, 8, 8, fua)
      if (flush) device.flush()
      // The device dies while it is open: closing a FUSE file would flush it.
      first.kill('SIGKILL')
      await first.exited
      await first.stop()
      const second = await serveQcow2(lab, false)
      const reader = openDevice(second.path, { mode: 'direct', access: 'read' })
      lab.defer(() => reader.close())
      const found = alignedBuffer(4096)
      reader.read(found, 0, 8, 8)
      assert.equal(Buffer.compare(found.bytes, buffer.bytes) === 0, survives)
    })
  }
})

describe('a FUA write to a block device survives SIGKILL of what is below it', () => {
  for (const { fua, survives } of [
    { fua: true, survives: true },
    { fua: false, survives: false },
  ]) {
    it(`FUA ${fua}: ${survives ? 'kept' : 'lost'}`, async (t) => {
      const lab = openLab(t, ['root', 'losetup', 'qemu-storage-daemon', 'qemu-img', 'fuse'])
      if (lab === undefined) return
      const first = await serveQcow2(lab)
      const device = openDevice(lab.loop(first.path), { mode: 'direct', access: 'write', exclusive: true })
      lab.defer(() => device.close())
      const buffer = alignedBuffer(4096)
      buffer.bytes.fill(0x5a)
      device.write(buffer, 0, 8, 8, fua)
      first.kill('SIGKILL')
      await first.exited
      device.close()
      await first.stop()
      const second = await serveQcow2(lab, false)
      const reader = openDevice(second.path, { mode: 'direct', access: 'read' })
      lab.defer(() => reader.close())
      const found = alignedBuffer(4096)
      reader.read(found, 0, 8, 8)
      assert.equal(Buffer.compare(found.bytes, buffer.bytes) === 0, survives)
    })
  }
})

describe('errors of an open device', () => {
  it('names the errno once the device is dead, and closes quietly', async (t) => {
    const lab = openLab(t, ['qemu-storage-daemon', 'qemu-img', 'fuse'])
    if (lab === undefined) return
    const daemon = await serveQcow2(lab)
    const device = openDevice(daemon.path, { mode: 'direct', access: 'write' })
    daemon.kill('SIGKILL')
    await daemon.exited
    const buffer = alignedBuffer(4096)
    const isErrno = (error: NodeJS.ErrnoException): boolean =>
      error.code === 'ENOTCONN' || error.code === 'ECONNABORTED'
    assert.throws(() => device.write(buffer, 0, 0, 8, false), isErrno)
    assert.throws(() => device.flush(), isErrno)
    device.close()
  })
  it('throws after a write that the file system could only take in part', (t) => {
    const lab = openLab(t, ['root'])
    if (lab === undefined) return
    const folder = lab.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=256k')
    const path = `${folder}/disk`
    writeFileSync(path, '')
    truncateSync(path, BYTES)
    const device = openDevice(path, { mode: 'buffered', access: 'write' })
    lab.defer(() => device.close())
    assert.throws(() => device.write(alignedBuffer(512 * 1024), 0, 0, 1024, false), { code: 'ENOSPC' })
  })
  it('reads up to an odd end of a file that shrank, and then says EOF', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const path = lab.file('disk', BYTES)
    for (const mode of ['direct', 'buffered'] as const) {
      truncateSync(path, BYTES)
      const device = openDevice(path, { mode, access: 'read' })
      lab.defer(() => device.close())
      truncateSync(path, 10 * SECTOR_BYTES + 100)
      const buffer = alignedBuffer(32 * SECTOR_BYTES)
      device.read(buffer, 0, 0, 10)
      assert.throws(() => device.read(buffer, 0, 8, 8), { code: 'EOF' })
      assert.throws(() => device.read(buffer, 0, 10, 1), { code: 'EOF' })
      assert.throws(() => device.read(buffer, 0, 100, 1), { code: 'EOF' })
    }
  })
  it('never lets a file grow', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const path = lab.file('disk', BYTES + 100)
    const device = openDevice(path, { mode: 'buffered', access: 'write' })
    lab.defer(() => device.close())
    assert.equal(device.sizeSectors, SECTORS_MIN)
    assert.throws(() => device.write(alignedBuffer(1024), 0, SECTORS_MIN - 1, 2, false), { code: 'EINVAL' })
    assert.equal(statSync(path).size, BYTES + 100)
  })
})

describe('openDevice refuses', () => {
  it('what is not there, not a disk, not permitted', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const options = { mode: 'direct', access: 'write' } as const
    assert.throws(() => openDevice(lab.scratch.file('none'), options), { code: 'TARGET_MISSING' })
    assert.throws(() => openDevice('/dev/null', options), { code: 'TARGET_KIND', message: /character device/ })
    mkdirSync(lab.scratch.file('folder'))
    assert.throws(() => openDevice(lab.scratch.file('folder'), options), { code: 'TARGET_KIND', message: /directory/ })
    const path = lab.file('disk', BYTES)
    chmodSync(path, 0o400)
    if (process.getuid?.() !== 0) assert.throws(() => openDevice(path, options), { code: 'TARGET_DENIED' })
  })
  it('a second exclusive claim, but not a plain open', (t) => {
    const lab = openLab(t, ['root', 'losetup'])
    if (lab === undefined) return
    const loop = lab.loop(lab.file('disk', BYTES))
    const first = openDevice(loop, { mode: 'direct', access: 'write', exclusive: true })
    lab.defer(() => first.close())
    assert.throws(() => openDevice(loop, { mode: 'direct', access: 'write', exclusive: true }), {
      code: 'TARGET_IN_USE',
    })
    openDevice(loop, { mode: 'direct', access: 'read' }).close()
    first.close()
    openDevice(loop, { mode: 'direct', access: 'write', exclusive: true }).close()
  })
})
