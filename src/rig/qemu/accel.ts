/**
 * Which accelerator a guest gets. /dev/kvm may be there and yet run no guest (nested virtualisation, a sandbox), so KVM is decided
 * by trying: the very guest image is booted with it. The answer is remembered until the host boots again: a KVM that hangs would cost
 * every command the whole limit of a trial.
 */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError, errnoOf } from '../../core/errors.ts'
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import { startProcess } from '../../io/process.ts'
import type { Scratch } from '../../io/scratch.ts'
import { consoleTail } from '../guest/console-tail.ts'
import { diskName } from '../guest/disk-name.ts'
import { type Bus, type GuestImage, READY_MARK } from '../guest/guest-image.ts'
import { jobText } from '../guest/job.ts'
import { type Accelerator, qemuArguments } from './arguments.ts'
import type { Acceleration } from './options.ts'
import { type Obstacle, recall, remember, trialKey } from './trial-memory.ts'

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

/** The guest that is to run; its image has the driver of that bus alone. */
export interface TrialGuest {
  readonly image: GuestImage
  readonly bus: Bus
}

/** Answers of this process, so that machines side by side wait for the same trial. */
const known = new Map<string, Promise<Obstacle>>()

/** The accelerator to use. Throws RIG_UNAVAILABLE where KVM is asked for and does not run a guest. */
export async function acceleratorFor(asked: Acceleration, guest: TrialGuest, place: TrialPlace): Promise<Accelerator> {
  if (asked === 'tcg') return 'tcg'
  const obstacle = await knownObstacle(asked, guest, place)
  if (obstacle === undefined) return 'kvm'
  if (asked === 'auto') return 'tcg'
  throw new ProbeError('RIG_UNAVAILABLE', `--accel kvm cannot be had here: ${obstacle}; use --accel tcg`)
}

async function knownObstacle(asked: Acceleration, guest: TrialGuest, place: TrialPlace): Promise<Obstacle> {
  const key = `${asked} ${guest.image.kernelVersion}`
  const answer = known.get(key) ?? kvmObstacle(asked, guest, place)
  known.set(key, answer)
  try {
    return await answer
  } catch (error) {
    // A trial that could not be made is no answer.
    known.delete(key)
    throw error
  }
}

async function kvmObstacle(asked: Acceleration, guest: TrialGuest, place: TrialPlace): Promise<Obstacle> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch (error) {
    return `/dev/kvm cannot be opened (${errnoOf(error) ?? 'unknown error'})`
  }
  const key = await trialKey(guest.image.kernelVersion)
  const remembered = recall(key)
  // Who asks for KVM by name is not refused by what was so before: it is tried anew.
  if (remembered !== undefined && (asked === 'auto' || remembered.obstacle === undefined)) return remembered.obstacle
  const obstacle = await tryIn(guest, place)
  remember(key, { obstacle })
  return obstacle
}

async function tryIn(guest: TrialGuest, place: TrialPlace): Promise<Obstacle> {
  const directory = mkdtempSync(join(place.directory, 'kvm-'))
  try {
    return await tryKvm(guest, directory, place.scratch)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function tryKvm({ image, bus }: TrialGuest, directory: string, scratch: Scratch | undefined): Promise<Obstacle> {
  const disk = join(directory, 'disk')
  writeFileSync(disk, Buffer.alloc(2 ** 20))
  writeFileSync(join(directory, 'job'), jobText({ disk: diskName(bus), command: ['--version'] }))
  const args = qemuArguments({
    accelerator: 'kvm',
    memoryBytes: MEMORY_BYTES,
    kernel: image.kernel,
    initramfs: image.initramfs,
    disk: {
      bus,
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
