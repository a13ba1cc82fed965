/**
 * The options of `plugpull matrix`: what was given, what the folder was begun with, and the campaign of each cell.
 * What is not given is as the folder has it. What makes a cycle what it is cannot change within a folder: its cells could not be
 * compared any more. Which cells are run, and how many cycles each, can.
 */
import { randomBytes } from 'node:crypto'
import { type RawOptions, WORKLOAD_OPTIONS, optionKey, parseSeed, wholeOf } from '../../core/agent-options.ts'
import { ProbeError } from '../../core/errors.ts'
import { JOBS_MAX, type LoopConfig, parseLoopOptions, verifyInRefused } from '../loop-options.ts'
import { IMAGES } from '../image.ts'
import { RIGS, rigNamed } from '../registry.ts'
import { CACHE_MODES, CUT_KINDS, IMAGE_NAMES, type RigKind } from '../rig.ts'
import { type Cell, type Selection, cellName, cellsOf } from './cell.ts'
import type { MatrixState } from './record.ts'

export const RIGS_DEFAULT = 'storage-daemon,host-power'
export const CYCLES_DEFAULT = '10'
export const OUTPUT_DEFAULT = 'plugpull-matrix'
const CYCLES_MAX = 100_000
const NAME = /^[\w.:-]{1,24}$/

/**
 * A workload in which each cut has something to show: writes that cross clusters and subclusters (torn), at random (reordered),
 * most of them to clusters that are not allocated yet, and few flushes (lost).
 */
export const WORKLOAD_DEFAULT: Readonly<Record<string, string>> = {
  workload: 'random',
  writeSize: '4k-16k',
  flushEvery: '256',
}
export const SIZE_DEFAULT = '64M'
export const CUT_AFTER_DEFAULT = '100ms-500ms'

const SELECTION_KEYS = ['rig', 'cache', 'image', 'cut', 'cycles'] as const

/** Options of single rigs, by key. */
const RIG_KEYS = new Map(RIGS.flatMap(({ options = [] }) => options.map(({ flags }) => [optionKey(flags), flags])))

/** Flags of the options that decide what a cycle is. */
const FIXED_FLAGS = new Map<string, string>([
  ...WORKLOAD_OPTIONS.map(({ flags }) => [optionKey(flags), flags] as const),
  ['size', '--size'],
  ['cutAfter', '--cut-after'],
  ['backingChain', '--backing-chain'],
  ['verifyIn', '--verify-in'],
  ...RIG_KEYS,
])

export interface MatrixConfig {
  readonly name: string
  readonly cycles: number
  readonly jobs: number
  readonly retryInconclusive: boolean
  readonly cells: readonly CellConfig[]
  readonly fixed: RawOptions
  readonly selection: RawOptions
}

/** A cell and the campaign that it is. */
export interface CellConfig {
  readonly cell: Cell
  readonly config: LoopConfig
}

/** The cells that a folder is about: those of all its sessions, each with the options of the last one that asked for it. */
export function cellsIn(state: MatrixState): readonly CellConfig[] {
  const { head, sessions } = state
  const cells = new Map<string, CellConfig>()
  if (head === undefined) return []
  for (const { selection } of sessions)
    for (const cell of cellsOf(selectionOf(selection)))
      cells.set(cellName(cell), { cell, config: campaignOf(cell, head.name, head.fixed, selection) })
  return [...cells.values()]
}

/** Joins what was given with what the folder has. Throws BAD_OPTION, naming the option and the way out. */
export function parseMatrixOptions(raw: RawOptions, folder: string, { head, sessions }: MatrixState): MatrixConfig {
  const fixed = head === undefined ? freshFixed(raw) : fixedAsIn(folder, head.fixed, raw)
  const name = nameOf(raw, folder, head?.name, fixed)
  const before = sessions.at(-1)?.selection ?? {}
  const selection = Object.fromEntries(
    SELECTION_KEYS.flatMap((key) => {
      const value = raw[key] ?? before[key]
      return value === undefined ? [] : [[key, value]]
    }),
  )
  const chosen = selectionOf(selection)
  checkRigOptions(chosen, fixed)
  for (const rig of chosen.rigs) checkMakesDisks(rig, fixed)
  if (fixed['verifyIn'] === 'guest' && !chosen.rigs.some((rig) => rig.bootsGuest?.(fixed) === true))
    throw verifyInRefused(`--rig ${chosen.rigs.map((rig) => rig.name).join(', ')}`)
  const cycles = textOf(selection, 'cycles') ?? CYCLES_DEFAULT
  const cells = cellsOf(chosen).map((cell) => ({ cell, config: campaignOf(cell, name, fixed, { ...raw, cycles }) }))
  return {
    name,
    cycles: wholeOf(cycles, '--cycles', CYCLES_MAX),
    jobs: wholeOf(textOf(raw, 'jobs') ?? '1', '--jobs', JOBS_MAX),
    retryInconclusive: raw['retryInconclusive'] === true,
    cells,
    fixed,
    selection,
  }
}

