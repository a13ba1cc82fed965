/**
 * The options of a run as pure data: what `plugpull agent` takes and `plugpull loop` takes and passes on.
 *
 * Here so that both say the same things in the same words, and refuse the same things with the same messages. Nothing
 * here knows the target: `planSpecOf` joins the two once the target's facts are known.
 */
import { ProbeError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import { type Cadence, type PlanSpec, Plan } from './plan.ts'
import { parseDurationMs, parseRange, parseSize, parseSizeSpan } from './size.ts'
import { SECTOR_BYTES, WRITE_ID_MAX } from './units.ts'
import { WORKLOADS, workloadNamed } from './workload/registry.ts'
import { parseScript } from './workload/script.ts'

/** One option of a command, as data; `default` and `choices` are for the help, the parsers below check and fill in. */
export interface OptionSpec {
  readonly flags: string
  readonly description: string
  readonly default?: string
  readonly choices?: readonly string[]
}

/** Option values by their camel-cased names, as commander hands them over; absent where not given. */
export type RawOptions = Readonly<Record<string, string | boolean | undefined>>

export const QUEUE_DEPTH_MAX = 64
const IO_MODES = ['direct', 'buffered', 'dsync'] as const
const IO_ENGINES = ['auto', 'psync', 'aio'] as const
const FLUSH_MODES = ['barrier', 'concurrent'] as const
const COMMITS = ['stream', 'wait'] as const
const BASELINES = ['format', 'scan'] as const
const REGION_BYTES_DEFAULT = 256 * 2 ** 20

/** What a run does to its target. No option has a default of its own in commander: "not given" stays visible. */
export const WORKLOAD_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--workload <name>',
    description: 'pattern of writes (default: random, or script where --script is given)',
    choices: WORKLOADS.map((workload) => workload.name),
  },
  {
    flags: '--script <text>',
    description: "writes, flushes and pauses one by one: 'w 8+16; flush; w 0+16 fua; sleep 1s'",
  },
  {
    flags: '--seed <n>',
    description: 'seed of the plan: a decimal number, 0x…, or 16 hexadecimal digits (default: random)',
  },
  { flags: '--write-size <size>', description: 'bytes a write, one size or a span such as 512-64k', default: '4k' },
  {
    flags: '--region <from..to>',
    description: 'bytes of the target to work on (default: the first 256M, or all of a smaller target)',
  },
  { flags: '--cluster-size <size>', description: 'cluster that straddle and first-touch aim at', default: '64k' },
  { flags: '--queue-depth <n>', description: `writes in flight at most, 1 to ${QUEUE_DEPTH_MAX}`, default: '1' },
  { flags: '--flush-every <n>', description: 'flush after every n writes (default: 16, or where the workload says)' },
  { flags: '--flush-interval <ms>', description: 'flush every so many milliseconds' },
  { flags: '--flush-never', description: 'never flush' },
  {
    flags: '--flush-mode <mode>',
    description: 'drain before a flush, or flush while writes are in flight',
    default: 'barrier',
    choices: FLUSH_MODES,
  },
  { flags: '--fua <percent>', description: 'share of writes that are FUA', default: '0' },
  { flags: '--io <mode>', description: 'how the target is opened', default: 'direct', choices: IO_MODES },
  {
    flags: '--io-engine <engine>',
    description: 'a thread for each write in flight, or one for all; auto: aio from 4 on, where it can be had',
    default: 'auto',
    choices: IO_ENGINES,
  },
  {
    flags: '--commit <mode>',
    description: 'wait for the log to be on stable storage after each flush, or not',
    default: 'stream',
    choices: COMMITS,
  },
  {
    flags: '--baseline <kind>',
    description: 'stamp the region before the run, or record a digest of what it holds',
    default: 'scan',
    choices: BASELINES,
  },
  { flags: '--writes <n>', description: 'stop after so many writes' },
  { flags: '--duration <time>', description: 'stop after so long: seconds, or 500ms, 2m' },
  { flags: '--overlap-in-flight', description: 'also issue writes that overlap one in flight' },
]

