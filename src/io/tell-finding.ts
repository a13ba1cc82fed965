/**
 * A finding told from what is kept of its run: the log is read twice, once for the history and once for the lives of the writes that
 * matter. `plugpull explain` and the collector both tell it here; a target to read the bytes from is the caller's.
 */
import { parseContract } from '../core/contract.ts'
import { ProbeError } from '../core/errors.ts'
import type { SectorRun } from '../core/finding.ts'
import { type History, msOf } from '../core/history.ts'
import { exhibitPlaces } from '../core/telling/exhibit-places.ts'
import {
  type Explanation,
  type FindingPlace,
  type Look,
  explanationOf,
  placeOfFinding,
  stripOfFinding,
} from '../core/telling/explanation.ts'
import type { NamedFinding } from '../core/telling/finding-name.ts'
import { LifeReader } from '../core/telling/life.ts'
import { runsFoundFor } from '../core/telling/strip.ts'
import { loadHistory, readLogInto } from './load-history.ts'
import type { RunEvidence } from './run-evidence.ts'

export interface TellRequest {
  readonly named: NamedFinding
  readonly evidence: RunEvidence
  readonly signal: AbortSignal
  /** Where it was loaded before. */
  readonly history?: History
  /** Looks at the place; without it the bytes are those that the verdict kept. */
  readonly look?: (history: History, at: FindingPlace, runs: readonly SectorRun[]) => Promise<Look>
}

/** Tells one finding. Throws what reading the log throws, and BAD_OPTION where the verdict is not of this log. */
export async function tellFinding(request: TellRequest): Promise<Explanation> {
  const { named, evidence, signal } = request
  const { verdict, cut } = evidence
  const { finding } = named
  const contract = parseContract(verdict.contract)
  const history = request.history ?? (await loadHistory(evidence.log, signal))
  checkSameRun(history, evidence)
  const at = placeOfFinding(history, contract, finding)
  const runs = runsFoundFor(finding, verdict.findings)
  const look = await (request.look?.(history, at, runs) ?? keptLook(request, runs))
  const strip = stripOfFinding(history, finding, at, look, verdict.run)
  const reader = new LifeReader(history, strip.told)
  await readLogInto(reader, evidence.log, signal)
  const facts = { named, verdict, contract, ...(cut === undefined ? {} : { cut }) }
  return explanationOf(history, facts, strip, reader.finish())
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

/** The bytes that the verdict kept of the place. */
function keptLook({ named: { finding }, evidence }: TellRequest, runs: readonly SectorRun[]): Look {
  const wanted = new Set(exhibitPlaces({ ...finding, runs }))
  const kept = evidence.verdict.findings.flatMap(({ exhibits = [] }) => exhibits).filter(({ lba }) => wanted.has(lba))
  const own = finding.exhibits ?? kept
  const bytes = new Map(own.map((exhibit) => [exhibit.lba, new Uint8Array(Buffer.from(exhibit.bytes, 'base64'))]))
  return { from: bytes.size === 0 ? 'none' : 'verdict', bytes, runs, notes: [] }
}
