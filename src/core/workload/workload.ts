/**
 * What a workload is: the small interface behind which every pattern of writes stands, and the random choices
 * that patterns share. One pattern a file beside this one; registry.ts lists them.
 */
import { type Key64, randomBelow } from '../prng.ts'
import { type Lba, type SectorCount, lba, sectorCount } from '../units.ts'

/** When the agent flushes. `workload`: where the workload itself says (wal, script). */
export type Cadence =
  | { readonly kind: 'writes'; readonly every: number }
  | { readonly kind: 'interval'; readonly ms: number }
  | { readonly kind: 'never' }
  | { readonly kind: 'workload' }

/** Everything the plan depends on; part of the manifest. Addresses and lengths in 512-byte sectors. */
export interface PlanSpec {
  readonly workload: string
  /** 16 hexadecimal digits; the same seed and parameters give the same writes. */
  readonly seed: string
  readonly region: { readonly lba: number; readonly sectors: number }
  readonly writeSectors: { readonly least: number; readonly most: number }
  /** Every address and length is a multiple of this: the target's logical block. */
  readonly alignSectors: number
  /** The cluster that `straddle` and `first-touch` aim at. */
  readonly clusterSectors: number
  /** Share of writes that are FUA, in percent. */
  readonly fuaPercent: number
  readonly cadence: Cadence
  /** The text of `--script`, for the workload `script` only. */
  readonly script?: string
}

export interface PlannedWrite {
  readonly lba: Lba
  readonly sectors: SectorCount
  readonly fua: boolean
}

/** What happens between two writes. `drain`: wait until nothing is in flight first, whatever the flush mode. */
export type Step = { readonly kind: 'flush'; readonly drain: boolean } | { readonly kind: 'sleep'; readonly ms: number }

/**
 * A pattern of writes. Implementations MUST be pure functions of their arguments, MUST stay inside the region, MUST keep
 * to multiples of `alignSectors` wherever the region does, and MUST cost the same for every n.
 */
export interface Workload {
  /** Write n (from 1). */
  write(n: number): PlannedWrite
  /** Steps after write n (0: before the first); `undefined` leaves it to the cadence. */
  stepsAfter?(n: number): readonly Step[]
  /** How many flushes fall before write n; given wherever `stepsAfter` is. */
  flushesBefore?(n: number): number
  /** Number of writes there are; `undefined` where the pattern has no end. */
  readonly length?: number
  /** The write whose data write n vouches for, where there is one (wal: commit record → data). */
  vouchesFor?(n: number): number | undefined
}

/** What a workload is made from: the checked spec and its random numbers. */
export interface WorkloadContext extends PlanSpec {
  readonly key: Key64
}

/** Lanes keep the random choices about one write independent of each other. */
export const LANE = { place: 1, size: 2, fua: 3, extra: 4 } as const

/** Whether write n is FUA, at the share the spec asks for. */
export const isFua = (context: WorkloadContext, n: number): boolean =>
  context.fuaPercent > 0 && randomBelow(context.key, n, LANE.fua, 10_000) < context.fuaPercent * 100

/** Length of write n: uniform over the multiples of the alignment in the span. */
export function lengthOf(context: WorkloadContext, n: number): number {
  const { writeSectors, alignSectors } = context
  const choices = (writeSectors.most - writeSectors.least) / alignSectors + 1
  return choices === 1
    ? writeSectors.least
    : writeSectors.least + randomBelow(context.key, n, LANE.size, choices) * alignSectors
}

/** Write n at `start`, as long as drawn but inside the region, FUA as drawn. */
export function writeAt(
  context: WorkloadContext,
  n: number,
  start: number,
  sectors = lengthOf(context, n),
): PlannedWrite {
  const end = context.region.lba + context.region.sectors
  const from = Math.max(context.region.lba, Math.min(start, end - sectors))
  return { lba: lba(from), sectors: sectorCount(sectors), fua: isFua(context, n) }
}

/** A workload by name, with the line that `--help` shows. */
export interface WorkloadKind {
  readonly name: string
  readonly summary: string
  /** The cadence where the user asks for none. */
  readonly cadence: Cadence
  make(context: WorkloadContext): Workload
}

/** The cadence of every workload that does not say itself where flushes fall. */
export const EVERY_16: Cadence = { kind: 'writes', every: 16 }