/** The same, checked, with the defaults filled in. Sizes are in bytes, as they were given. */
export interface WorkloadOptions {
  readonly workload: string
  readonly script?: string
  /** 16 hexadecimal digits. */
  readonly seed?: string
  readonly writeBytes: { readonly least: number; readonly most: number }
  readonly regionBytes?: { readonly from: number; readonly to: number }
  readonly clusterBytes: number
  readonly queueDepth: number
  readonly cadence: Cadence
  readonly flushMode: Manifest['flushMode']
  readonly fuaPercent: number
  readonly io: Manifest['io']
  readonly ioEngine: (typeof IO_ENGINES)[number]
  readonly commit: Manifest['commit']
  readonly baseline: Manifest['baseline']
  readonly writesMax?: number
  readonly durationMs?: number
  readonly overlapInFlight: boolean
}

/** Checks what was given and fills in the rest; throws BAD_OPTION or BAD_SCRIPT. Keys it does not know are left alone. */
export function parseWorkloadOptions(raw: RawOptions): WorkloadOptions {
  const workload = parseWorkload(raw)
  const fuaPercent = numberOf(textOf(raw, 'fua') ?? '0', '--fua', 0, 100, 'a percentage from 0 to 100')
  return {
    workload,
    ...mapped(textOf(raw, 'script'), (script) => ({ script })),
    ...mapped(textOf(raw, 'seed'), (text) => ({ seed: parseSeed(text) })),
    writeBytes: parseSizeSpan(textOf(raw, 'writeSize') ?? '4k', '--write-size'),
    ...mapped(textOf(raw, 'region'), (text) => ({ regionBytes: parseRange(text, '--region') })),
    clusterBytes: parseSize(textOf(raw, 'clusterSize') ?? '64k', '--cluster-size'),
    queueDepth: wholeOf(textOf(raw, 'queueDepth') ?? '1', '--queue-depth', QUEUE_DEPTH_MAX),
    cadence: parseCadence(raw, workload),
    flushMode: choiceOf(textOf(raw, 'flushMode') ?? 'barrier', '--flush-mode', FLUSH_MODES),
    fuaPercent,
    io: choiceOf(textOf(raw, 'io') ?? 'direct', '--io', IO_MODES),
    ioEngine: choiceOf(textOf(raw, 'ioEngine') ?? 'auto', '--io-engine', IO_ENGINES),
    commit: choiceOf(textOf(raw, 'commit') ?? 'stream', '--commit', COMMITS),
    baseline: choiceOf(textOf(raw, 'baseline') ?? 'scan', '--baseline', BASELINES),
    ...mapped(textOf(raw, 'writes'), (text) => ({ writesMax: wholeOf(text, '--writes', WRITE_ID_MAX) })),
    ...mapped(textOf(raw, 'duration'), (text) => ({ durationMs: positiveMs(text, '--duration', 's') })),
    overlapInFlight: raw['overlapInFlight'] === true,
  }
}

/** The arguments that say the same again, for handing the options of one command to another. Only what was given. */
export function workloadArguments(raw: RawOptions): string[] {
  return WORKLOAD_OPTIONS.flatMap(({ flags }) => {
    const [flag = ''] = flags.split(' ')
    const value = raw[optionKey(flag)]
    if (value === undefined || value === false) return []
    return value === true ? [flag] : [flag, value]
  })
}

/** What the target says that the plan depends on. */
export interface TargetGeometry {
  readonly sizeSectors: number
  readonly logicalBlockBytes: number
}

/** The plan of a run on a target of that geometry; throws what `Plan.of` throws, and TARGET_TOO_SMALL. */
export function planSpecOf(options: WorkloadOptions, seed: string, target: TargetGeometry): PlanSpec {
  const alignSectors = Math.max(1, target.logicalBlockBytes / SECTOR_BYTES)
  const whole =
    Math.floor(Math.min(REGION_BYTES_DEFAULT / SECTOR_BYTES, target.sizeSectors) / alignSectors) * alignSectors
  const { from, to } = options.regionBytes ?? { from: 0, to: whole * SECTOR_BYTES }
  if (to > target.sizeSectors * SECTOR_BYTES) {
    throw new ProbeError(
      'TARGET_TOO_SMALL',
      `--region ends at byte ${to}, but the target holds ${target.sizeSectors * SECTOR_BYTES}; choose a smaller --region`,
    )
  }
  const spec: PlanSpec = {
    workload: options.workload,
    seed,
    region: { lba: from / SECTOR_BYTES, sectors: (to - from) / SECTOR_BYTES },
    writeSectors: { least: options.writeBytes.least / SECTOR_BYTES, most: options.writeBytes.most / SECTOR_BYTES },
    alignSectors,
    clusterSectors: options.clusterBytes / SECTOR_BYTES,
    fuaPercent: options.fuaPercent,
    cadence: options.cadence,
    ...mapped(options.script, (script) => ({ script })),
  }
  return Plan.of(spec).spec
}

