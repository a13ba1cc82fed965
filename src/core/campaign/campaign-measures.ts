/** The measures of many runs, added up (docs/MODEL.md, "Over a campaign"). */
import type { VerdictSummary } from './campaign.ts'
import { type Histogram, type Spread, sumHistograms, sumSpreads } from '../histogram.ts'
import type { Latencies } from '../history.ts'
import type { Measures, UnitCounts } from '../measures.ts'

/** Writes by unit, and the cuts they come from: the writes of one cut share its fate, cuts do not. */
export interface CampaignUnitCounts extends UnitCounts {
  /** Cuts with a write of which a tear would have been seen. */
  readonly cuts: number
  /** Cuts with such a write that is larger than half the unit. */
  readonly fillingCuts: number
  /** Cuts with a torn one. */
  readonly tornCuts: number
}

/** Sums over the runs whose verdicts carry measures. */
export interface CampaignMeasures {
  readonly runs: number
  /** Contract → runs that were judged by it. */
  readonly contracts: Histogram
  readonly checked: {
    readonly stableSectors: number
    readonly supersededSectors: number
    readonly stableWrites: number
    readonly flushes: number
  }
  readonly atRisk: Measures['atRisk']
  /** Cuts at which there was, at risk: a complete write that some sector still tells of; a write in flight; a write of several sectors. */
  readonly cutsWith: {
    readonly completeWrites: number
    readonly inFlightWrites: number
    readonly multiSectorWrites: number
  }
  readonly tears: Measures['tears']
  readonly atomicity: Readonly<Record<string, CampaignUnitCounts>>
  readonly lostAgesMs: Spread
  readonly reordered: Measures['reordered']
  /** Sums over the runs whose verdicts carry it; absent where none does. */
  readonly latencyUs?: Latencies & { readonly runs: number }
}

type Measured = VerdictSummary & { readonly measures: Measures }

const isMeasured = (verdict: VerdictSummary): verdict is Measured => verdict.measures !== undefined

/** `undefined` where no verdict carries measures. */
export function sumMeasures(verdicts: readonly VerdictSummary[]): CampaignMeasures | undefined {
  const runs = verdicts.filter(isMeasured)
  if (runs.length === 0) return undefined
  const sum = (of: (run: Measured) => number): number => runs.reduce((total, run) => total + of(run), 0)
  const cuts = (has: (run: Measured) => boolean): number => runs.filter(has).length
  const spread = (of: (measures: Measures) => Spread): Spread => sumSpreads(runs.map(({ measures }) => of(measures)))
  const atRisk = (what: keyof Measures['atRisk']): number => sum(({ measures }) => measures.atRisk[what])
  return {
    runs: runs.length,
    contracts: sumHistograms(runs.map(({ contract }) => ({ [contract]: 1 }))),
    checked: {
      stableSectors: sum(({ checked }) => checked.stableSectors),
      supersededSectors: sum(({ checked }) => checked.supersededSectors),
      stableWrites: sum(({ checked }) => checked.stableWrites),
      flushes: sum(({ checked }) => checked.flushes),
    },
    atRisk: {
      completeWrites: atRisk('completeWrites'),
      tellingWrites: atRisk('tellingWrites'),
      inFlightWrites: atRisk('inFlightWrites'),
      multiSectorWrites: atRisk('multiSectorWrites'),
      sectors: atRisk('sectors'),
    },
    cutsWith: {
      completeWrites: cuts(({ measures }) => measures.atRisk.tellingWrites > 0),
      inFlightWrites: cuts(({ measures }) => measures.atRisk.inFlightWrites > 0),
      multiSectorWrites: cuts(({ measures }) => measures.atRisk.multiSectorWrites > 0),
    },
    tears: {
      alignments: sumHistograms(runs.map(({ measures }) => measures.tears.alignments)),
      writeSizes: sumHistograms(runs.map(({ measures }) => measures.tears.writeSizes)),
      unlocated: sum(({ measures }) => measures.tears.unlocated),
    },
    atomicity: sumUnits(runs),
    lostAgesMs: spread(({ lostAgesMs }) => lostAgesMs),
    reordered: {
      writesAhead: spread(({ reordered }) => reordered.writesAhead),
      msAhead: spread(({ reordered }) => reordered.msAhead),
    },
    ...sumLatencies(runs),
  }
}

function sumLatencies(runs: readonly Measured[]): Pick<CampaignMeasures, 'latencyUs'> {
  const told = runs.flatMap(({ measures }) => measures.latencyUs ?? [])
  if (told.length === 0) return {}
  const sum = (what: keyof Latencies): Spread => sumSpreads(told.map((latencies) => latencies[what]))
  return { latencyUs: { runs: told.length, write: sum('write'), flush: sum('flush') } }
}

const NONE: CampaignUnitCounts = { exposed: 0, filling: 0, whole: 0, torn: 0, cuts: 0, fillingCuts: 0, tornCuts: 0 }

/** After a gap in the log a write that seems at risk may have been stable: such a run tells of tears it shows, and of none that it does not. */
function sumUnits(runs: readonly Measured[]): CampaignMeasures['atomicity'] {
  const units: Record<string, CampaignUnitCounts> = {}
  for (const { measures, log } of runs) {
    for (const [unit, { exposed, filling, whole, torn }] of Object.entries(measures.atomicity)) {
      if (log.tail === 'corrupt' && torn === 0) continue
      const sum = units[unit] ?? NONE
      units[unit] = {
        exposed: sum.exposed + exposed,
        filling: sum.filling + filling,
        whole: sum.whole + whole,
        torn: sum.torn + torn,
        cuts: sum.cuts + 1,
        fillingCuts: sum.fillingCuts + (filling > 0 ? 1 : 0),
        tornCuts: sum.tornCuts + (torn > 0 ? 1 : 0),
      }
    }
  }
  return units
}

/** Whether every run was judged as write-through: complete is stable then, and no complete write is ever at risk. */
export const isWriteThrough = ({ contracts }: CampaignMeasures): boolean =>
  Object.keys(contracts).every((contract) => contract.startsWith('write-through'))
