/**
 * The report as one HTML file: opened from a disk, mailed or printed, it needs no network and no script. Pictures are SVG
 * with words beside them, and every figure that is drawn stands in a table, too.
 */
import type { CampaignSummary, RunSummary } from '../../core/campaign/campaign.ts'
import { COMPARED_RATES } from '../../core/campaign/compare.ts'
import { EVIDENCE_NAMES } from '../../core/campaign/evidence-text.ts'
import { facetName } from '../../core/campaign/setup-differences.ts'
import { countsLine, formatP, RATE_NAMES } from '../../core/campaign/words.ts'
import { counted } from '../../core/size.ts'
import { RATE_BOUNDS, rateText } from '../../core/statistics.ts'
import { VERSION } from '../../core/version.ts'
import type { ReportFormat } from './format.ts'
import { verdictCells } from './html/cells.ts'
import { type Content, el, join, type Markup, table } from './html/markup.ts'
import { measureCharts } from './html/measure-charts.ts'
import { ratesChart } from './html/rates-chart.ts'
import { STYLE } from './html/style.ts'
import type { Report } from './report-data.ts'
import { RUN_HEAD, runCells, type Standing, STANDING_NAMES, standingOf, totalsLines } from './words.ts'

export const html: ReportFormat = {
  name: 'html',
  summary: 'one HTML file with its charts: opened from a disk it needs no network and no script',
  mediaType: 'text/html; charset=utf-8',
  extension: 'html',
  render,
}

function render(report: Report): string {
  const head = el(
    'head',
    {},
    el('meta', { charset: 'utf-8' }),
    el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    el('title', {}, `${report.campaign}: plugpull report`),
    // Not text but a constant of this program: entities are not read inside it.
    { markup: `<style>${STYLE}\n</style>` },
  )
  const body = el('body', {}, join([header(report), el('main', {}, join(sections(report))), footer()]))
  return `<!doctype html>\n${el('html', { lang: 'en' }, head, body).markup}\n`
}

function header({ campaign, summary, against, runs }: Report): Markup {
  const [first, last] = [runs[0]?.createdAt, runs.at(-1)?.createdAt]
  const span = first === undefined || last === undefined ? [] : [el('p', { class: 'soft' }, spanText(first, last))]
  const beside =
    against === undefined
      ? []
      : [el('p', {}, `Compared with campaign ${against.campaign}: ${countsLine(against.summary)}.`)]
  return el('header', {}, el('h1', {}, `Campaign ${campaign}`), ...span, tiles(summary), ...beside)
}

const spanText = (first: string, last: string): string =>
  first === last ? `Run created ${when(first)}.` : `Runs created ${when(first)} to ${when(last)}.`

const when = (iso: string): string => iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')

function tiles({ runs, verified, held, violation, inconclusive, withoutCut }: CampaignSummary): Markup {
  const figures: readonly (readonly [string, number])[] = [
    [runs === 1 ? 'run' : 'runs', runs],
    ['held', held],
    ['violation', violation],
    ['inconclusive', inconclusive],
    ...(withoutCut === undefined ? [] : [['without a cut', withoutCut.runs] as const]),
    ...(runs === verified ? [] : [['not verified', runs - verified] as const]),
  ]
  return el('ul', { class: 'tiles' }, ...figures.map(([name, n]) => el('li', {}, el('strong', {}, String(n)), name)))
}

function sections(report: Report): readonly Markup[] {
  const { summary, evidence, runs } = report
  const lines = [
    ...evidence.sentences.map(({ about, text }) => [EVIDENCE_NAMES[about], text] as const),
    ...evidence.advice.map(({ sentence }) => ['not shown', sentence] as const),
  ]
  return [
    section('What the figures support', definitions(lines)),
    section('Found in all', el('ul', {}, ...totalsLines(report).map((line) => el('li', {}, line)))),
    section('Shares of runs', ratesSection(report)),
    ...(runs.length === 0 ? [] : [section('Verdicts, run by run', ...verdictCells(runs))]),
    section(
      'How it lost, tore and reordered',
      summary.measures === undefined
        ? el('p', { class: 'soft' }, 'No verdict of this campaign carries measures.')
        : el('div', { class: 'charts' }, ...measureCharts(summary.measures)),
    ),
    section('What the runs were', setupTable(report)),
    section('Runs', runsTable(runs)),
  ]
}

const section = (title: string, ...content: readonly Markup[]): Markup =>
  el('section', {}, el('h2', {}, title), ...content)

const definitions = (lines: readonly (readonly [name: string, text: string])[]): Markup =>
  el('dl', {}, ...lines.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, text)]))

function ratesSection(report: Report): Markup {
  const { campaign, summary, against } = report
  const head = ['share of runs with', campaign]
  if (against !== undefined) head.push(against.campaign, 'p')
  const rows = COMPARED_RATES.map((rate) => {
    const there = against === undefined ? [] : [rateText(against.summary.rates[rate]), formatP(against.p[rate])]
    return [RATE_NAMES[rate], rateText(summary.rates[rate]), ...there]
  })
  const test = against === undefined ? '' : ". p: Fisher's exact test, two-sided, uncorrected"
  const legend =
    against === undefined
      ? []
      : [el('p', { class: 'soft' }, `Solid: ${campaign}. Dashed, with a hollow dot: ${against.campaign}.`)]
  return el(
    'div',
    { class: 'rates' },
    el('div', { class: 'chart' }, ratesChart(report), ...legend),
    el('div', {}, table(`Shares of runs, with the ${RATE_BOUNDS}${test}`, head, rows)),
  )
}

function setupTable({ setup, summary }: Report): Markup {
  if (setup === undefined) return el('p', { class: 'soft' }, 'What the runs were is not known.')
  const rows = Object.entries(setup).map(([facet, values]) => [
    facetName(facet),
    Object.entries(values)
      .map(([value, count]) => (count === summary.runs ? value : `${value} (${counted(count, 'run')})`))
      .join(', '),
  ])
  return el('div', { class: 'setup' }, table('By their manifests and cuts', ['facet', 'values'], rows))
}

/** Order of the columns, the verdict where a narrow screen shows it; `RUN_HEAD` names them. */
const RUN_COLUMNS = [3, 4, 5, 6, 7, 2, 0, 1] as const
const RUN_NUMBERS: ReadonlySet<number> = new Set([2, 3, 4, 5])

function runsTable(runs: readonly RunSummary[]): Markup {
  const rows = runs.map((run, index) => {
    const cells = runCells(run)
    return [String(index + 1), ...RUN_COLUMNS.map((column) => runCell(column, cells[column] ?? '', run))]
  })
  const caption = 'Runs, oldest first. Lost, torn and reordered count what is forbidden and what is permitted together.'
  const head = ['cycle', ...RUN_COLUMNS.map((column) => RUN_HEAD[column] ?? '')]
  return el('div', { class: 'runs' }, table(caption, head, rows, RUN_NUMBERS))
}

function runCell(column: (typeof RUN_COLUMNS)[number], cell: string, run: RunSummary): Content {
  if (column === 0) return el('code', {}, cell)
  return column === 3 ? verdictCell(standingOf(run), cell) : cell
}

const verdictCell = (standing: Standing, word: string): Markup =>
  el('span', { class: `word-${standing}` }, standing === 'uncut' ? `${word}, ${STANDING_NAMES.uncut}` : word)

const footer = (): Markup => el('footer', {}, `Made by plugpull ${VERSION}.`)
