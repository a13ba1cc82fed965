/**
 * One verification from end to end: log → history, target → judge → verdict, and what the reports want to know about it.
 * Nothing here decides: rules are in core/judge, wording in report/.
 */
import { type Contract, formatContract, parseContract } from '../core/contract.ts'
import type { History } from '../core/history.ts'
import { Judge } from '../core/judge.ts'
import { RANGE_SECTORS } from '../core/observations.ts'
import { formatBytes } from '../core/size.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import type { Verdict } from '../core/verdict.ts'
import { alignedBuffer } from '../io/device.ts'
import { createProgress } from '../io/progress.ts'
import { loadHistory } from '../io/load-history.ts'
import type { LogSource } from '../io/log-source.ts'
import { withExhibits } from './exhibits.ts'
import { neighbourhoodsOf } from './neighbourhood.ts'
import { type OpenTarget, type TargetFormat, openTarget } from './open-target.ts'
import { RangeReader } from './reading/range-reader.ts'
import { judgeRegion, readingThreads } from './reading/read-region.ts'
import type { Verification } from './report/report.ts'
import { counted } from './report/words.ts'
import { TOLD_IN_FULL, worstOf } from './report/worst.ts'
import { checkContents, checkEvidence, checkSize } from './target-match.ts'
import { verdictOnUnopenable } from './unopenable.ts'

export interface VerifyRequest {
  readonly target: string
  /** By its first bytes, where absent. */
  readonly format: TargetFormat | undefined
  readonly log: LogSource
  /** The contract to judge by; what the guest was told, where absent. */
  readonly contract: Contract | undefined
  readonly findingsMax: number
  /** Judge the target even where it is evidently another. */
  readonly sameTarget: boolean
  /** Keep raw sectors with the findings; absent: none. */
  readonly exhibits?: boolean
  /** Look around the worst findings, for the reports that draw them. */
  readonly pictures: boolean
  /** Threads that read; absent: as many as the region is worth. */
  readonly threads?: number
  readonly signal: AbortSignal
  readonly quiet: boolean
}

/** Verifies one run. Throws ProbeError where there is nothing to judge; a broken target is a verdict, not an error. */
export async function verify(request: VerifyRequest): Promise<Verification> {
  const history = await loadHistory(request.log, request.signal)
  const contract = request.contract ?? parseContract(history.manifest.contract)
  const opening = await openTarget(request.target, request.format, request.signal)
  if (opening.kind === 'unopenable') {
    const unread = new Judge(history, contract, request).finish()
    const verdict = verdictOnUnopenable(unread, history, request.target, opening.why)
    return describe(request, history, contract, { verdict, format: opening.format, pictures: new Map() })
  }
  try {
    return await judgeTarget(request, history, contract, opening.target)
  } finally {
    await opening.target.close()
  }
}

async function judgeTarget(
  request: VerifyRequest,
  history: History,
  contract: Contract,
  target: OpenTarget,
): Promise<Verification> {
  const { manifest } = history
  if (!request.sameTarget) checkSize(request.target, target.device.sizeSectors, manifest)
  const reader = new RangeReader(target.device, { unitSectors: target.unitSectors, signal: request.signal })
  const buffer = alignedBuffer(RANGE_SECTORS * SECTOR_BYTES)
  const judge = new Judge(history, contract, request)
  try {
    await judgeRanges(judge, target, reader, request)
  } catch (error) {
    // Where what serves the target is gone, that is what the user has to hear.
    target.assertServed()
    throw error
  }
  target.assertServed()
  if (!request.sameTarget) checkEvidence(request.target, judge.evidence, manifest)
  const judged = judge.finish()
  if (!request.sameTarget) checkContents(request.target, judge.evidence, judged, manifest)
  const { unitSectors } = target
  const verdict =
    request.exhibits === true
      ? { ...judged, findings: await withExhibits(judged.findings, { reader, buffer, unitSectors }) }
      : judged
  const told = request.pictures ? worstOf(verdict.findings, TOLD_IN_FULL) : []
  const pictures = await neighbourhoodsOf(told, verdict.findings, { history, contract, reader, buffer })
  return describe(request, history, contract, {
    verdict,
    format: target.format,
    pictures,
    sizeSectors: target.device.sizeSectors,
  })
}

async function judgeRanges(
  judge: Judge,
  target: OpenTarget,
  reader: RangeReader,
  request: VerifyRequest,
): Promise<void> {
  const { sectors } = judge.history.plan.spec.region
  const progress = createProgress({
    label: `reading ${request.target}`,
    total: sectors * SECTOR_BYTES,
    format: formatBytes,
    quiet: request.quiet,
  })
  try {
    await judgeRegion(judge, {
      target,
      reader,
      threads: request.threads ?? readingThreads(sectors),
      signal: request.signal,
      progressed: (done) => progress.update(done * SECTOR_BYTES),
    })
  } finally {
    progress.finish()
  }
}

interface Outcome {
  readonly verdict: Verdict
  readonly format: TargetFormat
  readonly pictures: Verification['pictures']
  readonly sizeSectors?: number
}

function describe(request: VerifyRequest, history: History, contract: Contract, outcome: Outcome): Verification {
  const { verdict, format, pictures } = outcome
  const verification = {
    verdict,
    manifest: history.manifest,
    target: { path: request.target, format },
    log: request.log.name,
    pictures,
    remarks: remarksOn(history, contract, outcome),
  }
  return request.log.cut === undefined ? verification : { ...verification, cut: request.log.cut }
}

/** What the reader should know beside the findings. */
function remarksOn({ manifest, logEnd }: History, contract: Contract, { sizeSectors }: Outcome): readonly string[] {
  const remarks: string[] = []
  if (logEnd.tail !== 'clean') remarks.push(`${logEnd.detail}; what came before is used, and can only accuse less`)
  if (sizeSectors !== undefined && sizeSectors < manifest.target.sizeSectors) {
    remarks.push(
      `the target shrank: it ends after ${counted(sizeSectors, 'sector')}, and had ${counted(manifest.target.sizeSectors, 'sector')} when the run began`,
    )
  }
  const told = manifest.contract
  if (formatContract(contract) !== told)
    remarks.push(`judged by --contract ${formatContract(contract)}; what the guest was told makes it ${told}`)
  return remarks
}
