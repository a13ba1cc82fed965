/** The machine of rig `libguestfs`: host's disk, appliance, guestfish; what dies at which cut, and how what survived is read. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Image } from '../image.ts'
import { killInOneGo } from '../power.ts'
import type { AgentMachine, CutKind, CutRecord, RigSetup, Victim } from '../rig.ts'
import { NOTE_HOST_POWER, type VolatileDisk, hostVictims } from '../volatile-disk.ts'
import { takeOut } from './disk.ts'
import type { LibguestfsMount } from './mount.ts'

export interface LibguestfsParts {
  readonly setup: RigSetup
  readonly image: Image
  /** Absent where the host stays up: then the image lies on the host's own disk. */
  readonly disk?: VolatileDisk
  readonly mount: LibguestfsMount
  readonly versions: Readonly<Record<string, string>>
}

export class LibguestfsMachine implements AgentMachine {
  readonly kind = 'agent'
  readonly target: string
  readonly survivor: string
  readonly survivorFormat = 'raw'
  readonly contract = 'volatile'
  readonly labels: Readonly<Record<string, string>>
  readonly died: Promise<string>
  readonly #parts: LibguestfsParts
  #ended = false

  constructor(parts: LibguestfsParts) {
    this.#parts = parts
    const { setup, disk, mount, versions } = parts
    this.target = mount.target
    this.survivor = join(setup.directory, 'survivor.raw')
    this.labels = versions
    const processes = [...(disk === undefined ? [] : [disk.nbdkit, disk.nbdfuse]), mount.guestfish]
    this.died = Promise.race(processes.map((part) => this.#deathOf(part)))
  }

  async #deathOf(part: LibguestfsMount['guestfish']): Promise<string> {
    const { code, signal } = await part.exited
    // Its end is what the cut is for: nothing to tell then.
    if (this.#ended) return new Promise(() => undefined)
    return `${part.command} ended (${signal ?? `status ${code}`}): ${part.errorTail() || 'it said nothing'}`
  }

  async cut(kind: CutKind, victims: readonly Victim[]): Promise<CutRecord> {
    assert(!this.#ended, 'a machine is cut once, before it is disposed of')
    this.#ended = true
    const { disk, mount, setup, image } = this.#parts
    const appliance = { what: "qemu (libguestfs' appliance)", pid: mount.qemuPid }
    const guestfish = { what: 'guestfish', pid: mount.guestfish.pid }
    const guests = [appliance, guestfish, ...victims] as const
    const record =
      disk === undefined
        ? await killInOneGo(kind, guests, "the appliance's memory is lost, the host's page cache survives")
        : await killInOneGo(kind, [...hostVictims(disk), ...guests], NOTE_HOST_POWER)
    if (!record.died) return record
    await this.#giveBack()
    const problem = await takeOut(setup, image, this.survivor)
    return problem === undefined
      ? record
      : { ...record, note: `${record.note ?? ''}; the disk does not open again: ${problem}` }
  }

  async #giveBack(): Promise<void> {
    await Promise.allSettled([this.#parts.mount.release()])
    await Promise.allSettled([this.#parts.disk?.release()])
  }

  async dispose(): Promise<void> {
    this.#ended = true
    await this.#giveBack()
  }
}
