/** Words and cells that several formats share. Data in, text out. */
import { type RunSummary, wasCut } from '../../core/campaign/campaign.ts'
import { FINDING_KINDS } from '../../core/finding.ts'
import { counted, formatBytes, formatMs } from '../../core/size.ts'
import type { VerdictWord } from '../../core/verdict.ts'
import type { Report } from './report-data.ts'

/** What was injected, and what was found in all. */
export function totalsLines({
  summary: { violations, hazards, exposure, liedFlushes },
  injectedFault,
}: Report): string[] {
  const broken = FINDING_KINDS.filter((kind) => violations[kind] > 0).map((kind) => `${violations[kind]} ${kind}`)
  const risky = (['lost', 'torn', 'reordered', 'corrupt'] as const)
    .filter((kind) => hazards[kind] > 0)
    .map((kind) => `${hazards[kind]} ${kind}`)
  const lost = `${exposure.lostWrites} completed ${exposure.lostWrites === 1 ? 'write' : 'writes'}, forbidden and permitted together, ${formatBytes(exposure.lostBytes)} missing`
  const lines = [
    ...(injectedFault === undefined ? [] : faultLines(injectedFault)),
    `violations: ${broken.length === 0 ? 'none' : broken.join(', ')}`,
    `hazards, permitted by the contract: ${risky.length === 0 ? 'none' : risky.join(', ')}`,
    `lost or torn at the cuts: ${exposure.lostWrites === 0 ? 'no completed write' : `${lost}, the oldest ${formatMs(exposure.oldestLostMs)} old`}`,
  ]
  return liedFlushes === 0 ? lines : [...lines, `flushes that were a lie: ${liedFlushes}`]
}

/** What that does to the figures where runs differ in it, the evidence says. */
function faultLines({ faults, of }: NonNullable<Report['injectedFault']>): string[] {
  const told = Object.entries(faults).map(([fault, count]) => `${fault} (${count} of ${counted(of, 'run')})`)
  return [`injected fault: ${told.join(', ')}`]
}

export const RUNS_NOTE = 'Runs; lost, torn and reordered count what is forbidden and what is permitted together:'
export const RUN_HEAD = ['run', 'created', 'cut', 'verdict', 'lost', 'torn', 'reordered', 'oldest lost']

/** Violations and hazards together; a violation is told by the verdict. */
export function runCells({ run, createdAt, cut, verdict }: RunSummary): string[] {
  const facts = [run, createdAt, cutText(cut)]
  if (verdict === undefined) return [...facts, 'not verified', '-', '-', '-', '-']
  const { violations, hazards, exposure } = verdict
  const sums = (['lost', 'torn', 'reordered'] as const).map((kind) => String(violations[kind] + hazards[kind]))
  return [...facts, verdict.verdict, ...sums, exposure.lostWrites === 0 ? '-' : formatMs(exposure.oldestLostMs)]
}

const cutText = (cut: RunSummary['cut']): string =>
  cut === undefined ? '-' : `${cut.kind}${cut.died ? '' : ' (survived)'}`

/** Where a run stands in its campaign: as `summarise` counts it. */
export type Standing = VerdictWord | 'uncut' | 'unverified'

export const STANDINGS: readonly Standing[] = ['held', 'violation', 'inconclusive', 'uncut', 'unverified']

export const STANDING_NAMES: Readonly<Record<Standing, string>> = {
  held: 'held',
  violation: 'violation',
  inconclusive: 'inconclusive',
  uncut: 'without a cut',
  unverified: 'not verified',
}

export function standingOf({ verdict, cut }: RunSummary): Standing {
  if (verdict === undefined) return 'unverified'
  return wasCut({ ...verdict, cut }) ? verdict.verdict : 'uncut'
}
