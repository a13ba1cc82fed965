/**
 * The plan: a pure function from (seed, workload parameters) to write n, and to what happens after it.
 *
 * Random access without state: write 10^9 costs what write 1 costs, so the verifier knows every write that may be on
 * the device in full, even where its records never arrived. The patterns themselves are in workload/.
 */
import assert from 'node:assert/strict'
import { ProbeError } from './errors.ts'
import { keyOf } from './prng.ts'
import { workloadNamed } from './workload/registry.ts'
import type { PlanSpec, PlannedWrite, Step, Workload } from './workload/workload.ts'

export type { Cadence, PlanSpec, PlannedWrite, Step } from './workload/workload.ts'

const NONE: readonly Step[] = []
const FLUSH: readonly Step[] = [{ kind: 'flush', drain: false }]

export class Plan {
  readonly spec: PlanSpec
  readonly #workload: Workload
  /** Last write of the plan, or `Infinity`. */
  readonly length: number

  private constructor(spec: PlanSpec, workload: Workload) {
    this.spec = spec
    this.#workload = workload
    this.length = workload.length ?? Number.POSITIVE_INFINITY
  }

  /** Checks the spec and builds its plan; throws BAD_OPTION, BAD_SCRIPT, REGION_UNALIGNED or TARGET_TOO_SMALL. */
  static of(spec: PlanSpec): Plan {
    checkSpec(spec)
    const plan = new Plan(spec, workloadNamed(spec.workload).make({ ...spec, key: keyOf(spec.seed) }))
    checkScriptLengths(plan)
    return plan
  }

  /** Write n: where, how long, and whether FUA. */
  write(n: number): PlannedWrite {
    // Asked for every write, several times: the message is made only where it is needed.
    if (!(n >= 1 && n <= this.length)) assert.fail(`the plan has no write ${n}`)
    return this.#workload.write(n)
  }

  /** Flushes and pauses after write n (0: before the first write), in order. */
  stepsAfter(n: number): readonly Step[] {
    const { cadence } = this.spec
    switch (cadence.kind) {
      case 'writes':
        return n > 0 && n % cadence.every === 0 ? FLUSH : NONE
      case 'workload':
        return this.#workload.stepsAfter?.(n) ?? NONE
      case 'interval':
      case 'never':
        return NONE
    }
  }

  /** Planned epoch of write n: flushes that the plan puts before it; 0 where the cadence is a matter of time. */
  epochOf(n: number): number {
    const { cadence } = this.spec
    switch (cadence.kind) {
      case 'writes':
        return Math.floor((n - 1) / cadence.every)
      case 'workload':
        return this.#workload.flushesBefore?.(n) ?? 0
      case 'interval':
      case 'never':
        return 0
    }
  }

  /** The write whose data write n vouches for, if any. */
  vouchesFor(n: number): number | undefined {
    return this.#workload.vouchesFor?.(n)
  }
}

function checkSpec(spec: PlanSpec): void {
  const { alignSectors, clusterSectors, fuaPercent } = spec
  assert(Number.isInteger(alignSectors) && alignSectors >= 1, 'alignSectors must be a whole number from 1')
  checkAligned(spec)
  checkWriteSize(spec)
  checkCadence(spec)
  if (!Number.isInteger(clusterSectors) || clusterSectors < alignSectors || clusterSectors % alignSectors !== 0) {
    throw new ProbeError('BAD_OPTION', '--cluster-size must be a multiple of the logical block')
  }
  if (!(fuaPercent >= 0 && fuaPercent <= 100)) {
    throw new ProbeError('BAD_OPTION', `--fua got ${fuaPercent}; it takes 0 to 100`)
  }
}

function checkCadence({ cadence }: PlanSpec): void {
  if (cadence.kind === 'writes' && !(Number.isInteger(cadence.every) && cadence.every >= 1))
    throw new ProbeError('BAD_OPTION', `--flush-every got ${cadence.every}; it takes a whole number from 1`)
  if (cadence.kind === 'interval' && !(cadence.ms > 0))
    throw new ProbeError('BAD_OPTION', `--flush-interval got ${cadence.ms}; it takes milliseconds above 0`)
}

function checkAligned({ alignSectors, region, writeSectors }: PlanSpec): void {
  const lengths = [
    ['--region start', region.lba],
    ['--region length', region.sectors],
    ['--write-size', writeSectors.least],
    ['--write-size', writeSectors.most],
  ] as const
  for (const [what, sectors] of lengths) {
    if (Number.isSafeInteger(sectors) && sectors >= 0 && sectors % alignSectors === 0) continue
    throw new ProbeError(
      'REGION_UNALIGNED',
      `${what} is ${sectors * 512} bytes, not a multiple of the target's logical block of ${alignSectors * 512} bytes`,
    )
  }
}

function checkWriteSize({ region, writeSectors }: PlanSpec): void {
  const { least, most } = writeSectors
  if (least < 1 || most < least) throw new ProbeError('BAD_OPTION', '--write-size must be at least one sector')
  if (most > WRITE_SECTORS_MAX) {
    throw new ProbeError('BAD_OPTION', `--write-size is ${most * 512} bytes; at most 8M is taken`)
  }
  if (region.sectors > REGION_SECTORS_MAX)
    throw new ProbeError('BAD_OPTION', `--region holds ${region.sectors * 512} bytes; at most 512T are taken`)
  if (region.sectors < most) {
    throw new ProbeError(
      'TARGET_TOO_SMALL',
      `the region holds ${region.sectors * 512} bytes, less than one write of ${most * 512}`,
    )
  }
}

/** A plan with an end comes from a script, which says its lengths itself. */
function checkScriptLengths(plan: Plan): void {
  if (!Number.isFinite(plan.length)) return
  for (let n = 1; n <= plan.length; n++) {
    const { lba, sectors } = plan.write(n)
    if (sectors <= WRITE_SECTORS_MAX) continue
    throw new ProbeError(
      'BAD_SCRIPT',
      `--script has w ${lba}+${sectors}; a write is at most ${WRITE_SECTORS_MAX} sectors`,
    )
  }
}

/** Largest region: 512 TiB. */
const REGION_SECTORS_MAX = 2 ** 40

/** Longest single write: 8 MiB. */
export const WRITE_SECTORS_MAX = 16_384
