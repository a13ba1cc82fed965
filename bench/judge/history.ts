/**
 * A long run for the judge, made without a disk: the log of a well-behaved agent, byte for byte as it would be stored, and what
 * an honest disk holds after it, range by range. Everything follows from the number of writes.
 */
import { MANIFEST_SCHEMA, type Manifest } from '../../src/core/manifest.ts'
import { RANGE_SECTORS } from '../../src/core/observations.ts'
import { Plan } from '../../src/core/plan.ts'
import { keyOf } from '../../src/core/prng.ts'
import { type SectorBuffer, Stamper } from '../../src/core/stamp.ts'
import { FrameEncoder, RecordEncoder } from '../../src/core/wire.ts'

const RUN = '00000000be2c4a11'
const DEVICE = '00000000d15c0001'
const QUEUE_DEPTH = 4
const FLUSH_EVERY = 16
/** As far ahead as an agent goes. */
const WINDOW = 65_536
const FRAME_BYTES = 64 * 1024

/** `sectors`: of the region; random writes of 4 KiB, four in flight, a flush every 16, a formatted baseline. */
export function manifestOf(sectors: number): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    run: RUN,
    campaign: 'bench',
    device: DEVICE,
    startedAt: '1970-01-01T00:00:00.000Z',
    plan: {
      workload: 'random',
      seed: RUN,
      region: { lba: 0, sectors },
      writeSectors: { least: 8, most: 8 },
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
    contract: 'volatile',
    target: { path: '/bench', kind: 'block', sizeSectors: sectors, logicalBlockBytes: 4096 },
    environment: { hostname: 'bench', kernel: '', arch: '', node: '', agent: '', cpus: 1, labels: {} },
  }
}

/** The log of that many writes, frame by frame; a record every 25 µs. */
export function* logOf(manifest: Manifest, writes: number): Iterable<Uint8Array> {
  const frames = new FrameEncoder()
  const records = new RecordEncoder()
  yield frames.manifest(manifest)
  let us = 0
  let flushes = 0
  const add = (kind: Parameters<RecordEncoder['add']>[0], id: number): void => records.add(kind, id, (us += 25))
  let window = 0
  for (let first = 1; first <= writes; first += QUEUE_DEPTH) {
    if (window < writes && first + WINDOW / 2 > window) add('window', (window = Math.min(writes, first - 1 + WINDOW)))
    const last = Math.min(first + QUEUE_DEPTH - 1, writes)
    for (let write = first; write <= last; write++) add('issue', write)
    for (let write = first; write <= last; write++) add('complete', write)
    if (last % FLUSH_EVERY === 0) {
      add('flush-issue', ++flushes)
      add('flush-complete', flushes)
    }
    if (records.pending >= FRAME_BYTES) yield frames.frame('records', records.take())
  }
  yield frames.frame('records', records.take())
}

/** What the disk holds: the newest write of every sector, 4 bytes a sector, stamped a range at a time. */
export class Survivor {
  readonly #plan: Plan
  readonly #newest: Uint32Array
  readonly #stamper = new Stamper(keyOf(RUN), keyOf(DEVICE))

  constructor(manifest: Manifest, writes: number) {
    this.#plan = Plan.of(manifest.plan)
    this.#newest = new Uint32Array(manifest.plan.region.sectors)
    for (let write = 1; write <= writes; write++) {
      const { lba, sectors } = this.#plan.write(write)
      this.#newest.fill(write, lba, lba + sectors)
    }
  }

  /** The sectors of one range into the start of `buffer`. */
  read(lba: number, sectors: number, buffer: SectorBuffer): void {
    const region = { write: 0, lba: 0, count: this.#newest.length, epoch: 0 }
    for (let i = 0; i < Math.min(sectors, RANGE_SECTORS); i++) {
      const write = this.#newest[lba + i] ?? 0
      if (write === 0) this.#stamper.fill(buffer, i, region, lba + i, 1)
      else {
        const planned = this.#plan.write(write)
        const run = { write, lba: planned.lba, count: planned.sectors, epoch: this.#plan.epochOf(write) }
        this.#stamper.fill(buffer, i, run, lba + i - planned.lba, 1)
      }
    }
  }
}
