/** A campaign's report as text for a terminal or as Markdown. Data in, text out. */
import type { RunSummary } from '../../core/campaign/campaign.ts'
import { FINDING_KINDS } from '../../core/finding.ts'
import { counted, formatBytes, formatMs } from '../../core/size.ts'
import { COMPARED_RATES } from '../../core/campaign/compare.ts'
import { evidenceLines } from '../../core/campaign/evidence-text.ts'
import { RATE_BOUNDS, rateText } from '../../core/statistics.ts'
import { RATE_NAMES, countsLine, formatP } from '../../core/campaign/words.ts'
import type { Report } from './report-data.ts'

const WIDTH = 18

export function renderText(report: Report): string {
  const lines = [
    `Campaign ${report.campaign}: ${countsLine(report.summary)}`,
    '',
    `Share of runs with, and its ${RATE_BOUNDS}:`,
    ...COMPARED_RATES.map((rate) => `  ${RATE_NAMES[rate].padEnd(WIDTH)}${rateText(report.summary.rates[rate])}`),
    '',
    ...totalsLines(report),
    '',
    'What the figures support:',
    ...evidenceLines(report.evidence).map((line) => `  ${line}`),
    '',
    ...againstLines(report),
    RUNS_NOTE,
    ...alignedRows([RUN_HEAD, ...report.runs.map(runCells)]),
  ]
  return `${lines.join('\n')}\n`
}

export function renderMarkdown(report: Report): string {
  const { summary, against } = report
  const rates = COMPARED_RATES.map((rate) => {
    const there = against === undefined ? [] : [rateText(against.summary.rates[rate]), formatP(against.p[rate])]
    return [RATE_NAMES[rate], rateText(summary.rates[rate]), ...there]
  })
  const head = [
    `share of runs with, and its ${RATE_BOUNDS}`,
    report.campaign,
    ...(against === undefined ? [] : [against.campaign, 'p (Fisher, uncorrected)']),
  ]
  const lines = [
    `# Campaign ${markdownText(report.campaign)}`,
    '',
    `${countsLine(summary)}.`,
    '',
    ...markdownTable(head, rates),
    '',
    ...totalsLines(report).map((line) => `- ${line}`),
    '',
    'What the figures support:',
    '',
    ...evidenceLines(report.evidence).map((line) => `- ${markdownText(line)}`),
    '',
    RUNS_NOTE,
    '',
    ...markdownTable(RUN_HEAD, report.runs.map(runCells)),
  ]
  return `${lines.join('\n')}\n`
}

function totalsLines({ summary: { runs, violations, hazards, exposure, liedFlushes }, setup }: Report): string[] {
  const broken = FINDING_KINDS.filter((kind) => violations[kind] > 0).map((kind) => `${violations[kind]} ${kind}`)
  const risky = (['lost', 'torn', 'reordered', 'corrupt'] as const)
    .filter((kind) => hazards[kind] > 0)
    .map((kind) => `${hazards[kind]} ${kind}`)
  const lost = `${exposure.lostWrites} completed ${exposure.lostWrites === 1 ? 'write' : 'writes'}, forbidden and permitted together, ${formatBytes(exposure.lostBytes)} missing`
  const faults = Object.entries(setup?.['fault'] ?? {}).map(
    ([fault, count]) => `${fault} (${count} of ${counted(runs, 'run')})`,
  )
  const lines = [
    ...(faults.length === 0 ? [] : [`injected fault: ${faults.join(', ')}`]),
    `violations: ${broken.length === 0 ? 'none' : broken.join(', ')}`,
    `hazards, permitted by the contract: ${risky.length === 0 ? 'none' : risky.join(', ')}`,
    `lost or torn at the cuts: ${exposure.lostWrites === 0 ? 'no completed write' : `${lost}, the oldest ${formatMs(exposure.oldestLostMs)} old`}`,
  ]
  return liedFlushes === 0 ? lines : [...lines, `flushes that were a lie: ${liedFlushes}`]
}

function againstLines({ campaign, summary, against }: Report): string[] {
  if (against === undefined) return []
  const rows = COMPARED_RATES.map(
    (rate) =>
      `  ${RATE_NAMES[rate].padEnd(WIDTH)}${rateText(summary.rates[rate])} / ${rateText(against.summary.rates[rate])}  p = ${formatP(against.p[rate])}`,
  )
  return [
    `${campaign} / ${against.campaign}, Fisher's exact test, p uncorrected (plugpull compare corrects it):`,
    ...rows,
    '',
  ]
}

const RUNS_NOTE = 'Runs; lost, torn and reordered count what is forbidden and what is permitted together:'
const RUN_HEAD = ['run', 'created', 'cut', 'verdict', 'lost', 'torn', 'reordered', 'oldest lost']

/** Violations and hazards together; a violation is told by the verdict. */
function runCells({ run, createdAt, cut, verdict }: RunSummary): string[] {
  const facts = [run, createdAt, cut === undefined ? '-' : `${cut.kind}${cut.died ? '' : ' (survived)'}`]
  if (verdict === undefined) return [...facts, 'not verified', '-', '-', '-', '-']
  const { violations, hazards, exposure } = verdict
  const sums = (['lost', 'torn', 'reordered'] as const).map((kind) => String(violations[kind] + hazards[kind]))
  return [...facts, verdict.verdict, ...sums, exposure.lostWrites === 0 ? '-' : formatMs(exposure.oldestLostMs)]
}

/** Rows as columns of equal width. */
export function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [markdownRow(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(markdownRow)]
}

const markdownRow = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`

const markdownText = (text: string): string => text.replace(/[\\|*_`<>[\]]/g, (char) => `\\${char}`)
