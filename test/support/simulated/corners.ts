/** How often runs got into each corner of what can happen: a corner never reached would prove nothing. */
import type { Verdict } from '../../../src/core/verdict.ts'
import { DISK_MODES } from '../../../src/rig/sim/disk.ts'
import type { Simulation } from '../../../src/rig/sim/simulation.ts'

/** The corners that many honest cuts must have reached. */
export const CORNERS_WANTED: readonly string[] = [
  'verdict held',
  'verdict inconclusive',
  'tail clean',
  'tail truncated',
  'ended',
  'atomic',
  'overlap in flight',
  'superseded sectors',
  'many stable writes',
  'failed request',
  'commit wait',
  'baseline format',
  'baseline scan',
  'hazard lost',
  'hazard torn',
  'hazard reordered',
  'hazard corrupt',
  'cut while formatting',
  'barrier flushes',
  'concurrent flushes',
  'cadence interval',
  'cadence never',
  'workload script',
  'workload wal',
  ...DISK_MODES.map((mode) => `mode ${mode}`),
]
/** The rarest corner is drawn once in some 200 runs: fewer runs than this may miss one. */
const ENOUGH_RUNS = 2000

/** Corner → runs that reached it. */
export type CornerCounts = Readonly<Record<string, number>>

export class Corners {
  readonly #counts = new Map<string, number>()

  add(simulation: Simulation, verdict: Verdict): void {
    for (const corner of cornersOf(simulation, verdict)) this.#count(corner, 1)
  }

  merge(counts: CornerCounts): void {
    for (const [corner, count] of Object.entries(counts)) this.#count(corner, count)
  }

  /** In the order of their names. */
  counts(): CornerCounts {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => a.localeCompare(b)))
  }

  /** Wanted corners that none of `runs` runs reached; none where the runs are too few to tell. */
  missed(runs: number): readonly string[] {
    return runs < ENOUGH_RUNS ? [] : CORNERS_WANTED.filter((corner) => !this.#counts.has(corner))
  }

  #count(corner: string, by: number): void {
    this.#counts.set(corner, (this.#counts.get(corner) ?? 0) + by)
  }
}

function cornersOf({ options, events }: Simulation, verdict: Verdict): readonly string[] {
  const { plan } = options
  const conditions: Readonly<Record<string, boolean>> = {
    ended: verdict.log.ended,
    atomic: options.atomicSectors > 0,
    'overlap in flight': options.overlapInFlight && options.queueDepth > 1,
    'cut while formatting': options.cutInFormat && options.baseline === 'format',
    'superseded sectors': verdict.checked.supersededSectors > 0,
    'many stable writes': verdict.checked.stableWrites > 20,
    'failed request': events.some(({ kind }) => kind === 'failed' || kind === 'flush-failed'),
  }
  return [
    `mode ${options.mode}`,
    `verdict ${verdict.verdict}`,
    `tail ${verdict.log.tail}`,
    `${options.flushMode} flushes`,
    `workload ${plan.workload}`,
    `cadence ${plan.cadence.kind}`,
    `commit ${options.commit}`,
    `baseline ${options.baseline}`,
    ...Object.keys(conditions).filter((condition) => conditions[condition]),
    ...(['lost', 'torn', 'reordered', 'corrupt'] as const)
      .filter((kind) => verdict.hazards[kind] > 0)
      .map((kind) => `hazard ${kind}`),
  ]
}
