/**
 * One run on a disk of 4,194,304 blocks, with more than half a million writes and more than ten thousand findings, judged by the real
 * judge. The disk is not simulated request by request, which would take 16 GiB: what it holds at the end is made range by range, of
 * the newest surviving write of each sector. It drops some flushes, tears some writes, puts some elsewhere, and flips a few bits.
 */
import { parseContract } from '../../src/core/contract.ts'
import { Judge } from '../../src/core/judge.ts'
import { MANIFEST_SCHEMA, type Manifest } from '../../src/core/manifest.ts'
import { Plan } from '../../src/core/plan.ts'
import { keyOf, randomBelow, randomBits } from '../../src/core/prng.ts'
import { RANGE_SECTORS } from '../../src/core/observations.ts'
import { runIdAt } from '../../src/core/run-id.ts'
import { SectorBuffer, Stamper } from '../../src/core/stamp.ts'
import { FrameEncoder, RecordEncoder } from '../../src/core/wire.ts'
import { historyOf, progressOf, type RecordedRun } from './recorded-run.ts'

export const BIG_RUN_CAMPAIGN = 'bench/big-run'
const START_MS = Date.UTC(2026, 2, 1)
export const BIG_RUN_ID = runIdAt(START_MS, 0xb16_2a11)
const DEVICE = '00000000d15c0002'
const KEY = keyOf(BIG_RUN_ID)
const CONTRACT = 'volatile'
const QUEUE_DEPTH = 4
const FLUSH_EVERY = 512
const FRAME_BYTES = 64 * 1024
/** Room for as many of each kind. */
const FINDINGS_MAX = 80_000
const LANE = { write: 2, tear: 3, place: 4, time: 5 } as const
/** One flush in so many is a lie. */
const DROPPED_EVERY = 80
/** Shares of writes that something befalls, in parts per hundred thousand. */
const FATES = { torn: 500, misdirected: 60, flipped: 60 } as const

export interface BigRunSize {
  readonly sectors: number
  readonly writes: number
}
/** 16 GiB. */
export const BIG_RUN: BigRunSize = { sectors: 2 ** 25, writes: 640_000 }

const manifestOf = ({ sectors }: BigRunSize): Manifest => ({
  schema: MANIFEST_SCHEMA,
  run: BIG_RUN_ID,
  campaign: BIG_RUN_CAMPAIGN,
  device: DEVICE,
  startedAt: new Date(START_MS).toISOString(),
  plan: {
    workload: 'random',
    seed: BIG_RUN_ID,
    region: { lba: 0, sectors },
    writeSectors: { least: 8, most: 64 },
    alignSectors: 8,
    clusterSectors: 128,
    fuaPercent: 0,
    cadence: { kind: 'writes', every: FLUSH_EVERY },
  },
  io: 'direct',
  queueDepth: QUEUE_DEPTH,
  flushMode: 'barrier',
  commit: 'stream',
  baseline: 'format',
  overlapInFlight: false,
  contract: CONTRACT,
  target: { path: '/dev/vdb', kind: 'block', sizeSectors: sectors, logicalBlockBytes: 512, writeCache: 'write back' },
  environment: {
    hostname: 'lab-1',
    kernel: '6.12.48-amd64',
    arch: 'x64',
    node: 'v20.20.2',
    agent: '0.1.0',
    cpus: 2,
    labels: { rig: 'storage-daemon', cache: 'none', image: 'qcow2', cut: 'sigkill', bus: 'virtio-blk', qemu: '10.0.8' },
  },
})

/** The log of the agent: four writes in flight, each taking its time. */
function logOf(manifest: Manifest, writes: number): Uint8Array {
  const frames = new FrameEncoder()
  const records = new RecordEncoder()
  const pieces = [frames.manifest(manifest)]
  let us = 0
  const after = (meanUs: number): number => (us += 1 + randomBelow(KEY, pieces.length + us, LANE.time, 2 * meanUs))
  records.add('window', writes, us)
  for (let first = 1, flushes = 0; first <= writes; first += QUEUE_DEPTH) {
    const last = Math.min(first + QUEUE_DEPTH - 1, writes)
    for (let write = first; write <= last; write++) records.add('issue', write, after(4))
    for (let write = first; write <= last; write++) records.add('complete', write, after(40))
    if (last % FLUSH_EVERY === 0 && last < writes) {
      records.add('flush-issue', ++flushes, after(10))
      records.add('flush-complete', flushes, after(4000))
    }
    if (records.pending >= FRAME_BYTES) pieces.push(frames.frame('records', records.take()))
  }
  pieces.push(frames.frame('records', records.take()))
  return Buffer.concat(pieces)
}

type Fate = 'kept' | 'dropped' | keyof typeof FATES

