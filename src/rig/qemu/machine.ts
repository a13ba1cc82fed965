/**
 * A virtual machine of ours, directly under qemu-system-x86_64: switched on with a job for its guest, cut, and where it is asked to
 * verify inside, switched on again over what survived.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError } from '../../core/errors.ts'
import { type Exit, type ManagedProcess, startProcess, within } from '../../io/process.ts'
import type { Scratch } from '../../io/scratch.ts'
import { faultless } from '../guest/fault.ts'
import { consoleTail } from '../guest/console-tail.ts'
import { guestUrl } from '../guest/guest-url.ts'
import { type GuestFile, type GuestJob, jobText } from '../guest/job.ts'
import { killInOneGo, terminateThenKill } from '../power.ts'
import type { CutKind, CutRecord, GuestMachine, Survivor, Victim } from '../rig.ts'
import { NOTE_HOST_POWER, type VolatileDisk, hostVictims } from '../volatile-disk.ts'
import { type QemuOptions, qemuArguments } from './arguments.ts'
import { crashGuest, quitQemu, resetThenKill } from './cuts.ts'
import { type Qmp, connectQmp } from './qmp.ts'
import { withCaveat } from './told.ts'

const QEMU = 'qemu-system-x86_64'
const START_LIMIT_MS = 30_000
/** For a QEMU that has hung up to end: why it did is in its last words. */
const LAST_WORDS_LIMIT_MS = 2000

/** What a machine is made of, all there before it is switched on. */
export interface QemuMachineParts {
  readonly directory: string
  readonly scratch?: Scratch
  /** The only cut that this machine is built for. */
  readonly cut: CutKind
  /** Everything of the command line but what changes with each start. */
  readonly options: Omit<QemuOptions, 'jobFile' | 'consoleFile' | 'qmpSocket'>
  /** Everything of the job but the command. */
  readonly job: Omit<GuestJob, 'command'>
  readonly target: string
  readonly hostCanVerify: boolean
  /** Where the image is once the host's disk, if there is one, is dead. */
  readonly survivor: Survivor
  /** The host's disk on which the image lies until the cut; only for host-power. */
  readonly hostDisk?: VolatileDisk
  readonly labels: Readonly<Record<string, string>>
  /** What the note of the cut has to say besides. */
  readonly caveat?: string
}

/** One time that QEMU runs. */
interface Running {
  readonly process: ManagedProcess
  readonly qmp: Qmp
}

export class QemuMachine implements GuestMachine {
  readonly kind = 'guest'
  readonly target: string
  readonly hostCanVerify: boolean
  readonly contract: Survivor['contract']
  readonly survivor: string
  readonly survivorFormat: Survivor['survivorFormat']
  readonly labels: Readonly<Record<string, string>>
  readonly died: Promise<string>
  readonly #parts: QemuMachineParts
  #tellDeath: (message: string) => void = () => undefined
  #running: Running | undefined
  #starts = 0
  #isCut = false
  #endAfterCut: string | undefined
  #isDisposed = false

