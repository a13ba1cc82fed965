/**
 * Everything a simulated run is made from, drawn from one seed: workload, disk, timing, the moment of the cut, and what
 * of the log arrived. Two runs of one seed and the same overrides are the same byte for byte.
 */
import { hexOf, keyOf, Prng } from '../../core/prng.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { Cadence, PlanSpec } from '../../core/plan.ts'
import { workloadNamed } from '../../core/workload/registry.ts'
import { DISK_MODES, type DiskMode } from './disk.ts'
import type { FaultSpec } from './fault.ts'
import { LOG_TAILS, type LogTail } from './log.ts'

export interface SimOptions {
  /** Run key and device key: 16 hexadecimal digits. */
  readonly run: string
  readonly device: string
  readonly campaign: string
  readonly sizeSectors: number
  readonly plan: PlanSpec
  readonly writesMax: number
  readonly queueDepth: number
  readonly flushMode: 'barrier' | 'concurrent'
  readonly commit: 'stream' | 'wait'
  readonly overlapInFlight: boolean
  readonly baseline: 'format' | 'scan'
  /** What the disk holds before the run. */
  readonly before: 'zeros' | 'noise' | 'older-run'
  readonly mode: DiskMode
  /** Writes within one aligned unit of so many sectors are all or nothing; 0: there is no such promise. */
  readonly atomicSectors: number
  /** Chance that what is not on the medium at the cut still goes there. */
  readonly survival: number
  /** Steps of write-back for each event of the run, on average. */
  readonly writeBack: number
  /** Mean time of a write in µs; a flush takes four times that. */
  readonly serviceUs: number
  /** Mean time until the collector has what was shipped. */
  readonly shipUs: number
  /** Writes in an intent window. */
  readonly windowWrites: number
  /** Records in a frame at most. */
  readonly frameRecords: number
  /** The agent issues nothing after this time. */
  readonly stopAtUs: number
  /** The cut comes after so many events (issues, completions and the like), or at this time, whichever is first. */
  readonly cutAfterEvents: number
  readonly cutAtUs: number
  /** The cut comes this long after the agent is done; drawn where not given. */
  readonly cutAfterEndUs?: number
  /** The cut comes while the region is being stamped. */
  readonly cutInFormat: boolean
  readonly tail: LogTail
  /** Chance that one write or flush is reported failed; the run then ends by itself. */
  readonly failureChance: number
  readonly faults: readonly FaultSpec[]
  /** What the manifest says beyond all this. */
  readonly described?: Partial<Pick<Manifest, 'startedAt' | 'io' | 'target'>> & {
    readonly labels?: Readonly<Record<string, string>>
  }
}

/** Overrides of a drawn run; those of the plan one by one. */
export type SimOverrides = Partial<Omit<SimOptions, 'plan'>> & { readonly plan?: Partial<PlanSpec> }

/** Run keys are few, so that their payload pools are made once (core/stamp). */
const RUN_KEYS = 16

/** Draws all that `overrides` leave open. `seed`: 16 hexadecimal digits. */
export function drawOptions(seed: string, overrides: SimOverrides = {}): SimOptions {
  const random = new Prng(keyOf(seed))
  const plan = { ...drawPlan(random), ...overrides.plan }
  const drawnMode = random.pick(DISK_MODES)
  const mode = overrides.mode ?? drawnMode
  const drawn = {
    run: hexOf({ lo: 0x51b0 + random.below(RUN_KEYS), hi: 0x5e1f }),
    device: hexOf({ lo: 0xd15c, hi: 0x5e1f }),
    campaign: 'sim',
    sizeSectors: plan.region.lba + plan.region.sectors + random.pick([0, plan.alignSectors, 64]),
    writesMax: random.chance(0.3) ? 1 + random.below(200) : 0xffff_ffff,
    queueDepth: random.pick([1, 1, 2, 3, 4, 8, 16, 32, 64]),
    flushMode: random.pick(['barrier', 'concurrent'] as const),
    commit: random.chance(0.2) ? ('wait' as const) : ('stream' as const),
    overlapInFlight: random.chance(0.4),
    baseline: random.pick(['format', 'scan'] as const),
    before: random.pick(['zeros', 'noise', 'older-run'] as const),
    mode,
    atomicSectors: mode !== 'virtio-strict' && random.chance(0.3) ? random.pick([2, 4, 8, 16]) : 0,
    survival: random.pick([0, 0.1, 0.5, 0.9, 1, random.unit()]),
    writeBack: random.pick([0, 0, 0.2, 1, 4]),
    serviceUs: random.pick([20, 100, 2000]),
    shipUs: random.pick([50, 1000, 20_000]),
    windowWrites: random.pick([1, 4, 16, 64, 64, 256]),
    frameRecords: random.pick([1, 2, 5, 20, 100]),
    cutAfterEvents: random.pick([40, 400, 1200]) * random.unit(),
    stopAtUs: Number.POSITIVE_INFINITY,
    cutAtUs: Number.POSITIVE_INFINITY,
    cutInFormat: random.chance(0.01),
    tail: random.pick(LOG_TAILS),
    failureChance: random.chance(0.05) ? 0.02 : 0,
    faults: [],
  }
  return { ...drawn, ...overrides, plan }
}

function drawPlan(random: Prng): PlanSpec {
  const alignSectors = random.pick([1, 1, 1, 8])
  const least = alignSectors * random.pick([1, 1, 2, 4, 8])
  const most = least + alignSectors * random.pick([0, 0, 1, 3, 8])
  const region = {
    lba: alignSectors * random.pick([0, 0, 1, 7]),
    sectors: most + alignSectors * (8 + random.below(alignSectors === 1 ? 250 : 40)),
  }
  const workload = random.pick([
    'random',
    'random',
    'hotspot',
    'sequential',
    'overlap',
    'straddle',
    'first-touch',
    'wal',
    'script',
  ])
  const drawn = {
    workload,
    seed: hexOf(random.key()),
    region,
    writeSectors: { least, most },
    alignSectors,
    clusterSectors: alignSectors * random.pick([8, 16, 32]),
    fuaPercent: random.pick([0, 0, 5, 30, 100]),
  }
  if (workload !== 'script') return { ...drawn, cadence: drawCadence(random, workload) }
  return { ...drawn, cadence: { kind: 'workload' }, script: drawScript(random, drawn) }
}

function drawCadence(random: Prng, workload: string): Cadence {
  const own = workloadNamed(workload).cadence
  const drawn: readonly Cadence[] = [
    { kind: 'writes', every: random.pick([1, 3, 8, 16, 50]) },
    { kind: 'writes', every: 1 + random.below(20) },
    { kind: 'interval', ms: random.pick([0.5, 3, 20]) },
    { kind: 'never' },
  ]
  return own.kind === 'workload' && random.chance(0.7) ? own : random.pick(drawn)
}

function drawScript(random: Prng, plan: Pick<PlanSpec, 'region' | 'writeSectors' | 'alignSectors'>): string {
  const { alignSectors, region, writeSectors } = plan
  const statements = Array.from({ length: 1 + random.below(60) }, () => {
    if (random.chance(0.15)) return 'flush'
    if (random.chance(0.03)) return `sleep ${random.below(30)}ms`
    const sectors =
      writeSectors.least + alignSectors * random.below((writeSectors.most - writeSectors.least) / alignSectors + 1)
    const places = (region.sectors - sectors) / alignSectors + 1
    return `w ${region.lba + alignSectors * random.below(places)}+${sectors}${random.chance(0.1) ? ' fua' : ''}`
  })
  return [...statements, `w ${region.lba}+${writeSectors.least}`].join('; ')
}
