/** The options of `plugpull loop`: checked against the rig, with its defaults filled in. Workload options are the agent's own. */
import { randomBytes } from 'node:crypto'
import {
  type RawOptions,
  choiceOf,
  optionKey,
  parseWorkloadOptions,
  positiveMs,
  wholeOf,
} from '../core/agent-options.ts'
import { formatContract, parseContract } from '../core/contract.ts'
import { ProbeError } from '../core/errors.ts'
import { Prng, hexOf, keyOf, randomBits } from '../core/prng.ts'
import { parseDurationMs, parseSize } from '../core/size.ts'
import { checkChain, clusterBytesOf, IMAGES } from './image.ts'
import { RIGS, rigNamed } from './registry.ts'
import type { CacheMode, CutKind, ImageName, RigKind } from './rig.ts'

const CYCLES_MAX = 1_000_000
export const JOBS_MAX = 64
const CHAIN_MAX = 64
const SIZE_BYTES_MIN = 2 ** 20
/** From the first flush of a workload without an end, and from the last write of a workload with an end. */
const CUT_AFTER_DEFAULT = '200ms-1s'
const CUT_AFTER_HOLDING_DEFAULT = '50ms-150ms'

/** `host`: from the image. `guest`: by the guest itself, switched on again. */
export const VERIFY_PLACES = ['host', 'guest'] as const
export const BOOT_LIMIT_DEFAULT = '120s'

export interface LoopConfig {
  readonly rig: RigKind
  readonly campaign: string
  readonly cycles: number
  /** Cycles side by side. */
  readonly jobs: number
  readonly cut: CutKind
  readonly cache: CacheMode
  readonly image: ImageName
  /** What reports call image and cache mode of a machine that is not made here (`RigKind.foreign`). */
  readonly reported?: { readonly image: string; readonly cache: string }
  readonly sizeBytes: number
  readonly clusterBytes?: number
  /** Backing files below an overlay, where more than one. */
  readonly chainLength?: number
  readonly fault?: string
  /** Values of the rig's own options. */
  readonly rigOptions: RawOptions
  /** For what has to boot first: an agent's first sign of life, and a verdict from inside. */
  readonly bootLimitMs: number
  /** Where a guest's disk is judged. */
  readonly verifyIn: (typeof VERIFY_PLACES)[number]
  readonly cutAfterMs: { readonly least: number; readonly most: number }
  /** 16 hexadecimal digits; the seeds of all cycles follow from it. */
  readonly seed: string
  /** As on the command line; `undefined` leaves it to what the machine tells the guest. */
  readonly contract?: string
  readonly workload: RawOptions
  /** The workload ends by itself: the cut is counted from its end. */
  readonly ends: boolean
  readonly positiveControl: boolean
  /** It is itself the liar of a positive control, and its runs say so. */
  readonly isControl?: true
  readonly keep?: string
}

/** Checks everything that can be checked before anything is started; throws BAD_OPTION and the like. */
export function parseLoopOptions(raw: RawOptions): LoopConfig {
  const rig = rigNamed(textOf(raw, 'rig') ?? 'storage-daemon')
  const made = madeFrom(rig, raw)
  const image = offered(rig, 'image', '--image', rig.images, textOf(made, 'image'))
  const clusterBytes = clusterOf(image, textOf(raw, 'clusterSize'))
  const workload = parseWorkloadOptions(raw)
  const ends = workload.workload === 'script' || workload.writesMax !== undefined || workload.durationMs !== undefined
  const seed = workload.seed ?? randomBytes(8).toString('hex')
  const fault = faultOf(rig, textOf(raw, 'fault'))
  const rigOptions = rigOptionsOf(rig, raw)
  return {
    rig,
    campaign: textOf(raw, 'campaign') ?? `${rig.name}-${seed.slice(0, 8)}-${Date.now().toString(36)}`,
    cycles: wholeOf(textOf(raw, 'cycles') ?? '1', '--cycles', CYCLES_MAX),
    cut: offered(rig, 'cut', '--cut', rig.cuts, textOf(raw, 'cut')),
    cache: offered(rig, 'cache mode', '--cache', rig.caches, textOf(made, 'cache')),
    image,
    ...reportedAs(rig, raw),
    sizeBytes: sizeOf(rig, textOf(raw, 'size')),
    ...(clusterBytes === undefined ? {} : { clusterBytes }),
    ...(fault === undefined ? {} : { fault }),
    ...chainOf(image, textOf(raw, 'backingChain')),
    rigOptions,
    jobs: jobsOf(rig, rigOptions, textOf(raw, 'jobs')),
    ...guestOptionsOf(rig, raw),
    cutAfterMs: parseMoment(textOf(raw, 'cutAfter') ?? (ends ? CUT_AFTER_HOLDING_DEFAULT : CUT_AFTER_DEFAULT)),
    seed,
    workload: raw,
    ends,
    positiveControl: raw['positiveControl'] === true,
    ...judgingOf(textOf(raw, 'contract'), textOf(raw, 'keep')),
  }
}

