/**
 * The port of a rig: a way to give an agent a disk and then to take its power away.
 *
 * A rig knows how a disk is built, told to the guest, and killed; it knows nothing of workloads' verdicts, collectors or
 * campaigns, which are the loop's (loop.ts). One conformance suite (test/contract/rig.ts) holds every rig to the MUSTs below.
 * Four kinds of machine: one that exports a path for an agent process on this host, one that boots a guest in which the agent
 * runs, one that stands by itself (a user's VM whose agent starts at power-on), and one that runs the workload itself (sim).
 */
import type { OptionSpec, RawOptions } from '../core/agent-options.ts'
import type { CutRecord } from '../core/campaign/campaign.ts'
import type { Manifest } from '../core/manifest.ts'
import type { CollectorAccess } from '../io/collector-access.ts'
import type { Scratch } from '../io/scratch.ts'
import type { GuestFile } from './guest/job.ts'

export type { CutRecord } from '../core/campaign/campaign.ts'

/** What kind of end a machine comes to. What each rig offers is in `RigKind.cuts`. */
export const CUT_KINDS = [
  'sigkill',
  'sigterm',
  'qmp-quit',
  'virsh-destroy',
  'guest-reset',
  'guest-crash',
  'host-power',
  'command',
] as const
export type CutKind = (typeof CUT_KINDS)[number]

/** QEMU's cache modes; what they mean to qemu-storage-daemon is in cache-mode.ts. */
export const CACHE_MODES = ['none', 'writeback', 'writethrough', 'directsync', 'unsafe'] as const
export type CacheMode = (typeof CACHE_MODES)[number]

/** Image formats by their public names; how each is made is in image.ts. */
export const IMAGE_NAMES = [
  'raw',
  'qcow2',
  'qcow2-extl2',
  'qcow2-overlay',
  'qcow2-overlay-extl2',
  'qcow2-overlay-on-qcow2',
  'qcow2-overlay-extl2-on-extl2',
] as const
export type ImageName = (typeof IMAGE_NAMES)[number]