function parseWorkload(raw: RawOptions): string {
  const given = textOf(raw, 'workload')
  const script = textOf(raw, 'script')
  const name = workloadNamed(given ?? (script === undefined ? 'random' : 'script')).name
  if (name === 'script' && script === undefined) {
    throw new ProbeError('BAD_OPTION', "--workload script needs --script, such as --script 'w 8+16; flush; w 0+16'")
  }
  if (name !== 'script' && script !== undefined) {
    throw new ProbeError('BAD_OPTION', `--script goes with --workload script only, not with --workload ${name}`)
  }
  if (script !== undefined) parseScript(script)
  return name
}

function parseCadence(raw: RawOptions, workload: string): Cadence {
  const every = textOf(raw, 'flushEvery')
  const interval = textOf(raw, 'flushInterval')
  const given = [
    ...(every === undefined ? [] : ['--flush-every']),
    ...(interval === undefined ? [] : ['--flush-interval']),
  ]
  if (raw['flushNever'] === true) given.push('--flush-never')
  if (given.length > 1) throw new ProbeError('BAD_OPTION', `${given.join(' and ')} exclude each other; give one`)
  if (given.length > 0 && workload === 'script') {
    throw new ProbeError(
      'BAD_OPTION',
      `${given.join()} does not go with --workload script: the script says where flushes fall`,
    )
  }
  if (every !== undefined) return { kind: 'writes', every: wholeOf(every, '--flush-every', WRITE_ID_MAX) }
  if (interval !== undefined) return { kind: 'interval', ms: positiveMs(interval, '--flush-interval', 'ms') }
  return raw['flushNever'] === true ? { kind: 'never' } : workloadNamed(workload).cadence
}

/** 16 hexadecimal digits, `0x…`, or a decimal number below 2^64 → 16 hexadecimal digits. */
export function parseSeed(text: string): string {
  const given = text.trim().toLowerCase()
  if (/^[0-9a-f]{16}$/.test(given)) return given
  const value = /^(\d+|0x[0-9a-f]+)$/.test(given) ? BigInt(given) : -1n
  if (value < 0n || value >= 2n ** 64n) {
    throw new ProbeError(
      'BAD_OPTION',
      `--seed got ${JSON.stringify(text)}; it takes a number below 2^64, 0x…, or 16 hexadecimal digits`,
    )
  }
  return value.toString(16).padStart(16, '0')
}

function textOf(raw: RawOptions, key: string): string | undefined {
  const value = raw[key]
  return typeof value === 'string' ? value : undefined
}

/** For spreading: optional properties are absent, never undefined. */
function mapped<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text)
}

function numberOf(text: string, option: string, least: number, most: number, takes: string): number {
  const value = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most))
    throw new ProbeError('BAD_OPTION', `${option} got ${JSON.stringify(text)}; it takes ${takes}`)
  return value
}

/** A whole number from 1 to `most`; throws BAD_OPTION naming `option`. */
export function wholeOf(text: string, option: string, most: number): number {
  const value = numberOf(text, option, 1, most, `a whole number from 1 to ${most}`)
  if (!Number.isInteger(value))
    throw new ProbeError(
      'BAD_OPTION',
      `${option} got ${JSON.stringify(text)}; it takes a whole number from 1 to ${most}`,
    )
  return value
}

/** A duration above 0 in milliseconds; throws BAD_OPTION naming `option`. */
export function positiveMs(text: string, option: string, bareUnit: 'ms' | 's'): number {
  const ms = parseDurationMs(text, option, bareUnit)
  if (!(ms > 0))
    throw new ProbeError('BAD_OPTION', `${option} got ${JSON.stringify(text)}; it takes a duration above 0`)
  return ms
}

/** One of the choices; throws BAD_OPTION naming `option` and what it takes. */
export function choiceOf<T extends string>(text: string, option: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text)
  if (found === undefined)
    throw new ProbeError('BAD_OPTION', `${option} got ${JSON.stringify(text)}; it takes ${choices.join(' or ')}`)
  return found
}

/** `--flush-every <n>` → `flushEvery`, as commander does: the key of an option's value. */
export function optionKey(flags: string): string {
  return (flags.split(' ')[0] ?? '')
    .replace(/^--/, '')
    .replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