/** The options that say what is made: none for a machine that is there already. Throws BAD_OPTION for one that nothing could follow from. */
function madeFrom(rig: RigKind, raw: RawOptions): RawOptions {
  if (rig.foreign?.(raw) !== true) return raw
  const stray = raw['size'] !== undefined ? '--size' : raw['backingChain'] !== undefined ? '--backing-chain' : undefined
  if (stray === undefined) return Object.fromEntries(Object.entries(raw).filter(([key]) => !NAMES_ALONE.has(key)))
  throw new ProbeError('BAD_OPTION', `${stray} does not go with --rig ${rig.name}: the machine is there already`)
}

const NAMES_ALONE: ReadonlySet<string> = new Set(['image', 'cache'])
const UNKNOWN = 'unknown'

function reportedAs(rig: RigKind, raw: RawOptions): Pick<LoopConfig, 'reported'> {
  if (rig.foreign?.(raw) !== true) return {}
  const name = (key: string): string => {
    const given = textOf(raw, key) ?? UNKNOWN
    if (/^[\w.:+-]{1,60}$/.test(given)) return given
    throw new ProbeError('BAD_OPTION', `--${key} got ${JSON.stringify(given)}; it takes a name for the report`)
  }
  return { reported: { image: name('image'), cache: name('cache') } }
}

/** Image and cache mode as reports and labels have them. */
export const reportedNames = ({ reported, image, cache }: LoopConfig): { image: string; cache: string } => ({
  image: reported?.image ?? image,
  cache: reported?.cache ?? cache,
})

function chainOf(image: ImageName, given: string | undefined): Pick<LoopConfig, 'chainLength'> {
  if (given === undefined) return {}
  const chainLength = wholeOf(given, '--backing-chain', CHAIN_MAX)
  checkChain(IMAGES[image], chainLength)
  return { chainLength }
}

/** How many cycles run side by side; throws BAD_OPTION where the rig has but one machine. */
function jobsOf(rig: RigKind, options: RawOptions, given: string | undefined): number {
  const jobs = wholeOf(given ?? '1', '--jobs', JOBS_MAX)
  const why = jobs === 1 ? undefined : rig.single?.(options)
  if (why !== undefined) throw new ProbeError('BAD_OPTION', `--jobs ${jobs} does not go with --rig ${rig.name}: ${why}`)
  return jobs
}

function guestOptionsOf(rig: RigKind, raw: RawOptions): Pick<LoopConfig, 'bootLimitMs' | 'verifyIn'> {
  const verifyIn = choiceOf(textOf(raw, 'verifyIn') ?? 'host', '--verify-in', VERIFY_PLACES)
  if (verifyIn === 'guest' && rig.bootsGuest?.(raw) !== true) throw verifyInRefused(`--rig ${rig.name}`)
  return { bootLimitMs: positiveMs(textOf(raw, 'bootLimit') ?? BOOT_LIMIT_DEFAULT, '--boot-limit', 's'), verifyIn }
}

/** `--verify-in guest` where no guest of ours is booted. */
export function verifyInRefused(rigs: string): ProbeError {
  const having = RIGS.filter((other) => other.bootsGuest?.({}) === true).map(({ name }) => name)
  return new ProbeError(
    'BAD_OPTION',
    `--verify-in guest goes with a guest of ours, which --rig ${having.join(' or ')} boots; ${rigs} has none here`,
  )
}

const keysOf = ({ options = [] }: RigKind): readonly (readonly [key: string, flag: string])[] =>
  options.map(({ flags }) => [optionKey(flags), flags.split(' ')[0] ?? ''])

/** The options that this rig has; throws BAD_OPTION for a value that it does not take, and for an option of another rig. */
function rigOptionsOf(rig: RigKind, raw: RawOptions): RawOptions {
  const own = new Map(keysOf(rig))
  for (const [key, flag] of RIGS.flatMap(keysOf)) {
    if (raw[key] === undefined || own.has(key)) continue
    const having = RIGS.filter((other) => keysOf(other).some(([name]) => name === key)).map(({ name }) => name)
    throw new ProbeError('BAD_OPTION', `${flag} goes with --rig ${having.join(' or ')}, not with --rig ${rig.name}`)
  }
  const options = ownOptions(rig, raw)
  rig.check?.(options)
  return options
}

function ownOptions({ options = [] }: RigKind, raw: RawOptions): RawOptions {
  const keys = new Set(options.map(({ flags }) => optionKey(flags)))
  return Object.fromEntries(Object.entries(raw).filter(([key]) => keys.has(key)))
}