/** Everything a cycle's machine is made from. */
export interface RigSetup {
  /** An empty directory of this cycle alone; the caller removes it after `dispose`. */
  readonly directory: string
  /** Where processes are noted, so that they are ended even if this one is killed. */
  readonly scratch?: Scratch
  readonly image: ImageName
  readonly cache: CacheMode
  /** How the power will be cut: what a machine stands on may depend on it. */
  readonly cut: CutKind
  readonly sizeBytes: number
  /** Cluster of a qcow2 image; `undefined` takes the default of the image. */
  readonly clusterBytes?: number
  /** Backing files below an overlay; `undefined` is one. */
  readonly chainLength?: number
  /** 16 hexadecimal digits, new for every cycle: whatever a rig draws at random MUST follow from it. */
  readonly seed: string
  /** A way of breaking the contract, for rigs that can be asked to (`RigKind.faults`). */
  readonly fault?: string
  /** Values of the rig's own options (`RigKind.options`), as given on the command line; `RigKind.check` has passed them. */
  readonly options?: RawOptions
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
export type Machine = AgentMachine | GuestMachine | StandingMachine | SelfRunningMachine

interface MachineCommon {
  /** Facts for the run's labels: cache mode, image format, versions of the programs. */
  readonly labels: Readonly<Record<string, string>>
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

/** Where what survived the cut can be read on this host. */
export interface Remains {
  /** What verify reads after the cut: a path that MUST hold exactly what survived, and MUST NOT exist before `cut` unless it is the image itself. */
  readonly survivor: string
  /** How the survivor is to be read. */
  readonly survivorFormat: 'raw' | 'qcow2'
}

/** The same of a machine that knows what its guest is told. */
export interface Survivor extends Remains {
  /** The contract that the guest is told by this machine, for `verify --contract`. */
  readonly contract: 'volatile' | 'write-through'
}

interface Mortal {
  /** Resolves, with what died and its last words, where a part of the machine dies before `cut` or `dispose` is called; else never. */
  readonly died: Promise<string>
}

/** A machine that serves a path to an agent process. */
export interface AgentMachine extends MachineCommon, Survivor, Mortal {
  readonly kind: 'agent'
  /** The agent's `--target`; MUST hold at least `setup.sizeBytes` and be writable from `prepare` to `cut`. */
  readonly target: string
}

/** A machine that boots a guest of ours, in which the program runs (guest/). `prepare` leaves it switched off. */
export interface GuestMachine extends MachineCommon, Survivor, Mortal {
  readonly kind: 'guest'
  /** The target as the guest names it. */
  readonly target: string
  /** False where the survivor cannot be judged on this host: what is written to is a file in the guest's own file system. */
  readonly hostCanVerify: boolean
  /** How the guest reaches what this host reaches at `url`. */
  guestUrl(url: string): string
  /**
   * Switches the guest on with a command of the program to run, as on its command line (`agent --target …`), and files of this host
   * beside it, which the guest finds at their `guestPath` (guest/job). Resolves once the machine
   * runs, not once it has booted. MUST be called before `cut`, and MAY be called once more after it, to verify inside.
   */
  start(command: readonly string[], files?: readonly GuestFile[]): Promise<void>
  /** The last lines of the guest's console, for messages; empty where it has said nothing. */
  console(): string
  /** What ended and how, where the start after the cut is over; `undefined` while it runs, and before. */
  ended(): string | undefined
}

/** What a machine that stands by itself is told of the cycle. */
export interface StandingOrder {
  readonly collectorUrl: string
  readonly access: CollectorAccess
  readonly campaign: string
  /** Of the run that is to begin: from 1. */
  readonly cycle: number
  /** A run id that nobody uses yet; the machine's agent may take it, or choose its own. */
  readonly run: string
  /** Agent options as arguments. */
  readonly workload: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/**
 * A machine that is not ours: its agent starts by itself. The run is found at the collector, as the newest of the campaign, or
 * the one of the order's id. The verdict too is the machine's to give, unless it leaves a survivor on this host.
 */
export interface StandingMachine extends MachineCommon {
  readonly kind: 'standing'
  /** Where what survived can be read after `recover`; absent where the machine verifies inside and publishes the verdict. */
  readonly leaves?: Remains
  /** Makes sure that it is on. Throws RIG_FAILED with the last words of what failed. */
  start(order: StandingOrder): Promise<void>
  /** Makes what survived available again: switches it on, and its agent may begin the run of `order`, the next cycle's. Throws RIG_FAILED. */
  recover(order: StandingOrder): Promise<void>
  /** The last lines of its console, or of what the commands said, for messages. */
  console(): string
}

/** A machine that runs agent and disk in itself, in simulated time. */
export interface SelfRunningMachine extends MachineCommon, Survivor {
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
  /**
   * True where, with these options, its machine is not made here: the names of image and cache mode are then for reports alone,
   * any is taken, and `unknown` where none is given.
   */
  foreign?(options: RawOptions): boolean
  /** Names for `--fault`; empty where the rig cannot be asked to lie. */
  readonly faults: readonly string[]
  /** What `--fault` takes beyond a name, for the help. */
  readonly faultSyntax?: string
  /** Throws BAD_OPTION for a `--fault` that the rig does not take, name and all; without it a name is all there is. */
  checkFault?(text: string): void
  /** Image size where `--size` does not say. */
  readonly defaultSizeBytes: number
  /** Absent where the rig cannot be told to lie, nor another stand in for it. */
  readonly positiveControl?: PositiveControl
  /** Options of `plugpull loop` that only this rig has; two rigs with the same flag MUST mean the same by it. */
  readonly options?: readonly OptionSpec[]
  /** Whether its machine, with these options, boots a guest of ours, which can judge its own disk (`--verify-in guest`). */
  bootsGuest?(options: RawOptions): boolean
  /** Why two of its machines cannot run side by side (`--jobs`), where they cannot. */
  single?(options: RawOptions): string | undefined
  /** Throws BAD_OPTION where an option of its own has a value that it does not take. */
  check?(options: RawOptions): void
  /** Throws RIG_UNAVAILABLE that names everything missing and how to get it; MUST NOT leave anything behind. */
  require(options?: RawOptions): void
  /**
   * Builds a disk and switches it on. MUST throw a ProbeError with the last words of whatever failed, and MUST
   * then have cleaned up after itself. The disk's contents before the run MUST follow from `setup` alone.
   */
  prepare(setup: RigSetup): Promise<Machine>
}
