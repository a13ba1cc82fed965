/**
 * Rig `sim`: agent and disk in this process, in simulated time. It needs nothing of the machine, so it is what a machine
 * without FUSE or QEMU can still show, and a quick way to see what a lying disk looks like.
 *
 * Cache modes are QEMU's by their promise only: `none` and `writeback` are a volatile write cache, `writethrough` and
 * `directsync` none, `unsafe` one that acknowledges flushes without doing them.
 */
import { accessSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, ProbeError } from '../../core/errors.ts'
import { formatBytes } from '../../core/size.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import {
  CACHE_MODES,
  type CutKind,
  type CutRecord,
  type OwnRun,
  type OwnRunRequest,
  type RigKind,
  type RigSetup,
  type SelfRunningMachine,
} from '../rig.ts'
import { FAULT_SYNTAX, parseFault } from './fault-text.ts'
import { FAULT_KINDS, type FaultKind, type FaultSpec, isCutFault } from './fault.ts'
import { loopOverrides } from './loop-run.ts'
import { runSimulation } from './run.ts'
import type { Simulation } from './simulation.ts'

const SIZE_BYTES_MAX = 2 ** 30
const LOG_PIECE_BYTES = 1 << 20
const ALWAYS = { rate: 1, times: Number.POSITIVE_INFINITY } as const
/** How often a fault strikes that is asked for by name alone, where once is not often enough to show. */
const RATES: Partial<Record<FaultKind, FaultSpec['rate']>> = {
  'drop-flush': 1,
  'ignore-fua': 1,
  'acknowledge-early': 0.1,
  'tear-sector': 0.05,
  misdirect: 0.02,
  'write-two-places': 0.02,
  'reorder-across-flush': 0.5,
  'lose-epoch': 0.1,
}

/** Faults that the rig does not take, each with the reason. */
export const NOT_OFFERED: ReadonlyMap<FaultKind, string> = new Map([
  ['tear-atomic', 'no cache mode promises an atomic unit that could be broken'],
  ['reorder', 'no cache mode promises an order that could be broken'],
  ['read-error', 'an image file cannot show it'],
])
const RIG_FAULTS = FAULT_KINDS.filter((kind) => !NOT_OFFERED.has(kind))

class SimMachine implements SelfRunningMachine {
  readonly kind = 'self'
  readonly labels: SelfRunningMachine['labels']
  readonly contract: SelfRunningMachine['contract']
  readonly survivor: string
  readonly survivorFormat = 'raw'
  readonly #setup: RigSetup
  readonly #faults: readonly FaultSpec[]
  #simulation: Simulation | undefined

  constructor(setup: RigSetup, faults: readonly FaultSpec[]) {
    this.#setup = setup
    this.#faults = faults
    this.survivor = join(setup.directory, 'survivor.raw')
    this.contract = setup.cache === 'writethrough' || setup.cache === 'directsync' ? 'write-through' : 'volatile'
    this.labels = setup.fault === undefined ? { disk: 'simulated' } : { disk: 'simulated', fault: setup.fault }
  }