function judgingOf(contract: string | undefined, keep: string | undefined): Pick<LoopConfig, 'contract' | 'keep'> {
  return {
    ...(contract === undefined ? {} : { contract: formatContract(parseContract(contract)) }),
    ...(keep === undefined ? {} : { keep }),
  }
}

/** The liar that goes with a campaign: the rig's own positive control on the same workload. Throws BAD_OPTION where it has none. */
export function controlOf(config: LoopConfig): LoopConfig {
  const { positiveControl: control } = config.rig
  if (control === undefined)
    throw new ProbeError(
      'BAD_OPTION',
      `--positive-control does not go with --rig ${config.rig.name}, which cannot be told to lie`,
    )
  const rig = rigNamed(control.rig)
  const image = rig.images.includes(config.image) ? config.image : (rig.images[0] ?? 'raw')
  return {
    ...withoutFault(config),
    rig,
    image,
    cut: control.cut,
    cache: control.cache,
    campaign: `${config.campaign}-control`,
    isControl: true,
    rigOptions: ownOptions(rig, config.rigOptions),
    ...(control.fault === undefined ? {} : { fault: control.fault }),
  }
}

/** The control's own fault, or none, stands in for that of the campaign; what a liar leaves is not worth keeping. */
function withoutFault(config: LoopConfig): LoopConfig {
  const copy: { -readonly [Key in keyof LoopConfig]: LoopConfig[Key] } = { ...config }
  delete copy.fault
  delete copy.keep
  return copy
}

/** Seed of a cycle: the first one's is the campaign's own, so that any cycle can be had again as a first. */
export function cycleSeed(seed: string, cycle: number): string {
  const key = keyOf(seed)
  return cycle === 1 ? seed : hexOf({ lo: randomBits(key, cycle, 0xc1), hi: randomBits(key, cycle, 0xc2) })
}

/** When the cut of the cycle with that seed falls. */
export function cutMomentMs(config: LoopConfig, seed: string): number {
  const { least, most } = config.cutAfterMs
  return Math.round(least + new Prng(keyOf(seed)).unit() * (most - least))
}

function offered<T extends string>(
  rig: RigKind,
  what: string,
  option: string,
  takes: readonly T[],
  given: string | undefined,
): T {
  const [first] = takes
  if (first === undefined) throw new ProbeError('INTERNAL', `rig ${rig.name} offers no ${what}`)
  if (given === undefined) return first
  const found = takes.find((choice) => choice === given)
  if (found === undefined) {
    throw new ProbeError(
      'BAD_OPTION',
      `${option} got ${JSON.stringify(given)}; --rig ${rig.name} takes ${takes.join(', ')}`,
    )
  }
  return found
}

const havingFaults = (): string =>
  RIGS.filter(({ faults }) => faults.length > 0)
    .map(({ name }) => name)
    .join(' or ')

function faultOf(rig: RigKind, given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  if (rig.faults.length === 0)
    throw new ProbeError(
      'BAD_OPTION',
      `--fault got ${JSON.stringify(given)}; --rig ${rig.name} has no faults to choose from; --rig ${havingFaults()} has`,
    )
  if (rig.checkFault === undefined) return offered(rig, 'fault', '--fault', rig.faults, given)
  rig.checkFault(given)
  return given
}

function clusterOf(image: ImageName, given: string | undefined): number | undefined {
  const asked = given === undefined ? undefined : parseSize(given, '--cluster-size')
  return clusterBytesOf(IMAGES[image], asked)
}

function sizeOf(rig: RigKind, given: string | undefined): number {
  if (given === undefined) return rig.defaultSizeBytes
  const bytes = parseSize(given, '--size')
  if (bytes < SIZE_BYTES_MIN || bytes % 4096 !== 0) {
    throw new ProbeError('BAD_OPTION', `--size got ${JSON.stringify(given)}; it takes a multiple of 4k from 1M`)
  }
  return bytes
}

/** `300ms` or `200ms-1s`. */
function parseMoment(text: string): { readonly least: number; readonly most: number } {
  const [first = '', second, ...more] = text.split('-')
  const least = parseDurationMs(first, '--cut-after')
  const most = second === undefined ? least : parseDurationMs(second, '--cut-after')
  if (more.length > 0 || most < least) {
    throw new ProbeError(
      'BAD_OPTION',
      `--cut-after got ${JSON.stringify(text)}; it takes a duration (300ms) or a span (200ms-1s)`,
    )
  }
  return { least, most }
}

function textOf(raw: RawOptions, key: string): string | undefined {
  const value = raw[key]
  return typeof value === 'string' ? value : undefined
}
