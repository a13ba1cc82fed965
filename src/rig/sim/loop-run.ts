/** A simulated run as `plugpull loop --rig sim` asks for it: the agent's options, the disk of the rig, and the moment of the cut. */
import { parseWorkloadOptions, planSpecOf, type WorkloadOptions } from '../../core/agent-options.ts'
import type { TargetFacts } from '../../core/manifest.ts'
import { hexOf, keyOf, randomBits } from '../../core/prng.ts'
import { SECTOR_BYTES, WRITE_ID_MAX } from '../../core/units.ts'
import type { OwnRunRequest } from '../rig.ts'
import type { FaultSpec } from './fault.ts'
import type { SimOverrides } from './options.ts'

const EVENTS_MAX = 5_000_000

/** The disk of one cycle. */
export interface LoopDisk {
  readonly seed: string
  readonly sizeBytes: number
  /** Where its image will be. */
  readonly path: string
  readonly contract: 'volatile' | 'write-through'
  readonly faults: readonly FaultSpec[]
}

/** What fixes the run; what it leaves open has no bearing on one that the loop asks for. */
export function loopOverrides(disk: LoopDisk, request: OwnRunRequest): SimOverrides {
  const options = parseWorkloadOptions(request.options)
  const key = keyOf(disk.seed)
  const mode = disk.contract === 'write-through' || options.io === 'dsync' ? 'write-through' : 'volatile'
  const target = targetOf(disk, mode)
  return {
    run: request.run,
    device: hexOf({ lo: randomBits(key, 1, 0xdeb), hi: randomBits(key, 2, 0xdeb) }),
    campaign: request.campaign,
    sizeSectors: target.sizeSectors,
    plan: planSpecOf(options, options.seed ?? disk.seed, target),
    queueDepth: options.queueDepth,
    flushMode: options.flushMode,
    commit: options.commit,
    overlapInFlight: options.overlapInFlight,
    baseline: options.baseline,
    writesMax: options.writesMax ?? WRITE_ID_MAX,
    before: 'zeros',
    mode,
    atomicSectors: 0,
    survival: 0.5,
    writeBack: 0.2,
    serviceUs: 100,
    shipUs: 1000,
    windowWrites: 256,
    frameRecords: 8,
    // A tail that is lost takes the evidence of the last flushes along: here it would hide what is to be seen.
    tail: 'all',
    cutInFormat: false,
    failureChance: 0,
    faults: disk.faults,
    ...timingOf(options, request.cutAfterMs),
    described: { startedAt: new Date().toISOString(), io: options.io, target, labels: request.labels },
  }
}

function targetOf({ path, sizeBytes }: LoopDisk, mode: 'volatile' | 'write-through'): TargetFacts {
  return {
    path,
    kind: 'file',
    sizeSectors: sizeBytes / SECTOR_BYTES,
    logicalBlockBytes: SECTOR_BYTES,
    writeCache: mode === 'write-through' ? 'write through' : 'write back',
    fua: true,
    driver: 'sim',
  }
}

/** A workload with an end is cut after its end, any other after its start: as the loop does it with real disks. */
function timingOf(options: WorkloadOptions, cutAfterMs: number): SimOverrides {
  const afterUs = cutAfterMs * 1000
  const ends = options.workload === 'script' || options.writesMax !== undefined || options.durationMs !== undefined
  const common = { cutAfterEvents: EVENTS_MAX, stopAtUs: (options.durationMs ?? Number.POSITIVE_INFINITY) * 1000 }
  return ends
    ? { ...common, cutAtUs: Number.POSITIVE_INFINITY, cutAfterEndUs: afterUs }
    : { ...common, cutAtUs: afterUs }
}
