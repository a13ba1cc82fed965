/**
 * A machine made of processes around one `qemu-storage-daemon`: what storage-daemon and host-power have in common.
 * The processes are killed in the order in which they are given, ahead of the caller's victims.
 */
import assert from 'node:assert/strict'
import type { ManagedProcess } from '../io/process.ts'
import { runTool } from '../io/process.ts'
import type { StorageDaemon } from '../io/storage-daemon.ts'
import { cacheModeFacts } from './cache-mode.ts'
import type { Image } from './image.ts'
import { killInOneGo, terminateThenKill } from './power.ts'
import type { AgentMachine, CutKind, CutRecord, RigSetup, Victim } from './rig.ts'

/** A process of the machine. */
export interface Part extends Victim {
  readonly exited: ManagedProcess['exited']
  errorTail(): string
}

export interface DaemonMachineParts {
  readonly setup: RigSetup
  readonly image: Image
  readonly daemon: StorageDaemon
  /** Every process in the order of the cut. */
  readonly parts: readonly [Part, ...Part[]]
  readonly versions: Readonly<Record<string, string>>
  /** One sentence on what the cut takes away. */
  readonly note: string
  /** Gives back everything but the daemon, in order. */
  readonly release: () => Promise<void>
}

export const daemonPart = (daemon: StorageDaemon): Part => ({
  what: 'qemu-storage-daemon',
  pid: daemon.pid,
  exited: daemon.exited,
  errorTail: () => daemon.errorTail(),
})

export class DaemonMachine implements AgentMachine {
  readonly kind = 'agent'
  readonly target: string
  readonly survivor: string
  readonly survivorFormat: 'raw' | 'qcow2'
  readonly contract: 'volatile' | 'write-through'
  readonly labels: Readonly<Record<string, string>>
  readonly died: Promise<string>
  readonly #parts: DaemonMachineParts
  #ended = false

  constructor(parts: DaemonMachineParts) {
    this.#parts = parts
    const { setup, image, daemon } = parts
    this.target = daemon.path
    this.survivor = image.path
    this.survivorFormat = image.kind.format
    this.contract = cacheModeFacts(setup.cache).contract
    this.labels = {
      ...parts.versions,
      ...(image.clusterBytes === undefined ? {} : { cluster: String(image.clusterBytes) }),
    }
    this.died = Promise.race(parts.parts.map((part) => this.#deathOf(part)))
  }

  async #deathOf(part: Part): Promise<string> {
    const { code, signal } = await part.exited
    // Its end is what the cut is for: nothing to tell then.
    if (this.#ended) return new Promise(() => undefined)
    return `${part.what} ended (${signal ?? `status ${code}`}): ${part.errorTail() || 'it said nothing'}`
  }

  async cut(kind: CutKind, victims: readonly Victim[]): Promise<CutRecord> {
    assert(!this.#ended, 'a machine is cut once, before it is disposed of')
    this.#ended = true
    const [first, ...rest] = this.#parts.parts.map(({ what, pid }) => ({ what, pid }))
    assert(first !== undefined, 'a machine has a process')
    const doomed = [first, ...rest, ...victims] as const
    return kind === 'sigterm'
      ? terminateThenKill(kind, doomed, NOTE_SIGTERM)
      : killInOneGo(kind, doomed, this.#parts.note)
  }

  async dispose(): Promise<void> {
    this.#ended = true
    await disposed(this.#parts.daemon, this.#parts.release)
  }
}

const NOTE_SIGTERM = 'an orderly end: QEMU writes its metadata back'

/** The daemon first, then what it stands on; whatever fails, the rest is still given back. */
async function disposed(daemon: StorageDaemon, release: () => Promise<void>): Promise<void> {
  daemon.kill('SIGKILL')
  await Promise.allSettled([daemon.stop()])
  await Promise.allSettled([release()])
}

/** Version lines of the programs, for the run's labels. */
export async function versionsOf(programs: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const entries = await Promise.all(programs.map(async (program) => [program, await versionOf(program)] as const))
  return Object.fromEntries(entries)
}

const versions = new Map<string, Promise<string>>()

function versionOf(program: string): Promise<string> {
  const known = versions.get(program)
  if (known !== undefined) return known
  const asked = runTool(program, ['--version']).then(({ stdout }) => stdout.split('\n')[0]?.trim() ?? '')
  versions.set(program, asked)
  return asked
}