  run(request: OwnRunRequest): Promise<OwnRun> {
    // An executor turns what is thrown into a rejection, as a promise of the port is expected to.
    return new Promise((resolve) => {
      const { seed, sizeBytes } = this.#setup
      const disk = { seed, sizeBytes, path: this.survivor, contract: this.contract, faults: this.#faults }
      this.#simulation = runSimulation(seed, loopOverrides(disk, request))
      resolve(ownRunOf(this.#simulation))
    })
  }

  cut(kind: CutKind): Promise<CutRecord> {
    const at = new Date().toISOString()
    const simulation = this.#simulation
    if (simulation === undefined)
      return Promise.reject(new ProbeError('INTERNAL', 'a simulated disk is cut by its run: run it first'))
    return new Promise((resolve) => {
      writeFileSync(this.survivor, survivingBytes(simulation), { flag: 'wx' })
      const note = `simulated: the power went at ${(simulation.cutAtUs / 1000).toFixed(3)} ms of simulated time`
      resolve({ kind, at, target: { what: 'simulated disk', pid: process.pid }, died: true, note })
    })
  }

  dispose(): Promise<void> {
    this.#simulation = undefined
    return Promise.resolve()
  }
}

function ownRunOf({ manifest, log, seed, disk, options }: Simulation): OwnRun {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < log.length; at += LOG_PIECE_BYTES) pieces.push(log.subarray(at, at + LOG_PIECE_BYTES))
  const lies = options.faults.map(({ kind }) => kind).join(', ')
  const told = lies === '' ? 'honest' : `${lies}: struck ${disk.injections.length} times`
  return { manifest, log: pieces, note: `simulated ${options.mode} disk, ${told}; seed ${seed}` }
}

/** The medium as an image file shows it: a device that became smaller is a shorter file. */
function survivingBytes({ disk }: Simulation): Uint8Array {
  const ends = [...disk.unreadable].filter(([, errno]) => errno === 'EOF').map(([lba]) => lba)
  const end = ends.reduce((least, lba) => Math.min(least, lba), disk.options.sizeSectors)
  return disk.medium.bytes.subarray(0, end * SECTOR_BYTES)
}

/** The lies that cache mode and `--fault` ask for. */
export function faultsOf({ cache, fault }: Pick<RigSetup, 'cache' | 'fault'>): readonly FaultSpec[] {
  const unsafe: readonly FaultSpec[] = [
    { kind: 'drop-flush', ...ALWAYS },
    { kind: 'ignore-fua', ...ALWAYS },
  ]
  if (fault === undefined) return cache === 'unsafe' ? unsafe : []
  return [...(cache === 'unsafe' ? unsafe : []), oftenEnough(parseFault(fault))]
}

/** A fault asked for by name alone, or for a place where many writes go, strikes as often as it takes to show. */
function oftenEnough(asked: FaultSpec): FaultSpec {
  const rate = asked.rate ?? RATES[asked.kind]
  if (isCutFault(asked.kind) || asked.at !== undefined || rate === undefined) return asked
  return { ...asked, rate, times: Number.POSITIVE_INFINITY }
}

function prepare(setup: RigSetup): Promise<SelfRunningMachine> {
  return new Promise((resolve) => {
    if (setup.sizeBytes > SIZE_BYTES_MAX || setup.sizeBytes % SECTOR_BYTES !== 0) {
      throw new ProbeError(
        'BAD_OPTION',
        `--size got ${setup.sizeBytes} bytes; a simulated disk takes whole sectors up to ${formatBytes(SIZE_BYTES_MAX)}`,
      )
    }
    try {
      accessSync(setup.directory)
    } catch (cause) {
      throw new ProbeError('RIG_FAILED', `the directory of the cycle cannot be used: ${messageOf(cause)}`, { cause })
    }
    const faults = faultsOf(setup)
    for (const { where } of faults) {
      if (where !== undefined && (where.lba + where.sectors) * SECTOR_BYTES > setup.sizeBytes)
        throw new ProbeError(
          'BAD_OPTION',
          `--fault got ${JSON.stringify(setup.fault)}; the disk has ${setup.sizeBytes / SECTOR_BYTES} sectors`,
        )
    }
    resolve(new SimMachine(setup, faults))
  })
}

export const simRig: RigKind = {
  name: 'sim',
  summary: 'a simulated disk with a volatile cache, seeded, in simulated time; needs nothing, and lies on request',
  cuts: ['host-power'],
  images: ['raw'],
  caches: CACHE_MODES,
  faults: RIG_FAULTS,
  faultSyntax: FAULT_SYNTAX,
  checkFault: (text) => void parseFault(text, RIG_FAULTS),
  defaultSizeBytes: 16 * 2 ** 20,
  positiveControl: {
    rig: 'sim',
    cut: 'host-power',
    cache: 'none',
    fault: 'drop-flush',
    why: 'a disk that acknowledges flushes without doing them loses what they made stable',
  },
  require: () => undefined,
  prepare,
}
