/** A campaign in words: one line a cycle, and a closing summary with what was lost, torn and reordered. */
import { evidenceLines } from '../core/campaign/evidence-text.ts'
import { counted, formatBytes, formatMs } from '../core/size.ts'
import { RATE_BOUNDS, rateText } from '../core/statistics.ts'
import type { Verdict } from '../core/verdict.ts'
import type { CampaignResult, ControlResult, CycleResult } from './campaign.ts'
import { shellQuoted } from './shell-command.ts'

/** `  3/20  held          sigkill after 412 ms   lost 12 (48 KiB, oldest 0.4 s), torn 1`. */
export function cycleLine(result: CycleResult, cycles: number): string {
  const width = String(cycles).length
  const place = `${String(result.cycle).padStart(width)}/${cycles}`
  const cut = `${result.cut?.kind ?? 'no cut'} after ${formatMs(result.cutAfterMs)}`
  const kept = result.keptIn === undefined ? '' : `; kept in ${result.keptIn}`
  const said = result.problem ?? (result.verdict === undefined ? '' : happenings(result.verdict))
  return `${place}  ${result.word.padEnd(12)}  ${cut.padEnd(24)}  ${said}${kept}`
}

/** What one verdict says, violations first: `VIOLATION lost 40; permitted: lost 3 (12 KiB, oldest 0.4 s), torn 1`. */
export function happenings(verdict: Verdict): string {
  const violations = kinds(verdict.violations)
  const hazards = kinds(verdict.hazards)
  const lies =
    verdict.liedFlushes === 0
      ? []
      : [verdict.liedFlushes === 1 ? '1 flush was a lie' : `${verdict.liedFlushes} flushes were lies`]
  const parts = [
    ...(violations.length === 0 ? [] : [`forbidden: ${[...violations, ...lies].join(', ')}`]),
    ...(hazards.length === 0 ? [] : [`permitted: ${hazards.join(', ')}`]),
  ]
  const { lostBytes, oldestLostMs } = verdict.exposure
  const risk =
    lostBytes === 0 ? '' : ` (${formatBytes(lostBytes)} of completed writes missing, oldest ${formatMs(oldestLostMs)})`
  const because = verdict.inconclusiveBecause.length === 0 ? '' : `; ${verdict.inconclusiveBecause.join('; ')}`
  return `${parts.length === 0 ? 'nothing lost, torn or reordered' : parts.join('; ')}${risk}${because}`
}

function kinds(counts: Verdict['violations'] | Verdict['hazards']): string[] {
  return Object.entries(counts).flatMap(([kind, count]) => (count === 0 ? [] : [`${kind} ${count}`]))
}

/** The page of a campaign at a collector. */
export const campaignPage = (url: string, campaign: string): string =>
  `${url}/campaigns/${encodeURIComponent(campaign)}`

/** The page of a run at a collector. */
export const runPage = (url: string, run: string): string => `${url}/runs/${run}`

/** What the end of a campaign tells besides its result. */
export interface Ending {
  /** The collector that keeps its runs and stays when it ends. */
  readonly url?: string
  /** Options by which other commands read its runs; absent where nothing is kept of them. */
  readonly readBy?: string
  /** Cycles that were asked for, where the campaign was stopped before it had run them all. */
  readonly stoppedOf?: number
}

/** The end of a campaign. */
export function campaignText(result: CampaignResult, ending: Ending = {}): string {
  const { summary } = result
  const lines = [
    '',
    `${result.verdict.toUpperCase()}: campaign ${result.campaign} (${whatWasRun(result)})`,
    ...(ending.stoppedOf === undefined
      ? []
      : [
          `  stopped after ${result.cycles.length} of ${counted(ending.stoppedOf, 'cycle')}: all of this is of those alone`,
        ]),
    ...result.inconclusiveBecause.map((reason) => `  because ${reason}`),
    `  cycles        ${summary.cycles}: ${summary.held} held, ${summary.violation} violation, ${summary.inconclusive} inconclusive`,
    `  cycles with   ${RATE_BOUNDS}`,
    `    violation   ${rateText(summary.rates.violation)}`,
    `    lost        ${rateText(summary.rates.lost)}`,
    `    torn        ${rateText(summary.rates.torn)}`,
    `    reordered   ${rateText(summary.rates.reordered)}`,
    `  lost or torn  ${exposureText(summary)}`,
  ]
  if (summary.liedFlushes > 0) lines.push(`  flushes that were a lie: ${summary.liedFlushes}`)
  lines.push(...evidenceLines(result.evidence).map((line) => `  ${line}`))
  if (result.positiveControl !== undefined) lines.push(`  ${controlText(result.positiveControl)}`)
  lines.push(`  replay a cycle with --seed and its seed; the first has ${result.seed}`)
  lines.push(`  ${goOnText(result, ending)}`, ...pageLines(result, ending))
  return lines.join('\n')
}

function goOnText({ campaign, cycles }: CampaignResult, { readBy }: Ending): string {
  if (readBy === undefined)
    return 'nothing is kept of these runs but what --keep has kept; --store sqlite:lab.db keeps them for plugpull explain and report'
  const worst = worstOf(cycles)
  return worst === undefined
    ? `go on with: plugpull report --campaign ${shellQuoted(campaign)} ${readBy}`
    : `go on with: plugpull explain ${worst.run} ${readBy}`
}

function pageLines({ campaign, cycles }: CampaignResult, { url }: Ending): readonly string[] {
  if (url === undefined) return []
  const worst = worstOf(cycles)
  const pages = [campaignPage(url, campaign), ...(worst === undefined ? [] : [runPage(url, worst.run)])]
  return [`  look at ${pages.join(' and ')}`]
}

/** The first run with something to explain, a violation before what is permitted. */
export function worstOf(cycles: readonly CycleResult[]): CycleResult | undefined {
  const telling = cycles.filter(({ verdict }) => (verdict?.findings.length ?? 0) > 0)
  return telling.find(({ word }) => word === 'violation') ?? telling[0]
}

function whatWasRun({ rig, image, cache, cut, fault }: CampaignResult): string {
  return [rig, image, `cache=${cache}`, cut, ...(fault === undefined ? [] : [`fault ${fault}`])].join(', ')
}

function exposureText({ verified, exposure }: CampaignResult['summary']): string {
  const { lostWrites, lostBytes, oldestLostMs } = exposure
  if (verified === 0) return 'unknown: no run was verified'
  if (lostWrites === 0) return 'no completed write'
  return `${lostWrites} completed ${lostWrites === 1 ? 'write' : 'writes'}, forbidden and permitted together (${formatBytes(lostBytes)} missing), the oldest ${formatMs(oldestLostMs)} before the cut`
}

/** One line on the positive control. */
export function controlText(control: ControlResult): string {
  const what = `${control.rig}, cache=${control.cache}, ${control.cut}${control.fault === undefined ? '' : `, ${control.fault}`}`
  const tries = control.cycles.length === 1 ? '1 cycle' : `${control.cycles.length} cycles`
  return control.caught
    ? `positive control caught in ${tries} (${what}): ${control.why}`
    : `POSITIVE CONTROL NOT CAUGHT in ${tries} (${what}): ${control.why}; the campaign proves nothing`
}
