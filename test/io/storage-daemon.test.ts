/** Images behind qemu-storage-daemon: they open with their backing files, or say why not; and nothing is left over. */
import assert from 'node:assert/strict'
import { constants, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { alignedBuffer, openDevice } from '../../src/io/device.ts'
import { mountsUnder } from '../../src/io/mounts.ts'
import { runTool } from '../../src/io/process.ts'
import { type StorageDaemonOptions, startStorageDaemon, storageDaemonArguments } from '../../src/io/storage-daemon.ts'
import { inspectTarget } from '../../src/io/target.ts'
import { type Lab, openLab } from './lab.ts'

const NEEDS = ['qemu-storage-daemon', 'qemu-img', 'fuse'] as const
const MIB = 1024 * 1024

async function image(lab: Lab, name: string, ...args: string[]): Promise<string> {
  const path = lab.scratch.file(name)
  await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', ...args, path, ...(args.includes('-b') ? [] : ['8M'])])
  return path
}

const served = (lab: Lab, path: string, more: Partial<StorageDaemonOptions> = {}): StorageDaemonOptions => ({
  image: path,
  format: 'qcow2',
  mountpoint: lab.scratch.file('disk'),
  writable: true,
  scratch: lab.scratch,
  ...more,
})

describe('a storage daemon', () => {
  it('serves an overlay with what its backing file holds, and the cache options reach both', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const base = lab.file('base.raw', 8 * MIB, { 4096: Buffer.alloc(4096, 0x42) })
    const overlay = await image(lab, 'overlay.qcow2', '-o', 'cluster_size=128k,extended_l2=on', '-b', base, '-F', 'raw')
    const daemon = await startStorageDaemon(
      served(lab, overlay, { cache: { direct: true }, formatOptions: { 'l2-cache-size': MIB } }),
    )
    assert.equal(daemon.sizeBytes, 8 * MIB)
    const device = openDevice(daemon.path, { mode: 'direct', access: 'read' })
    const buffer = alignedBuffer(4096)
    device.read(buffer, 0, 8, 8)
    device.close()
    assert.ok(buffer.bytes.every((byte) => byte === 0x42))
    assert.equal(inspectTarget(daemon.path).fileSystem, 'fuse')
    assert.ok((openFlags(daemon.pid, base) & constants.O_DIRECT) !== 0, 'the backing file is open with O_DIRECT')
    assert.ok(daemon.running)
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null })
    assert.deepEqual(mountsUnder(lab.scratch.path), [])
    await daemon.stop()
  })
  it('serves read-only: writing is refused, and the image does not change', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const path = await image(lab, 'disk.qcow2')
    const before = readFileSync(path)
    const daemon = await startStorageDaemon(served(lab, path, { writable: false }))
    assert.throws(() => {
      const device = openDevice(daemon.path, { mode: 'direct', access: 'write' })
      try {
        device.write(alignedBuffer(512), 0, 0, 1, false)
      } finally {
        device.close()
      }
    })
    await daemon.stop()
    assert.ok(before.equals(readFileSync(path)))
  })
  it('is gone after SIGKILL and stop, though the disk was open', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const daemon = await startStorageDaemon(served(lab, await image(lab, 'disk.qcow2')))
    const device = openDevice(daemon.path, { mode: 'direct', access: 'write' })
    lab.defer(() => device.close())
    assert.ok(daemon.kill('SIGKILL'))
    assert.deepEqual(await daemon.exited, { code: null, signal: 'SIGKILL' })
    assert.equal(mountsUnder(daemon.path).length, 1)
    await daemon.stop()
    assert.deepEqual(mountsUnder(daemon.path), [])
    assert.equal(daemon.kill('SIGKILL'), false)
  })
  it('opens every node read-only where nothing is to be written', () => {
    const args = storageDaemonArguments({ image: '/i', format: 'qcow2', mountpoint: '/m', writable: false })
    for (const text of [args[1], args[3]]) assert.match(text ?? '', /"read-only":true/)
    assert.match(args[5] ?? '', /"writable":false/)
  })
  it('asks QEMU for exactly what was asked of it', () => {
    const args = storageDaemonArguments({
      image: '/a b,c.img',
      format: 'raw',
      mountpoint: '/m',
      writable: true,
      cache: { direct: true, noFlush: true },
      writethrough: true,
      fileOptions: { aio: 'native' },
    })
    const [file, format, exported] = [args[1], args[3], args[5]].map((text): unknown => JSON.parse(text ?? ''))
    const cache = { direct: true, 'no-flush': true }
    assert.deepEqual(file, {
      driver: 'file',
      'node-name': 'file',
      filename: '/a b,c.img',
      'read-only': false,
      cache,
      aio: 'native',
    })
    assert.deepEqual(format, { driver: 'raw', 'node-name': 'disk', file: 'file', 'read-only': false, cache })
    assert.deepEqual(exported, {
      type: 'fuse',
      id: 'export',
      'node-name': 'disk',
      mountpoint: '/m',
      writable: true,
      growable: false,
      writethrough: true,
    })
  })
})

