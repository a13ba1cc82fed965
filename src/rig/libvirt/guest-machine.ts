/**
 * A guest of ours as a transient domain: switched on with a job, cut, and where it is asked to verify inside, switched on again over
 * what survived. It cannot outlive us: held-domain.ts.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SCRATCH_VARIABLE } from '../../io/process.ts'
import type { Scratch } from '../../io/scratch.ts'
import { consoleTail } from '../guest/console-tail.ts'
import { guestUrl } from '../guest/guest-url.ts'
import { type GuestFile, type GuestJob, jobText } from '../guest/job.ts'
import { isGone, signalTo, untilGone } from '../power.ts'
import { hostParts } from '../qemu/machine.ts'
import { withCaveat } from '../qemu/told.ts'
import type { CutKind, CutRecord, GuestMachine, Survivor, Victim } from '../rig.ts'
import { NOTE_HOST_POWER, type VolatileDisk } from '../volatile-disk.ts'
import { type LiveDomain, NOTE_SIGKILL, destroyDomain, killDomain, noticed, resetThenKill, untilOff } from './cuts.ts'
import { type DomainOptions, domainXml } from './domain-xml.ts'
import { type HeldDomain, holdDomain } from './held-domain.ts'
import { isQemuOf } from './qemu-process.ts'
import type { Virsh } from './virsh.ts'

/** What a machine is made of, all there before it is switched on. */
export interface GuestDomainParts {
  readonly directory: string
  readonly scratch?: Scratch
  readonly virsh: Virsh
  /** The only cut that this machine is built for. */
  readonly cut: CutKind
  /** Everything of the domain but what changes with each start. */
  readonly options: Omit<DomainOptions, 'name' | 'uuid' | 'jobPath' | 'consolePath' | 'onReboot' | 'environment'>
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

/** One time that the domain runs. */
interface Running extends LiveDomain {
  readonly held: HeldDomain
}

let machines = 0

export class GuestDomain implements GuestMachine {
  readonly kind = 'guest'
  readonly target: string
  readonly hostCanVerify: boolean
  readonly contract: Survivor['contract']
  readonly survivor: string
  readonly survivorFormat: Survivor['survivorFormat']
  readonly labels: Readonly<Record<string, string>>
  readonly died: Promise<string>
  readonly #parts: GuestDomainParts
  /** Unique on this host: libvirt's names are for all its users. */
  readonly #name = `plugpull-${process.pid}-${++machines}`
  #tellDeath: (message: string) => void = () => undefined
  #running: Running | undefined
  #starts = 0
  #isCut = false
  #endAfterCut: string | undefined
  #isDisposed = false

