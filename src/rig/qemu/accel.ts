/**
 * Which accelerator a guest gets. /dev/kvm may be there and yet run no guest (nested virtualisation, a sandbox), so KVM is decided
 * by trying: the very guest image is booted with it. The answer holds for the life of this process.
 */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError, errnoOf } from '../../core/errors.ts'
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import { startProcess } from '../../io/process.ts'
import type { Scratch } from '../../io/scratch.ts'
import { consoleTail } from '../guest/console-tail.ts'
import { type GuestImage, READY_MARK } from '../guest/guest-image.ts'
import { jobText } from '../guest/job.ts'
import { type Accelerator, qemuArguments } from './arguments.ts'
import type { Acceleration } from './options.ts'

/** A guest that KVM runs is up in two seconds, also on a busy machine in a few. */
const TRIAL_LIMIT_MS = 12_000
const POLL_MS = 20
const MEMORY_BYTES = 512 * 2 ** 20

/** Where a trial is made. */
export interface TrialPlace {
  /** A folder for its files; what the trial makes in it is gone afterwards. */
  readonly directory: string
  readonly scratch?: Scratch
}

/** `undefined` where KVM runs a guest; else why not. */
type Obstacle = string | undefined

let known: Promise<Obstacle> | undefined

/** The accelerator to use. Throws RIG_UNAVAILABLE where KVM is asked for and does not run a guest. */
export async function acceleratorFor(asked: Acceleration, image: GuestImage, place: TrialPlace): Promise<Accelerator> {
  if (asked === 'tcg') return 'tcg'
  known ??= kvmObstacle(image, place)
  const obstacle = await known
  if (obstacle === undefined) return 'kvm'
  if (asked === 'auto') return 'tcg'
  throw new ProbeError('RIG_UNAVAILABLE', `--accel kvm cannot be had here: ${obstacle}; use --accel tcg`)
}

async function kvmObstacle(image: GuestImage, place: TrialPlace): Promise<Obstacle> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch (error) {
    return `/dev/kvm cannot be opened (${errnoOf(error) ?? 'unknown error'})`
  }
  const directory = mkdtempSync(join(place.directory, 'kvm-'))
  try {
    return await tryKvm(image, directory, place.scratch)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function tryKvm(image: GuestImage, directory: string, scratch: Scratch | undefined): Promise<Obstacle> {
  const disk = join(directory, 'disk')
  writeFileSync(disk, Buffer.alloc(2 ** 20))
  writeFileSync(join(directory, 'job'), jobText({ disk: '/dev/vda', command: ['--version'] }))
  const args = qemuArguments({
    accelerator: 'kvm',
    memoryBytes: MEMORY_BYTES,
    kernel: image.kernel,
    initramfs: image.initramfs,
    disk: {
      bus: 'virtio-blk',
      image: disk,
      format: 'raw',
      cache: { direct: false, noFlush: true, writethrough: false },
    },
    jobFile: 'job',
    consoleFile: 'console',
    qmpSocket: 'qmp',
  })
  const qemu = startProcess('qemu-system-x86_64', args, {
    cwd: directory,
    ...(scratch === undefined ? {} : { scratch }),
  })
  const path = join(directory, 'console')
  try {
    const until = monotonicMs() + TRIAL_LIMIT_MS
    while (qemu.running && monotonicMs() < until && !saysReady(path)) await sleepMs(POLL_MS)
    if (saysReady(path)) return undefined
    const how = qemu.running ? `did not boot within ${TRIAL_LIMIT_MS / 1000} s` : 'ended before it had booted'
    return `a guest under KVM ${how}: ${[qemu.errorTail(), consoleTail(path)].filter((text) => text !== '').join('; ') || 'it said nothing'}`
  } finally {
    qemu.kill('SIGKILL')
    await qemu.exited
  }
}

function saysReady(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes(READY_MARK)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    return false
  }
}