/** The flags that a process has a file open with. */
function openFlags(pid: number, path: string): number {
  const descriptor = readdirSync(`/proc/${pid}/fd`).find((name) => readlinkSync(`/proc/${pid}/fd/${name}`) === path)
  assert.ok(descriptor !== undefined, `${path} is open`)
  const info = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')
  return Number.parseInt(/flags:\s+(\d+)/.exec(info)?.[1] ?? '0', 8)
}

describe('what cannot be served says why, and leaves nothing behind', () => {
  const refused = async (lab: Lab, options: StorageDaemonOptions, code: string, message: RegExp): Promise<void> => {
    await assert.rejects(startStorageDaemon(options), { code, message })
    assert.deepEqual(mountsUnder(lab.scratch.path), [])
  }
  it('an image that is missing, no image, damaged, or without its backing file', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    await refused(lab, served(lab, lab.scratch.file('none')), 'TARGET_MISSING', /does not exist/)
    await refused(
      lab,
      served(lab, lab.file('noise', MIB, { 0: 'no image at all' })),
      'TARGET_IO',
      /not in qcow2 format/,
    )
    const damaged = await image(lab, 'damaged.qcow2')
    const bytes = readFileSync(damaged)
    // The size of a cluster, as a power of two.
    bytes.writeUInt32BE(99, 20)
    writeFileSync(damaged, bytes)
    await refused(lab, served(lab, damaged, { writable: false }), 'TARGET_IO', /damaged.qcow2 does not open/)
    const base = lab.file('base.raw', MIB)
    const overlay = await image(lab, 'overlay.qcow2', '-b', base, '-F', 'raw')
    await runTool('rm', [base])
    await refused(lab, served(lab, overlay, { writable: false }), 'TARGET_IO', /base.raw/)
  })
  it('an image that another process has open', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const path = await image(lab, 'disk.qcow2')
    const first = await startStorageDaemon(served(lab, path))
    lab.defer(async () => void (await first.stop()))
    const second = served(lab, path, { writable: false, mountpoint: lab.scratch.file('second') })
    await assert.rejects(startStorageDaemon(second), { code: 'TARGET_IN_USE', message: /another process/ })
  })
  it('an option that QEMU does not know', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const path = await image(lab, 'disk.qcow2')
    await refused(lab, served(lab, path, { formatOptions: { 'no-such-option': 1 } }), 'BAD_OPTION', /no-such-option/)
  })
  it('a mount point that cannot be one', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const path = await image(lab, 'disk.qcow2')
    writeFileSync(lab.scratch.file('plain'), '')
    await refused(lab, served(lab, path, { mountpoint: lab.scratch.path }), 'RIG_FAILED', /FUSE|mount/)
  })
})
