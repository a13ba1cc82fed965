/** The report as text for a terminal. */
import { COMPARED_RATES } from '../../core/campaign/compare.ts'
import { evidenceLines } from '../../core/campaign/evidence-text.ts'
import { countsLine, formatP, RATE_NAMES } from '../../core/campaign/words.ts'
import { RATE_BOUNDS, rateText } from '../../core/statistics.ts'
import type { ReportFormat } from './format.ts'
import type { Report } from './report-data.ts'
import { RUN_HEAD, RUNS_NOTE, runCells, totalsLines } from './words.ts'

export const text: ReportFormat = {
  name: 'text',
  summary: 'text for a terminal',
  mediaType: 'text/plain; charset=utf-8',
  extension: 'txt',
  render,
}

const WIDTH = 18

function render(report: Report): string {
  const lines = [
    ...campaignLines(report),
    '',
    ...againstLines(report),
    RUNS_NOTE,
    ...alignedRows([RUN_HEAD, ...report.runs.map(runCells)]),
  ]
  return `${lines.join('\n')}\n`
}

/** What is said of the campaign as a whole. */
export function campaignLines(report: Report): string[] {
  return [
    `Campaign ${report.campaign}: ${countsLine(report.summary)}`,
    '',
    `Share of runs with, and its ${RATE_BOUNDS}:`,
    ...COMPARED_RATES.map((rate) => `  ${RATE_NAMES[rate].padEnd(WIDTH)}${rateText(report.summary.rates[rate])}`),
    '',
    ...totalsLines(report),
    '',
    'What the figures support:',
    ...evidenceLines(report.evidence).map((line) => `  ${line}`),
  ]
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
