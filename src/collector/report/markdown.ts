/** The report as Markdown: for an issue, a wiki or a pull request. */
import { COMPARED_RATES } from '../../core/campaign/compare.ts'
import { evidenceLines } from '../../core/campaign/evidence-text.ts'
import { countsLine, formatP, RATE_NAMES } from '../../core/campaign/words.ts'
import { RATE_BOUNDS, rateText } from '../../core/statistics.ts'
import type { ReportFormat } from './format.ts'
import type { Report } from './report-data.ts'
import { RUN_HEAD, RUNS_NOTE, runCells, totalsLines } from './words.ts'

export const markdown: ReportFormat = {
  name: 'markdown',
  summary: 'Markdown: for an issue, a wiki or a pull request',
  mediaType: 'text/markdown; charset=utf-8',
  extension: 'md',
  render,
}

function render(report: Report): string {
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
    ...totalsLines(report).map((line) => `- ${markdownText(line)}`),
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

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [markdownRow(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(markdownRow)]
}

const markdownRow = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`

const markdownText = (text: string): string =>
  text.replaceAll(/\s+/g, spaces).replaceAll(/[\\|*_`<>[\]]/g, (char) => `\\${char}`)

/** A line break would end a cell or a heading. */
const spaces = (blank: string): string => (/^ +$/.test(blank) ? blank : ' ')
