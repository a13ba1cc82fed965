/**
 * Everything that is told of one finding, as data (schema `plugpull.explanation/1`): for `plugpull explain` and for the collector.
 * Nothing here decides anything: the judge did, and the verdict is its word.
 */
import type { CutRecord } from '../campaign/campaign.ts'
import type { Contract } from '../contract.ts'
import type { Finding, SectorRun } from '../finding.ts'
import type { History } from '../history.ts'
import { WRITE_SECTORS_MAX } from '../plan.ts'
import type { Verdict } from '../verdict.ts'
import type { NamedFinding } from './finding-name.ts'
import type { Life } from './life.ts'
import { howRuleIsMet } from './rule-met.ts'
import { type Rule, ruleOf } from './rule.ts'
import { SectorComparer, type SectorComparison } from './sector-comparison.ts'
import { type CoveringWrite, type Extent, type StripCell, coveringWrites, namedWrites, stripOf } from './strip.ts'
import { type TimelineEvent, orderOf, timelineOf } from './timeline.ts'

export const EXPLANATION_SCHEMA = 'plugpull.explanation/1'

/** Writes whose lives are told: those that the finding names, and the newest others. */
const WRITES_TOLD = 8

export interface Explanation extends NamedFinding {
  readonly schema: typeof EXPLANATION_SCHEMA
  readonly run: string
  readonly campaign: string
  readonly device: string
  readonly contract: string
  readonly cut?: CutRecord
  readonly rule: Rule & { readonly met: readonly string[] }
  readonly place: Extent
  readonly life: Life
  readonly timeline: readonly TimelineEvent[]
  readonly order: ReturnType<typeof orderOf>
  /** Writes that cover the place too, and whose lives are not told. */
  readonly writesOmitted: number
  readonly cells: readonly StripCell[]
  readonly sectors: readonly SectorComparison[]
  /** Where the bytes came from: kept with the verdict, or read now. `none`: there are none to show. */
  readonly bytesFrom: 'verdict' | 'target' | 'none'
  readonly notes: readonly string[]
}

/** What was read of the finding's place. */
export interface Look {
  readonly from: Explanation['bytesFrom']
  readonly bytes: ReadonlyMap<number, Uint8Array>
  readonly runs: readonly SectorRun[]
  readonly notes: readonly string[]
}

/** The finding's place and the writes that may be there: what is known before anything of the target is looked at. */
export interface FindingPlace {
  readonly place: Extent
  readonly covering: readonly CoveringWrite[]
}

export function placeOfFinding(history: History, contract: Contract, finding: Finding): FindingPlace {
  const place = { lba: finding.lba, sectors: Math.min(finding.sectors, WRITE_SECTORS_MAX) }
  return { place, covering: coveringWrites(history, contract, place) }
}

/** The strip, and the writes whose lives are to be read from the log. */
export interface FindingStrip extends FindingPlace {
  readonly look: Look
  readonly cells: readonly StripCell[]
  readonly told: ReadonlySet<number>
}

export function stripOfFinding(
  history: History,
  finding: Finding,
  at: FindingPlace,
  look: Look,
  run: string,
): FindingStrip {
  const cells = stripOf(history, at.place, at.covering, look.runs)
  const told = toldWrites(history, at.covering, namedWrites(finding, cells, run))
  return { ...at, look, cells, told }
}

/** What the evidence says beside its log. */
export interface ExplanationFacts {
  readonly named: NamedFinding
  readonly verdict: Pick<Verdict, 'run' | 'contract'>
  readonly contract: Contract
  readonly cut?: CutRecord
}

/** The whole of it, once the lives were read. */
export function explanationOf(history: History, facts: ExplanationFacts, strip: FindingStrip, life: Life): Explanation {
  const { named, verdict, contract, cut } = facts
  const { finding, number, also } = named
  const { place, covering, look, cells, told } = strip
  const comparer = new SectorComparer(history)
  return {
    schema: EXPLANATION_SCHEMA,
    run: verdict.run,
    campaign: history.manifest.campaign,
    device: history.manifest.device,
    contract: verdict.contract,
    ...(cut === undefined ? {} : { cut }),
    number,
    finding,
    also,
    rule: { ...ruleOf(finding), met: howRuleIsMet({ finding, contract, life, cells }) },
    place,
    life,
    timeline: timelineOf(life),
    order: orderOf(history, life.writes),
    writesOmitted: covering.filter(({ write }) => !told.has(write)).length,
    cells,
    sectors: [...look.bytes].map(([lba, bytes]) => comparer.compare(lba, bytes, finding, cells, covering)),
    bytesFrom: look.from,
    notes: look.notes,
  }
}

/** Those that are named, and the newest of the rest; a write that the plan does not hold has no life to tell. */
function toldWrites(
  { plan }: History,
  covering: readonly CoveringWrite[],
  named: ReadonlySet<number>,
): ReadonlySet<number> {
  const told = new Set([...named].filter((write) => write >= 1 && write <= plan.length).slice(0, WRITES_TOLD))
  for (const { write } of covering.toReversed()) if (told.size < WRITES_TOLD) told.add(write)
  return told
}