/** What decides the cycles of a folder that is new. */
function freshFixed(raw: RawOptions): RawOptions {
  const given = Object.fromEntries(
    [...FIXED_FLAGS.keys()].flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]]])),
  )
  const seed = textOf(raw, 'seed')
  const hasWorkload = given['workload'] !== undefined || given['script'] !== undefined
  const hasCadence = ['flushEvery', 'flushInterval', 'flushNever'].some((key) => given[key] !== undefined)
  const { flushEvery, ...pattern } = WORKLOAD_DEFAULT
  const ends = ['script', 'writes', 'duration'].some((key) => given[key] !== undefined)
  return {
    ...(hasWorkload ? {} : pattern),
    ...(hasWorkload || hasCadence ? {} : { flushEvery }),
    ...(ends ? {} : { cutAfter: CUT_AFTER_DEFAULT }),
    size: SIZE_DEFAULT,
    ...given,
    seed: seed === undefined ? randomBytes(8).toString('hex') : parseSeed(seed),
  }
}

function fixedAsIn(folder: string, fixed: RawOptions, raw: RawOptions): RawOptions {
  for (const [key, flags] of FIXED_FLAGS) {
    const given = key === 'seed' && typeof raw[key] === 'string' ? parseSeed(raw[key]) : raw[key]
    if (given !== undefined && given !== fixed[key]) throw otherwise(folder, flags, given, fixed[key])
  }
  return fixed
}

function otherwise(
  folder: string,
  flags: string,
  given: string | boolean,
  had: string | boolean | undefined,
): ProbeError {
  const [flag = ''] = flags.split(' ')
  const was = had === undefined ? `begun without ${flag}` : `begun with ${flag} ${had}`
  return new ProbeError(
    'BAD_OPTION',
    `${flag} got ${JSON.stringify(given)}, but ${folder} was ${was}; leave ${flag} out to go on with it, or choose another --output`,
  )
}

function nameOf(raw: RawOptions, folder: string, had: string | undefined, fixed: RawOptions): string {
  const given = textOf(raw, 'name')
  if (given !== undefined && !NAME.test(given))
    throw new ProbeError(
      'BAD_OPTION',
      `--name got ${JSON.stringify(given)}; it takes up to 24 letters, digits and . _ : -`,
    )
  if (had !== undefined && given !== undefined && had !== given) throw otherwise(folder, '--name', given, had)
  return had ?? given ?? `matrix-${(textOf(fixed, 'seed') ?? '').slice(0, 8)}`
}

function selectionOf(raw: RawOptions): Selection {
  const caches = listOf(raw, 'cache', CACHE_MODES)
  const images = listOf(raw, 'image', IMAGE_NAMES)
  const cuts = listOf(raw, 'cut', CUT_KINDS)
  const names = [...new Set((textOf(raw, 'rig') ?? RIGS_DEFAULT).split(','))]
  return {
    rigs: names.map((name) => rigNamed(name.trim())),
    ...(caches === undefined ? {} : { caches }),
    ...(images === undefined ? {} : { images }),
    ...(cuts === undefined ? {} : { cuts }),
  }
}

/** `none,writeback` → both, in the order of the choices. */
function listOf<T extends string>(raw: RawOptions, key: string, choices: readonly T[]): readonly T[] | undefined {
  const words = textOf(raw, key)
    ?.split(',')
    .map((word) => word.trim())
  const unknown = words?.find((word) => !choices.some((choice) => choice === word))
  if (unknown !== undefined)
    throw new ProbeError('BAD_OPTION', `--${key} got ${JSON.stringify(unknown)}; it takes ${choices.join(', ')}`)
  return words === undefined ? undefined : choices.filter((choice) => words.includes(choice))
}

/** An option of a rig that is not among the chosen would be ignored in silence. */
function checkRigOptions({ rigs }: Selection, fixed: RawOptions): void {
  const having = new Set(rigs.flatMap(({ options = [] }) => options.map(({ flags }) => optionKey(flags))))
  for (const [key, flags] of RIG_KEYS) {
    if (fixed[key] === undefined || having.has(key)) continue
    const names = rigs.map(({ name }) => name).join(', ')
    throw new ProbeError('BAD_OPTION', `${flags.split(' ')[0]} is no option of --rig ${names}`)
  }
}

/** A machine that stands by itself has the image and the cache mode that it has. */
function checkMakesDisks(rig: RigKind, fixed: RawOptions): void {
  const why = rig.foreign?.(fixed) === true ? 'the machine is there already' : rig.single?.(fixed)
  if (why === undefined) return
  throw new ProbeError(
    'BAD_OPTION',
    `--rig ${rig.name} does not go with a matrix, which makes the disk of every cycle: ${why}; take plugpull loop`,
  )
}

/** The options of a loop that is this cell alone. */
function campaignOf(cell: Cell, name: string, fixed: RawOptions, raw: RawOptions): LoopConfig {
  const { rig, image, cache, cut } = cell
  const kind = rigNamed(rig)
  const own = new Set(kind.options?.map(({ flags }) => optionKey(flags)))
  const passed = Object.entries(fixed).filter(
    ([key]) =>
      (own.has(key) || !RIG_KEYS.has(key)) &&
      (key !== 'backingChain' || IMAGES[image].base !== undefined) &&
      (key !== 'verifyIn' || kind.bootsGuest?.(fixed) === true),
  )
  return parseLoopOptions({
    ...Object.fromEntries(passed),
    rig,
    image,
    cache,
    cut,
    cycles: raw['cycles'] ?? CYCLES_DEFAULT,
    bootLimit: raw['bootLimit'],
    campaign: `${name}-${rig}-${image}-${cache}-${cut}`,
    positiveControl: true,
  })
}

function textOf(raw: RawOptions, key: string): string | undefined {
  const value = raw[key]
  return typeof value === 'string' ? value : undefined
}
