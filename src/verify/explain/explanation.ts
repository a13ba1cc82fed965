/**
 * Everything that `plugpull explain` tells of one finding, as data (schema `plugpull.explanation/1`); wording is text.ts.
 * Nothing here decides anything: the judge did, and the verdict is its word.
 */
import type { CutRecord } from '../../core/campaign/campaign.ts'
import { parseContract } from '../../core/contract.ts'
import { ProbeError } from '../../core/errors.ts'
import type { NamedFinding } from '../../core/telling/finding-name.ts'
import type { SectorRun } from '../../core/finding.ts'
import { type History, msOf } from '../../core/history.ts'
import { type Life, LifeReader } from '../../core/telling/life.ts'
import { type Rule, ruleOf } from '../../core/telling/rule.ts'
import { howRuleIsMet } from '../../core/telling/rule-met.ts'
import { SectorComparer, type SectorComparison } from '../../core/telling/sector-comparison.ts'
import {
  type CoveringWrite,
  type Extent,
  type StripCell,
  coveringWrites,
  namedWrites,
  runsFoundFor,
  stripOf,
} from '../../core/telling/strip.ts'
import { type TimelineEvent, orderOf, timelineOf } from '../../core/telling/timeline.ts'
import { WRITE_SECTORS_MAX } from '../../core/plan.ts'
import { loadHistory, readLogInto } from '../../io/load-history.ts'
import type { RunEvidence } from '../../io/run-evidence.ts'
import { exhibitPlaces } from '../exhibits.ts'
import { type TargetFormat, openTarget } from '../open-target.ts'
import { readTarget } from './target.ts'

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

export interface ExplainRequest extends NamedFinding {
  readonly evidence: RunEvidence
  readonly target?: string
  readonly format?: TargetFormat
  readonly signal: AbortSignal
}

/** What was read of the finding's place. */
export interface Look {
  readonly from: Explanation['bytesFrom']
  readonly bytes: ReadonlyMap<number, Uint8Array>
  readonly runs: readonly SectorRun[]
  readonly notes: readonly string[]
}

/** Explains one finding. Throws what reading the log and the target throws, and BAD_OPTION where log and verdict are of two runs. */
export async function explain(request: ExplainRequest): Promise<Explanation> {
  const { evidence, finding, number, also, signal } = request
  const { verdict, cut } = evidence
  const history = await loadHistory(evidence.log, signal)
  checkSameRun(history, evidence)
  const contract = parseContract(verdict.contract)
  const place = { lba: finding.lba, sectors: Math.min(finding.sectors, WRITE_SECTORS_MAX) }
  const covering = coveringWrites(history, contract, place)
  const look = await lookAt(request, history, place, covering)
  const cells = stripOf(history, place, covering, look.runs)
  const told = toldWrites(history, covering, namedWrites(finding, cells, verdict.run))
  const reader = new LifeReader(history, told)
  await readLogInto(reader, evidence.log, signal)
  const life = reader.finish()
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

function checkSameRun({ manifest, lastUs }: History, { verdict, log }: RunEvidence): void {
  if (manifest.run !== verdict.run)
    throw new ProbeError(
      'BAD_OPTION',
      `${log.name} is the log of run ${manifest.run}, the verdict is of run ${verdict.run}`,
    )
  const endsMs = msOf(lastUs)
  if (endsMs < verdict.log.lastRecordMs)
    throw new ProbeError(
      'BAD_OPTION',
      `${log.name} ends at ${endsMs} ms of the run, the log that was verified at ${verdict.log.lastRecordMs} ms: what made writes stable may be missing; give the whole log`,
    )
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

/** The bytes and contents of the place: from the target where one is given, else as the verdict has them. */
async function lookAt(
  request: ExplainRequest,
  history: History,
  place: Extent,
  covering: readonly CoveringWrite[],
): Promise<Look> {
  const { finding, evidence, target, format, signal } = request
  const runs = runsFoundFor(finding, evidence.verdict.findings)
  if (target === undefined) return keptLook(request, runs)
  const opening = await openTarget(target, format, signal)
  if (opening.kind === 'unopenable')
    return { from: 'none', bytes: new Map(), runs, notes: [`--target ${target} does not open: ${opening.why}`] }
  try {
    return await readTarget(opening.target, { history, place, covering, runs, finding, signal })
  } finally {
    await opening.target.close()
  }
}

function keptLook({ finding, evidence }: ExplainRequest, runs: readonly SectorRun[]): Look {
  const wanted = new Set(exhibitPlaces({ ...finding, runs }))
  const kept = evidence.verdict.findings.flatMap(({ exhibits = [] }) => exhibits).filter(({ lba }) => wanted.has(lba))
  const own = finding.exhibits ?? kept
  const bytes = new Map(own.map((exhibit) => [exhibit.lba, new Uint8Array(Buffer.from(exhibit.bytes, 'base64'))]))
  return { from: bytes.size === 0 ? 'none' : 'verdict', bytes, runs, notes: [] }
}