  constructor(parts: QemuMachineParts) {
    this.#parts = parts
    this.target = parts.target
    this.hostCanVerify = parts.hostCanVerify
    this.contract = parts.survivor.contract
    this.survivor = parts.survivor.survivor
    this.survivorFormat = parts.survivor.survivorFormat
    this.labels = parts.labels
    this.died = new Promise((resolve) => (this.#tellDeath = resolve))
    if (parts.hostDisk !== undefined)
      for (const part of [parts.hostDisk.nbdkit, parts.hostDisk.nbdfuse])
        void part.exited.then((exit) => this.#onEnd(part, exit))
  }

  guestUrl(url: string): string {
    return guestUrl(url)
  }

  async start(command: readonly string[], files: readonly GuestFile[] = []): Promise<void> {
    assert(!this.#isDisposed, 'a machine is not started after it was given back')
    assert(this.#running === undefined, 'a machine is started once, and once more after its cut')
    const { directory, scratch } = this.#parts
    const number = ++this.#starts
    const jobFile = `job-${number}.txt`
    writeFileSync(join(directory, jobFile), jobText({ ...this.#jobNow(), command }))
    const names = { jobFile, files, consoleFile: consoleName(number), qmpSocket: 'qmp' }
    const args = qemuArguments({ ...this.#optionsNow(), ...names })
    const process = startProcess(QEMU, args, { cwd: directory, ...(scratch === undefined ? {} : { scratch }) })
    const isAfterCut = this.#isCut
    void process.exited.then((exit) =>
      isAfterCut ? (this.#endAfterCut = howEnded(process, exit)) : this.#onEnd(process, exit),
    )
    try {
      this.#running = { process, qmp: await runningQmp(process) }
    } catch (error) {
      process.kill('SIGKILL')
      await process.exited
      throw error
    }
  }

  /** After the cut, the image itself: the host's disk is gone, what it had stored is there. */
  #optionsNow(): QemuMachineParts['options'] {
    const { options, survivor } = this.#parts
    return this.#isCut ? { ...options, disk: { ...options.disk, image: survivor.survivor } } : options
  }

  /** After the cut, the same disk under the same name, without its fault. */
  #jobNow(): QemuMachineParts['job'] {
    const { job } = this.#parts
    return this.#isCut && job.mapping !== undefined ? { ...job, mapping: faultless(job.disk) } : job
  }

  #onEnd(part: ManagedProcess, exit: Exit): void {
    // After the cut, and at the end, its end is what was wanted.
    if (this.#isCut || this.#isDisposed) return
    const console = this.console()
    const words = [part.errorTail(), console === '' ? '' : `its console said last: ${console}`].filter(
      (text) => text !== '',
    )
    this.#tellDeath(`${howEnded(part, exit)}: ${words.join('; ') || 'it said nothing'}`)
  }

  console(): string {
    return consoleTail(join(this.#parts.directory, consoleName(Math.max(1, this.#starts))))
  }

  ended(): string | undefined {
    return this.#endAfterCut
  }

  async cut(kind: CutKind, victims: readonly Victim[]): Promise<CutRecord> {
    assert(!this.#isCut && !this.#isDisposed, 'a machine is cut once, before it is disposed of')
    assert(kind === this.#parts.cut, 'a machine is cut in the way that it was built for')
    const running = this.#running
    assert(running !== undefined, 'a machine is started before it is cut')
    this.#isCut = true
    const record = withCaveat(await this.#cutNow(kind, running, victims), this.#parts.caveat)
    running.qmp.close()
    if (record.died) this.#running = undefined
    return record
  }

  #cutNow(kind: CutKind, { process, qmp }: Running, victims: readonly Victim[]): Promise<CutRecord> {
    const qemu = { what: QEMU, pid: process.pid, qmp, exited: process.exited }
    const victim = { what: QEMU, pid: process.pid }
    switch (kind) {
      case 'sigkill':
        return killInOneGo(kind, [victim, ...victims], "QEMU's memory is lost, the host's page cache survives")
      case 'sigterm':
        return terminateThenKill(kind, [victim, ...victims], 'an orderly end: QEMU writes its metadata back')
      case 'host-power':
        return killInOneGo(kind, [...hostParts(this.#parts.hostDisk), victim, ...victims], NOTE_HOST_POWER)
      case 'qmp-quit':
        return quitQemu(kind, qemu)
      case 'guest-reset':
        return resetThenKill(kind, qemu)
      case 'guest-crash':
        return crashGuest(kind, qemu)
      case 'virsh-destroy':
      case 'command':
        assert.fail(`rig qemu does not offer ${kind}`)
    }
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true
    const running = this.#running
    this.#running = undefined
    running?.qmp.close()
    running?.process.kill('SIGKILL')
    await running?.process.exited
    await Promise.allSettled([this.#parts.hostDisk?.release()])
  }
}

const howEnded = ({ command }: ManagedProcess, { code, signal }: Exit): string =>
  `${command} ended (${signal ?? `status ${code}`})`

const consoleName = (start: number): string => `console-${start}.log`

export function hostParts(disk: VolatileDisk | undefined): readonly [Victim, Victim] {
  assert(disk !== undefined, 'a machine that is to lose its host stands on a volatile disk')
  return hostVictims(disk)
}

/** The connection to a QEMU that runs its guest. The folder is QEMU's own, so the path is short whatever it is called. */
async function runningQmp(process: ManagedProcess): Promise<Qmp> {
  try {
    return await connectQmp(`/proc/${process.pid}/cwd/qmp`, {
      limitMs: START_LIMIT_MS,
      isRunning: () => process.running,
    })
  } catch (error) {
    const exit = await within(process.exited, LAST_WORDS_LIMIT_MS)
    if (exit === undefined) throw error
    const { code, signal } = exit
    throw new ProbeError(
      'RIG_FAILED',
      `${QEMU} ended at once (${signal ?? `status ${code}`}): ${process.errorTail() || 'it said nothing'}`,
      { cause: error },
    )
  }
}
