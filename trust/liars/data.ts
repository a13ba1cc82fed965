/** What the lying disks came to: docs/trust/liars.json. */
import assert from 'node:assert/strict'
import { type Interval, wilsonInterval } from '../../src/core/statistics.ts'
import { type Chance, FAULT_KINDS, FAULTS, type FaultKind } from '../../src/rig/sim/fault.ts'
import type { Calibration } from './calibration.ts'
import type { Campaign, CampaignOutcome, ComparedWorkload } from './campaign.ts'

export const LIARS_SCHEMA = 'plugpull.trust.liars/1'

export type CampaignRow = Omit<Campaign, 'seed'> & CampaignOutcome

export interface LiarsData {
  readonly schema: typeof LIARS_SCHEMA
  readonly node: string
  readonly calibration: readonly Calibration[]
  readonly workloads: {
    readonly seed: string
    readonly cutsMax: number
    readonly rows: readonly CampaignRow[]
  }
}

/** What docs/trust/liars.json holds, if that is what it is. */
export function checkLiarsData(data: unknown): LiarsData {
  assert(isLiarsData(data), `docs/trust/liars.json is ${LIARS_SCHEMA}`)
  return data
}

const isLiarsData = (data: unknown): data is LiarsData =>
  typeof data === 'object' && data !== null && 'schema' in data && data.schema === LIARS_SCHEMA

/** A run writes a thousand times, and flushes and begins epochs less often: rates that tell workloads apart differ likewise. */
const RATES: Readonly<Record<Chance, readonly number[]>> = {
  write: [0.1, 0.01, 0.001],
  'FUA write': [1, 0.1, 0.01],
  flush: [1, 0.1, 0.01],
  epoch: [0.1, 0.01, 0.001],
  cut: [1, 0.1, 0.01],
}

/** Rates at which a liar's campaigns are run. Whether a fault of the cut strikes is one draw a cut, so one campaign serves all its rates. */
export const ratesMeasured = (fault: FaultKind): readonly number[] =>
  FAULTS[fault].chance === 'cut' ? [1] : RATES[FAULTS[fault].chance]

/** The probability that one cut convicts, with its 95 % interval. */
export interface Catch extends Interval {
  readonly p: number
  /** Cuts that it was measured in. */
  readonly of: number
}

/** A liar at a rate, in every workload measured. */
export interface CatchRow {
  readonly fault: FaultKind
  readonly rate: number
  readonly catches: Readonly<Partial<Record<ComparedWorkload, Catch>>>
}

/** All liars and rates, in the order of the faults. */
export function catchRows({ workloads }: LiarsData): readonly CatchRow[] {
  return FAULT_KINDS.flatMap((fault) =>
    RATES[FAULTS[fault].chance].map((rate) => {
      const measuredAt = FAULTS[fault].chance === 'cut' ? 1 : rate
      const measured = workloads.rows.filter((row) => row.fault === fault && row.rate === measuredAt)
      return {
        fault,
        rate,
        catches: Object.fromEntries(measured.map((row) => [row.workload, catchOf(row, rate / row.rate)])),
      }
    }),
  )
}

function catchOf({ caught, cuts }: CampaignRow, share: number): Catch {
  const { low, high } = wilsonInterval(caught, cuts)
  return { p: (caught / cuts) * share, low: low * share, high: high * share, of: cuts }
}

/** Cuts after which the liar is caught with that confidence, where one cut catches it with probability p. */
export const cutsUntil = (confidence: number, p: number): number =>
  p >= 1 ? 1 : Math.max(1, Math.ceil(Math.log(1 - confidence) / Math.log1p(-p)))