/** What becomes of a write. Of the last epoch, which no flush closes, every other one is lost. */
function fateOf(write: number, writes: number): Fate {
  const epoch = Math.floor((write - 1) / FLUSH_EVERY)
  if ((epoch + 1) * FLUSH_EVERY >= writes) return (randomBits(KEY, write, LANE.write) & 1) === 0 ? 'dropped' : 'kept'
  if (epoch % DROPPED_EVERY === DROPPED_EVERY / 2) return 'dropped'
  const drawn = randomBelow(KEY, write, LANE.write, 100_000)
  if (drawn < FATES.torn) return 'torn'
  if (drawn < FATES.torn + FATES.misdirected) return 'misdirected'
  return drawn < FATES.torn + FATES.misdirected + FATES.flipped ? 'flipped' : 'kept'
}

/** What the disk holds, 5 bytes a sector, stamped a range at a time. */
class LyingDisk {
  readonly #plan: Plan
  /** The newest write that survived, and where it is told apart by `#moved` that of another address. */
  readonly #newest: Uint32Array
  readonly #flipped = new Set<number>()
  /** Sector → the address that what it holds was written to. */
  readonly #moved = new Map<number, number>()
  readonly #stamper = new Stamper(KEY, keyOf(DEVICE))

  constructor(manifest: Manifest, writes: number) {
    this.#plan = Plan.of(manifest.plan)
    this.#newest = new Uint32Array(manifest.plan.region.sectors)
    for (let write = 1; write <= writes; write++) this.#store(write, fateOf(write, writes))
  }

  #store(write: number, fate: Fate): void {
    const { lba, sectors } = this.#plan.write(write)
    if (fate === 'dropped') return
    // A tear keeps the head, up to a multiple of 4 KiB where the write has one inside.
    const kept = fate === 'torn' ? Math.max(1, randomBelow(KEY, write, LANE.tear, sectors / 8) * 8) : sectors
    const places = this.#newest.length / 8 - sectors / 8
    const to = fate === 'misdirected' ? randomBelow(KEY, write, LANE.place, places) * 8 : lba
    for (let i = 0; i < kept; i++) {
      this.#newest[to + i] = write
      if (fate === 'misdirected') this.#moved.set(to + i, lba + i)
      else this.#moved.delete(to + i)
      this.#flipped.delete(to + i)
    }
    if (fate === 'flipped') this.#flipped.add(lba + randomBelow(KEY, write, LANE.tear, sectors))
  }

  /** The sectors of one range into the start of `buffer`. */
  read(lba: number, sectors: number, buffer: SectorBuffer): void {
    for (let i = 0; i < sectors;) i += this.#stampRun(lba + i, sectors - i, buffer, i)
    for (const flipped of this.#flipped)
      if (flipped >= lba && flipped < lba + sectors) flipBit(buffer.sector(flipped - lba), flipped)
  }

  /** Neighbours of one write at once; returns how many they were. */
  #stampRun(address: number, most: number, buffer: SectorBuffer, at: number): number {
    const write = this.#newest[address] ?? 0
    const from = this.#moved.get(address) ?? address
    let count = 1
    while (count < most && this.#newest[address + count] === write && this.#follows(address + count, from + count))
      count++
    if (write === 0) {
      const region = { write: 0, lba: 0, count: this.#newest.length, epoch: 0 }
      this.#stamper.fill(buffer, at, region, address, count)
      return count
    }
    const planned = this.#plan.write(write)
    const run = { write, lba: planned.lba, count: planned.sectors, epoch: this.#plan.epochOf(write) }
    this.#stamper.fill(buffer, at, run, from - planned.lba, count)
    return count
  }

  #follows(address: number, from: number): boolean {
    return (this.#moved.get(address) ?? address) === from
  }
}

function flipBit(sector: Uint8Array, address: number): void {
  const at = 64 + (address % 400)
  sector[at] = (sector[at] ?? 0) ^ (1 << (address % 8))
}

export function bigRun(size: BigRunSize = BIG_RUN): RecordedRun {
  const manifest = manifestOf(size)
  const log = logOf(manifest, size.writes)
  const disk = new LyingDisk(manifest, size.writes)
  const judge = new Judge(historyOf(log), parseContract(CONTRACT), { findingsMax: FINDINGS_MAX })
  const buffer = SectorBuffer.ofSectors(RANGE_SECTORS)
  for (const { lba, sectors } of judge.ranges()) {
    disk.read(lba, sectors, buffer)
    judge.range(lba, sectors, buffer)
  }
  const verdict = judge.finish()
  const endMs = START_MS + verdict.log.lastRecordMs
  const at = (ms: number): string => new Date(endMs + ms).toISOString()
  return {
    manifest,
    createdAt: manifest.startedAt,
    verifiedAt: at(60_000),
    log,
    progress: progressOf(verdict),
    cut: {
      kind: 'sigkill',
      at: at(3),
      signal: 'SIGKILL',
      target: { what: 'qemu-storage-daemon', pid: 4711 },
      died: true,
    },
    verdict,
  }
}
