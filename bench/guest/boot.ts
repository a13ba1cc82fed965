/** One boot of the bench's guest under emulation (TCG), from power-on until it powers itself off. */
import { readFileSync, writeFileSync } from 'node:fs'
import { ProbeError } from '../../src/core/errors.ts'
import { startProcess, within } from '../../src/io/process.ts'
import type { Scratch } from '../../src/io/scratch.ts'
import { cacheModeFacts } from '../../src/rig/cache-mode.ts'
import { consoleTail } from '../../src/rig/guest/console-tail.ts'
import { diskName } from '../../src/rig/guest/disk-name.ts'
import { jobText } from '../../src/rig/guest/job.ts'
import { qemuArguments } from '../../src/rig/qemu/arguments.ts'
import { benchImage } from './image.ts'

const QEMU = 'qemu-system-x86_64'
/** The unpacked archives stand in memory, fio's libraries among them. */
const MEMORY_BYTES = 2 ** 30
const BOOT_LIMIT_MS = 60_000
const ENDED = 'plugpull guest: ended with status'

export const GUEST_DISK = diskName('virtio-blk')

export interface Boot {
  readonly scratch: Scratch
  /** A raw file, as large as the disk is to be and with its blocks reserved. */
  readonly disk: string
  /** Shell lines for the guest. */
  readonly lines: readonly string[]
  readonly limitMs: number
  readonly signal: AbortSignal
}

/** What the guest said on its console. Throws RIG_FAILED where it did not come to its end. */
export async function bootGuest({ scratch, disk, lines, limitMs, signal }: Boot): Promise<string> {
  const { kernel, initramfs } = await benchImage(scratch, lines)
  writeFileSync(scratch.file('job'), jobText({ disk: GUEST_DISK, command: ['--version'] }))
  const args = qemuArguments({
    accelerator: 'tcg',
    memoryBytes: MEMORY_BYTES,
    kernel,
    initramfs,
    disk: { bus: 'virtio-blk', image: disk, format: 'raw', cache: cacheModeFacts('none') },
    jobFile: 'job',
    consoleFile: 'console',
    qmpSocket: 'qmp',
  })
  const qemu = startProcess(QEMU, args, { cwd: scratch.path, scratch })
  const stop = (): void => void qemu.kill('SIGKILL')
  signal.addEventListener('abort', stop, { once: true })
  try {
    const exit = await within(qemu.exited, BOOT_LIMIT_MS + limitMs)
    signal.throwIfAborted()
    const console = scratch.file('console')
    const said = exit === undefined ? '' : readFileSync(console, 'utf8')
    if (said.includes(ENDED)) return said
    const how = exit === undefined ? 'did not come to its end in time' : `ended early: ${qemu.errorTail()}`
    throw new ProbeError('RIG_FAILED', `the guest ${how}; its console said last: ${consoleTail(console)}`)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    await qemu.exited
  }
}
