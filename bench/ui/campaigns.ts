/**
 * Campaigns for the pages to show, of the real simulator, judged by the real judge: one of 2,000 runs, whose disks now and then
 * drop a flush, and one for each of many configurations, so that the matrix is as full as a lab's. Everything follows from the numbers.
 */
import { Judge } from '../../src/core/judge.ts'
import type { Manifest } from '../../src/core/manifest.ts'
import { hexOf, randomBelow, randomBits } from '../../src/core/prng.ts'
import { runIdAt } from '../../src/core/run-id.ts'
import { SectorBuffer } from '../../src/core/stamp.ts'
import { SECTOR_BYTES } from '../../src/core/units.ts'
import type { FaultSpec } from '../../src/rig/sim/fault.ts'
import { FrameEncoder } from '../../src/core/wire.ts'
import { loopOverrides } from '../../src/rig/sim/loop-run.ts'
import { runSimulation } from '../../src/rig/sim/run.ts'
import type { Simulation } from '../../src/rig/sim/simulation.ts'
import { historyOf, progressOf, type RecordedRun } from './recorded-run.ts'

export const BIG_CAMPAIGN = 'bench/2000-runs'
export const BIG_CAMPAIGN_RUNS = 2000
/** Every so many-th disk of the big campaign drops every second flush. */
const LIAR_EVERY = 25
const RUNS_A_CELL = 8
const SIZE_BYTES = 2 ** 19
const START_MS = Date.UTC(2026, 0, 1)
const RUN_EVERY_MS = 90_000
const FINDINGS_MAX = 1000
/** Of a frame (docs/FORMAT.md). */
const FRAME_HEADER_BYTES = 16
const PAYLOAD_LENGTH_AT = 4
const KEY = { lo: 0x2000, hi: 0xbe2c }
const LIE: FaultSpec = { kind: 'drop-flush', rate: 0.5, times: Number.POSITIVE_INFINITY }
const ALWAYS: FaultSpec = { ...LIE, rate: 1 }

const CACHES = ['none', 'writeback', 'writethrough', 'directsync', 'unsafe'] as const
const IMAGES = ['raw', 'qcow2', 'qcow2-extl2', 'qcow2-overlay', 'qcow2-overlay-extl2', 'qcow2-compressed'] as const
const CUTS = ['sigkill', 'sigterm', 'host-power'] as const
const KERNELS = ['6.1.0-40-amd64', '6.12.48-amd64', '6.16.3-cloud-amd64'] as const
const HOSTS = ['lab-1', 'lab-2', 'lab-3', 'lab-4'] as const

export const MATRIX_RUNS = CACHES.length * IMAGES.length * CUTS.length * RUNS_A_CELL

/** What is different from run to run. */
interface RunSpec {
  /** Of all runs, from 0: seed, key and time follow from it. */
  readonly number: number
  readonly campaign: string
  readonly labels: Readonly<Record<string, string>>
  readonly contract: 'volatile' | 'write-through'
  readonly faults: readonly FaultSpec[]
  readonly workload: Readonly<Record<string, string>>
}

const RANDOM = { workload: 'random', writeSize: '4k-32k', queueDepth: '4', flushEvery: '16' } as const

/** Runs of the big campaign, oldest first. */
export function* bigCampaign(runs = BIG_CAMPAIGN_RUNS): Iterable<RecordedRun> {
  for (let number = 0; number < runs; number++)
    yield recorded({
      number,
      campaign: BIG_CAMPAIGN,
      labels: labelsOf('none', 'qcow2', 'sigkill'),
      contract: 'volatile',
      faults: number % LIAR_EVERY === LIAR_EVERY - 1 ? [LIE] : [],
      workload: RANDOM,
    })
}

/** A campaign for each configuration, oldest first; numbered from `first`. */
export function* matrixCampaigns(first: number, runsACell = RUNS_A_CELL): Iterable<RecordedRun> {
  let number = first
  for (const cache of CACHES)
    for (const image of IMAGES)
      for (const cut of CUTS)
        for (let run = 0; run < runsACell; run++)
          yield recorded({
            number: number++,
            campaign: `bench/${cache}-${image}-${cut}`,
            labels: labelsOf(cache, image, cut),
            contract: cache === 'writethrough' || cache === 'directsync' ? 'write-through' : 'volatile',
            faults: cache === 'unsafe' && cut === 'host-power' ? [ALWAYS] : [],
            workload: RANDOM,
          })
}

const labelsOf = (cache: string, image: string, cut: string): RunSpec['labels'] => ({
  rig: cut === 'host-power' ? 'host-power' : 'storage-daemon',
  cache,
  image,
  cut,
  bus: 'virtio-blk',
  qemu: '10.0.8',
})

function recorded({ number, campaign, labels, contract, faults, workload }: RunSpec): RecordedRun {
  const atMs = START_MS + number * RUN_EVERY_MS
  const run = runIdAt(atMs, randomBits(KEY, number, 1) >>> 0)
  const seed = hexOf({ lo: randomBits(KEY, number, 2), hi: randomBits(KEY, number, 3) })
  const cutAfterMs = 15 + randomBelow(KEY, number, 4, 30)
  const disk = { seed, sizeBytes: SIZE_BYTES, path: '/dev/vdb', contract, faults }
  const made = loopOverrides(disk, { run, campaign, options: { ...workload, seed }, labels, cutAfterMs })
  const at = (ms: number): string => new Date(atMs + ms).toISOString()
  const simulation = runSimulation(seed, { ...made, described: { ...made.described, startedAt: at(0) } })
  const verdict = judged(simulation)
  const manifest = {
    ...simulation.manifest,
    environment: {
      ...simulation.manifest.environment,
      kernel: KERNELS[number % KERNELS.length] ?? KERNELS[0],
      hostname: HOSTS[Math.floor(number / 7) % HOSTS.length] ?? HOSTS[0],
    },
  }
  return {
    manifest,
    createdAt: at(0),
    verifiedAt: at(20_000),
    log: withManifest(simulation.log, manifest),
    progress: progressOf(verdict),
    cut: { kind: labels['cut'] ?? '', at: at(cutAfterMs), died: true, target: { what: 'simulated disk', pid: 1 } },
    verdict,
  }
}

/** The log with another manifest: its first frame, which no other one depends on. */
function withManifest(log: Uint8Array, manifest: Manifest): Uint8Array {
  const payloadBytes = new DataView(log.buffer, log.byteOffset).getUint32(PAYLOAD_LENGTH_AT, true)
  return Buffer.concat([new FrameEncoder().manifest(manifest), log.subarray(FRAME_HEADER_BYTES + payloadBytes)])
}

/** The verdict on what a simulated run left. */
function judged({ log, contract, disk }: Simulation): RecordedRun['verdict'] {
  const judge = new Judge(historyOf(log), contract, { findingsMax: FINDINGS_MAX })
  for (const { lba, sectors } of judge.ranges()) {
    const buffer = new SectorBuffer(disk.medium.bytes.buffer, lba * SECTOR_BYTES, sectors * SECTOR_BYTES)
    judge.range(lba, sectors, buffer, disk.unreadable)
  }
  return judge.finish()
}
