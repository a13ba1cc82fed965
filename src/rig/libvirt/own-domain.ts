/**
 * A domain of the user's, whose agent starts at every power-on, verifies what the last run left, publishes the verdict and begins the next
 * run (deploy/systemd). All that is left to do here is to take its power away and to switch it on.
 */
import assert from 'node:assert/strict'
import { messageOf } from '../../core/errors.ts'
import type { CutKind, CutRecord, StandingMachine } from '../rig.ts'
import { type LiveDomain, NOTE_SIGKILL, destroyDomain, killDomain, noticed, resetThenKill } from './cuts.ts'
import { type DomainIdentity, qemuOf } from './qemu-process.ts'
import type { Virsh } from './virsh.ts'

export class OwnDomain implements StandingMachine {
  readonly kind = 'standing'
  readonly labels: Readonly<Record<string, string>>
  readonly #virsh: Virsh
  readonly #domain: DomainIdentity
  #said = ''
  #isCut = false

  constructor(virsh: Virsh, domain: DomainIdentity, labels: Readonly<Record<string, string>>) {
    this.#virsh = virsh
    this.#domain = domain
    this.labels = labels
  }

  async start(): Promise<void> {
    const { name } = this.#domain
    const state = await this.#virsh.state(name)
    if (state === 'running') return
    this.#said = `domain ${name} was ${state}`
    if (state === 'paused' || state === 'pmsuspended') await this.#virsh.run('resume', '--domain', name)
    else await this.#virsh.run('start', '--domain', name)
    this.#said = `domain ${name} was ${state} and has been started`
  }

  async recover(): Promise<void> {
    await this.start()
  }

  /** Its console is its own; what libvirt knows is all there is to say. */
  console(): string {
    return this.#said
  }

  async cut(kind: CutKind): Promise<CutRecord> {
    assert(!this.#isCut, 'a machine is cut once')
    this.#isCut = true
    const record = await this.#cutNow(kind)
    return noticed(this.#virsh, this.#domain.name, record)
  }

  async #cutNow(kind: CutKind): Promise<CutRecord> {
    const live = this.#virsh.isRemote ? undefined : this.#live()
    if (typeof live === 'string') return notCut(kind, live)
    switch (kind) {
      case 'virsh-destroy':
        return destroyDomain(kind, this.#virsh, live ?? this.#domain)
      case 'sigkill':
        assert(live !== undefined, 'the QEMU of another host cannot be killed from here')
        return killDomain(kind, live, { below: [], above: [] }, NOTE_SIGKILL)
      case 'guest-reset':
        assert(live !== undefined, 'the QEMU of another host cannot be killed from here')
        return resetThenKill(kind, this.#virsh, live)
      case 'host-power':
      case 'sigterm':
      case 'qmp-quit':
      case 'guest-crash':
      case 'command':
        assert.fail(`rig libvirt does not offer ${kind} for a domain that is there already`)
    }
  }

  /** The domain with its QEMU, or why there is none to be cut. */
  #live(): LiveDomain | string {
    try {
      return { ...this.#domain, pid: qemuOf(this.#domain) }
    } catch (error) {
      return messageOf(error)
    }
  }

  /** The domain is the user's: it stays as it is. */
  dispose(): Promise<void> {
    return Promise.resolve()
  }
}

const notCut = (kind: CutKind, why: string): CutRecord => ({
  kind,
  at: new Date().toISOString(),
  alsoDied: [],
  died: false,
  note: `${why}; nothing was killed`,
})
