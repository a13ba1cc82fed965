/** One boot under emulation, with a job that uses most of what init does. */
import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, test } from 'node:test'
import { messageOf } from '../../../src/core/errors.ts'
import { findProgram, startProcess, within } from '../../../src/io/process.ts'
import { requireAll } from '../../../src/io/requirements.ts'
import { cacheModeFacts } from '../../../src/rig/cache-mode.ts'
import { type GuestImage, READY_MARK, guestImage } from '../../../src/rig/guest/guest-image.ts'
import { GUEST_FILE, jobText } from '../../../src/rig/guest/job.ts'
import { qemuArguments } from '../../../src/rig/qemu/arguments.ts'
import { scratchFolder } from '../../support/plugpull-process.ts'

const BOOT_LIMIT_MS = 240_000
const MIB = 2 ** 20

async function imageOrSkip(t: TestContext): Promise<GuestImage | undefined> {
  try {
    requireAll('a guest', ['qemu-system-x86_64'])
    return await guestImage('virtio-scsi')
  } catch (error) {
    t.skip(`SKIPPED: ${messageOf(error)}`)
    return undefined
  }
}

describe('the guest', () => {
  test('makes the file system, runs the agent on a file in it, says how it ended, and powers off', async (t) => {
    const image = await imageOrSkip(t)
    if (image === undefined) return
    if (findProgram('mkfs.xfs') === undefined) return t.skip('SKIPPED: mkfs.xfs is not installed (xfsprogs)')
    assert.deepEqual(await guestImage('virtio-scsi'), image)

    const folder = scratchFolder(t)
    const disk = join(folder, 'disk.raw')
    writeFileSync(disk, '')
    truncateSync(disk, 320 * MIB)
    const workload = ['--queue-depth', '2', '--writes', '20', '--write-size', '4k']
    const command = ['agent', '--target', GUEST_FILE, '--log', '/tmp/a=b', ...workload, '--quiet', '--json']
    const fileSystem = { type: 'xfs', mountOptions: 'noatime', fileBytes: MIB } as const
    writeFileSync(join(folder, 'job'), jobText({ disk: '/dev/sda', fileSystem, writeCache: 'write back', command }))
    const args = qemuArguments({
      accelerator: 'tcg',
      memoryBytes: 512 * MIB,
      kernel: image.kernel,
      initramfs: image.initramfs,
      disk: { bus: 'virtio-scsi', image: disk, format: 'raw', cache: cacheModeFacts('unsafe') },
      jobFile: 'job',
      consoleFile: 'console',
      qmpSocket: 'qmp',
    })
    const qemu = startProcess('qemu-system-x86_64', args, { cwd: folder })
    t.after(() => qemu.kill('SIGKILL'))
    const exit = await within(qemu.exited, BOOT_LIMIT_MS)
    const said = readFileSync(join(folder, 'console'), 'utf8').replaceAll('\r', '')
    assert.deepEqual(exit, { code: 0, signal: null }, `${qemu.errorTail()}\n${said}`)
    assert.match(said, new RegExp(`^${READY_MARK}$`, 'm'))
    assert.match(said, /"completed":20\b|"completeWrites":20\b|"writesCompleted":20\b/)
    assert.match(said, /^plugpull guest: ended with status 0$/m)
  })
})
