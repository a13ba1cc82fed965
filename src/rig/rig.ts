/**
 * The port of a rig: a way to give an agent a disk and then to take its power away.
 *
 * A rig knows how a disk is built, told to the guest, and killed; it knows nothing of workloads' verdicts, collectors or
 * campaigns, which are the loop's (loop.ts). One conformance suite (test/contract/rig.ts) holds every rig to the MUSTs below.
 * Two kinds of machine: one that exports a path for an agent process, and one that runs the workload itself (sim).
 */
import type { RawOptions } from '../core/agent-options.ts'
import type { CutRecord } from '../core/campaign.ts'
import type { Manifest } from '../core/manifest.ts'
import type { Scratch } from '../io/scratch.ts'

export type { CutRecord } from '../core/campaign.ts'

/** What kind of end a machine comes to. What each rig offers is in `RigKind.cuts`. */
export const CUT_KINDS = ['sigkill', 'sigterm', 'host-power'] as const
export type CutKind = (typeof CUT_KINDS)[number]

/** QEMU's cache modes; what they mean to qemu-storage-daemon is in cache-mode.ts. */
export const CACHE_MODES = ['none', 'writeback', 'writethrough', 'directsync', 'unsafe'] as const
export type CacheMode = (typeof CACHE_MODES)[number]

/** Image formats by their public names; how each is made is in image.ts. */
export const IMAGE_NAMES = ['raw', 'qcow2', 'qcow2-extl2', 'qcow2-overlay', 'qcow2-overlay-extl2'] as const
export type ImageName = (typeof IMAGE_NAMES)[number]

/** Everything a cycle's machine is made from. */
export interface RigSetup {
  /** An empty directory of this cycle alone; the caller removes it after `dispose`. */
  readonly directory: string
  /** Where processes are noted, so that they are ended even if this one is killed. */
  readonly scratch?: Scratch
  readonly image: ImageName
  readonly cache: CacheMode
  readonly sizeBytes: number
  /** Cluster of a qcow2 image; `undefined` takes the default of the image. */
  readonly clusterBytes?: number
  /** 16 hexadecimal digits, new for every cycle: whatever a rig draws at random MUST follow from it. */
  readonly seed: string
  /** A way of breaking the contract, for rigs that can be asked to (`RigKind.faults`). */
  readonly fault?: string
}

/** A process of the caller's that loses its power together with the machine: the agent. */
export interface Victim {
  readonly what: string
  readonly pid: number
}

/** What a machine that runs the workload itself is asked to run. */
export interface OwnRunRequest {
  /** Run key for manifest and stamps: 16 hexadecimal digits. */
  readonly run: string
  readonly campaign: string
  /** Workload options as they were given; core/agent-options.ts parses them. `seed` is always among them. */
  readonly options: RawOptions
  readonly labels: Readonly<Record<string, string>>
  /** Wall time that the run may last at most; a simulator may take it as simulated time. */
  readonly cutAfterMs: number
}

/** What such a run leaves: exactly what a collector would hold of it after the cut. */
export interface OwnRun {
  readonly manifest: Manifest
  /** The log from offset 0, in pieces of at most 4 MiB. */
  readonly log: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** One line for people on what was simulated; has the seed. */
  readonly note: string
}

/** One disk, from power on to after the cut. */
export type Machine = AgentMachine | SelfRunningMachine

interface MachineCommon {
  /** Facts for the run's labels: cache mode, image format, versions of the programs. */
  readonly labels: Readonly<Record<string, string>>
  /** The contract that the guest is told by this machine, for `verify --contract`. */
  readonly contract: 'volatile' | 'write-through'
  /** What verify reads after the cut: a path that MUST hold exactly what survived, and MUST NOT exist before `cut` unless it is the image itself. */
  readonly survivor: string
  /** How the survivor is to be read. */
  readonly survivorFormat: 'raw' | 'qcow2'
  /**
   * Cuts the power. MUST be called at most once. The machine's own processes MUST get their signal before the victims,
   * so that no close or exit of the agent reaches a disk that still has power. MUST wait until all of them are gone, or say
   * `died: false`, which makes the cycle inconclusive. After it has resolved nothing MUST change the survivor any more. A kind that the rig does not offer is a programmer error.
   */
  cut(kind: CutKind, victims: readonly Victim[]): Promise<CutRecord>
  /**
   * Gives everything back: no process, mount or descriptor of the machine MUST remain, whatever happened before (also without
   * a cut, also after a failed one). Files in `setup.directory` may remain. MUST be safe to call twice, and MUST NOT throw.
   */
  dispose(): Promise<void>
}

/** A machine that serves a path to an agent process. */
export interface AgentMachine extends MachineCommon {
  readonly kind: 'agent'
  /** The agent's `--target`; MUST hold at least `setup.sizeBytes` and be writable from `prepare` to `cut`. */
  readonly target: string
  /** Resolves, with what died and its last words, where a part of the machine dies before `cut` or `dispose` is called; else never. */
  readonly died: Promise<string>
}

/** A machine that runs agent and disk in itself, in simulated time. */
export interface SelfRunningMachine extends MachineCommon {
  readonly kind: 'self'
  /** Runs up to the moment of the cut. MUST be called at most once, before `cut`; the same setup and request MUST give the same run, byte for byte but for wall clocks. */
  run(request: OwnRunRequest): Promise<OwnRun>
}

/** A campaign beside the real one, on a device that lies: where it is not caught, nothing the campaign says can be trusted. */
export interface PositiveControl {
  /** The rig it takes; may be another one. */
  readonly rig: string
  readonly cut: CutKind
  readonly cache: CacheMode
  readonly fault?: string
  /** One sentence: what lies, and how it shows. */
  readonly why: string
}

/** A kind of rig: what it offers, what it needs, and how a machine is made. registry.ts lists them. */
export interface RigKind {
  readonly name: string
  readonly summary: string
  /** The first of each is the default. */
  readonly cuts: readonly CutKind[]
  readonly images: readonly ImageName[]
  readonly caches: readonly CacheMode[]
  /** Names for `--fault`; empty where the rig cannot be asked to lie. */
  readonly faults: readonly string[]
  /** Image size where `--size` does not say. */
  readonly defaultSizeBytes: number
  readonly positiveControl: PositiveControl
  /** Throws RIG_UNAVAILABLE that names everything missing and how to get it; MUST NOT leave anything behind. */
  require(): void
  /**
   * Builds a disk and switches it on. MUST throw a ProbeError with the last words of whatever failed, and MUST
   * then have cleaned up after itself. The disk's contents before the run MUST follow from `setup` alone.
   */
  prepare(setup: RigSetup): Promise<Machine>
}
