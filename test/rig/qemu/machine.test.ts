/** A machine whose guest does not get far, in a folder whose name is longer than a socket's may be. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { messageOf } from '../../../src/core/errors.ts'
import { startProcess, within } from '../../../src/io/process.ts'
import { withScratch } from '../../../src/io/scratch.ts'
import { cacheModeFacts } from '../../../src/rig/cache-mode.ts'
import { type GuestImage, guestImage } from '../../../src/rig/guest/guest-image.ts'
import { isGone } from '../../../src/rig/power.ts'
import { QemuMachine } from '../../../src/rig/qemu/machine.ts'
import { connectQmp } from '../../../src/rig/qemu/qmp.ts'
import { qemuRig } from '../../../src/rig/qemu/rig.ts'
import type { CutKind } from '../../../src/rig/rig.ts'

const LIMIT_MS = 120_000

async function imageOrSkip(t: TestContext): Promise<GuestImage | undefined> {
  try {
    qemuRig.require()
    return await guestImage('virtio-blk')
  } catch (error) {
    t.skip(`SKIPPED: ${messageOf(error)}`)
    return undefined
  }
}

/** The guest's initramfs is of no use, so its kernel panics. */
async function withMachine(t: TestContext, cut: CutKind, work: (machine: QemuMachine) => Promise<void>): Promise<void> {
  const image = await imageOrSkip(t)
  if (image === undefined) return
  await withScratch('test-qemu', async (scratch) => {
    const directory = scratch.file('d'.repeat(120))
    mkdirSync(directory)
    const [disk, initramfs] = [join(directory, 'disk.raw'), join(directory, 'initramfs')]
    writeFileSync(disk, Buffer.alloc(2 ** 20))
    writeFileSync(initramfs, 'nothing to boot from')
    const machine = new QemuMachine({
      directory,
      scratch,
      cut,
      options: {
        accelerator: 'tcg',
        memoryBytes: 384 * 2 ** 20,
        kernel: image.kernel,
        initramfs,
        disk: { bus: 'virtio-blk', image: disk, format: 'raw', cache: cacheModeFacts('writeback') },
      },
      job: { disk: '/dev/vda' },
      target: '/dev/vda',
      hostCanVerify: true,
      survivor: { contract: 'volatile', survivor: disk, survivorFormat: 'raw' },
      labels: {},
    })
    try {
      await work(machine)
    } finally {
      await machine.dispose()
      await machine.dispose()
    }
  })
}

describe('a machine under QEMU', () => {
  it('tells of a guest that does not boot, with what its console said last', (t) =>
    withMachine(t, 'sigkill', async (machine) => {
      await machine.start(['agent'])
      assert.match(
        (await within(machine.died, LIMIT_MS)) ?? '',
        /^qemu-system-x86_64 ended \(status 0\): its console said last: .*Kernel panic/,
      )
      assert.match(machine.console(), /Kernel panic/)
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(machine.console(), /[\u0000-\u001F]/)
    }))

  it('is killed, says so, and can be switched on again over what survived', (t) =>
    withMachine(t, 'sigkill', async (machine) => {
      await machine.start(['agent'])
      const { died, signal, target, alsoDied } = await machine.cut('sigkill', [])
      assert.deepEqual([died, signal, alsoDied], [true, 'SIGKILL', []])
      assert.ok(isGone(target?.pid ?? 0))
      await machine.start(['verify'])
    }))

  it("tells QEMU's own words where it does not start", (t) =>
    withMachine(t, 'sigkill', async (machine) => {
      // Paused before its first instruction: it has the image's lock and does nothing.
      const machineArgs = ['-nodefaults', '-display', 'none', '-S', '-qmp', 'unix:other,server=on,wait=off']
      const disk = ['-drive', `if=virtio,format=raw,file=${machine.survivor.replaceAll(',', ',,')}`]
      const holder = startProcess('qemu-system-x86_64', [...machineArgs, ...disk], { cwd: dirname(machine.survivor) })
      t.after(() => holder.kill('SIGKILL'))
      const qmp = await connectQmp(`/proc/${holder.pid}/cwd/other`, { limitMs: LIMIT_MS })
      t.after(() => qmp.close())
      await assert.rejects(machine.start(['agent']), { code: 'RIG_FAILED', message: /ended at once .*lock/ })
    }))

  it('is ended in good order where that is the cut', (t) =>
    withMachine(t, 'sigterm', async (machine) => {
      await machine.start(['agent'])
      const { died, signal } = await machine.cut('sigterm', [])
      assert.deepEqual([died, signal], [true, 'SIGTERM'])
    }))
})