  constructor(parts: GuestDomainParts) {
    this.#parts = parts
    this.target = parts.target
    this.hostCanVerify = parts.hostCanVerify
    this.contract = parts.survivor.contract
    this.survivor = parts.survivor.survivor
    this.survivorFormat = parts.survivor.survivorFormat
    this.labels = parts.labels
    this.died = new Promise((resolve) => (this.#tellDeath = resolve))
    const { hostDisk } = parts
    if (hostDisk !== undefined)
      for (const { exited, command } of [hostDisk.nbdkit, hostDisk.nbdfuse])
        void exited.then(({ code, signal }) => this.#onEnd(`${command} ended (${signal ?? `status ${code}`})`))
  }

  guestUrl(url: string): string {
    return guestUrl(url)
  }

  async start(command: readonly string[], files: readonly GuestFile[] = []): Promise<void> {
    assert(!this.#isDisposed, 'a machine is not started after it was given back')
    assert(this.#running === undefined, 'a machine is started once, and once more after its cut')
    const { directory, virsh, scratch, job } = this.#parts
    const domain = { name: this.#name, uuid: randomUUID() }
    const number = ++this.#starts
    const jobPath = join(directory, `job-${number}.txt`)
    const xmlPath = join(directory, `domain-${number}.xml`)
    writeFileSync(jobPath, jobText({ ...job, command }))
    writeFileSync(
      xmlPath,
      domainXml({
        ...this.#optionsNow(),
        ...domain,
        jobPath,
        files: this.#linked(files, number),
        consolePath: this.#consolePath(),
      }),
    )
    const held = await holdDomain(virsh, domain, xmlPath, scratch)
    this.#running = { ...domain, pid: held.pid, held }
    const isAfterCut = this.#isCut
    const what = `the domain's QEMU (pid ${held.pid}) ended`
    void held.exited.then(() => (isAfterCut ? (this.#endAfterCut = what) : this.#onEnd(what)))
  }

  /** Under names of ours: libvirt hands a path on to QEMU as it is, where a comma ends it. */
  #linked(files: readonly GuestFile[], start: number): readonly GuestFile[] {
    return files.map(({ name, path }) => {
      const link = join(this.#parts.directory, `${name}-${start}`)
      symlinkSync(path, link)
      return { name, path: link }
    })
  }

  /** After the cut, the image itself: the host's disk is gone, what it had stored is there. */
  #optionsNow(): Omit<DomainOptions, 'name' | 'uuid' | 'jobPath' | 'consolePath'> {
    const { options, survivor, cut, scratch } = this.#parts
    return {
      ...options,
      disk: this.#isCut ? { ...options.disk, path: survivor.survivor } : options.disk,
      onReboot: cut === 'guest-reset' ? 'restart' : 'destroy',
      environment: scratch === undefined ? {} : { [SCRATCH_VARIABLE]: scratch.path },
    }
  }

  #onEnd(what: string): void {
    // After the cut, and at the end, its end is what was wanted.
    if (this.#isCut || this.#isDisposed) return
    const console = this.console()
    this.#tellDeath(`${what}; its console ${console === '' ? 'said nothing' : `said last: ${console}`}`)
  }

  #consolePath(): string {
    return join(this.#parts.directory, `console-${Math.max(1, this.#starts)}.log`)
  }

  console(): string {
    return consoleTail(this.#consolePath())
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
    const { virsh, caveat } = this.#parts
    const outcome = withCaveat(await this.#cutNow(kind, running, victims), caveat)
    const record = await noticed(virsh, running.name, outcome)
    if (record.died) {
      this.#running = undefined
      await running.held.release()
    }
    return record
  }

  #cutNow(kind: CutKind, running: Running, victims: readonly Victim[]): Promise<CutRecord> {
    const { virsh, hostDisk } = this.#parts
    switch (kind) {
      case 'sigkill':
        return killDomain(kind, running, { below: [], above: victims }, NOTE_SIGKILL)
      case 'host-power':
        return killDomain(kind, running, { below: hostParts(hostDisk), above: victims }, NOTE_HOST_POWER)
      case 'virsh-destroy':
        return destroyDomain(kind, virsh, running)
      case 'guest-reset':
        return resetThenKill(kind, virsh, running)
      case 'sigterm':
      case 'qmp-quit':
      case 'guest-crash':
      case 'command':
        assert.fail(`rig libvirt does not offer ${kind}`)
    }
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true
    const running = this.#running
    this.#running = undefined
    if (running !== undefined) await this.#end(running).catch(() => undefined)
    await Promise.allSettled([this.#parts.hostDisk?.release()])
  }

  /** By signal first: what a dying QEMU writes back nobody wants, and libvirt takes its time. Where that fails, libvirt does it. */
  async #end({ pid, name, uuid, held }: Running): Promise<void> {
    const qemu = { what: name, pid }
    try {
      if (!isGone(pid) && isQemuOf(pid, { name, uuid })) {
        signalTo(pid, 'SIGKILL')
        await untilGone([qemu])
      }
      await untilOff(this.#parts.virsh, name)
    } finally {
      await held.release()
      await untilGone([qemu])
    }
  }
}
