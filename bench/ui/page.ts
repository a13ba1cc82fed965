/** The section of docs/PERFORMANCE.md on the collector's pages, from docs/bench/ui.json alone. */
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import type { FirstView } from './first-view.ts'
import type { MapFrames } from './map-frames.ts'

export interface ViewTimes {
  readonly view: string
  /** What of the data it shows. */
  readonly of: string
  readonly visits: readonly FirstView[]
}

export interface UiData extends BenchData {
  readonly data: {
    readonly runs: number
    readonly campaigns: number
    readonly blocks: number
    readonly writes: number
    readonly findings: number
    readonly storeBytes: number
  }
  readonly views: readonly ViewTimes[]
  readonly map: readonly MapFrames[]
}

/** What is asked of the pages. */
export const GOALS = { firstViewMs: 1000, frameMs: 50 } as const

function uiSection(whole: UiData): string {
  const { machine, data, views, map } = whole
  const viewRows = views.map(({ view, of, visits }) => [
    view,
    of,
    spread(visits.map(({ paintMs }) => paintMs)),
    spread(visits.map(({ textMs }) => textMs)),
    spread(visits.map(({ wholeMs }) => wholeMs)),
    spread(visits.map(({ settledMs }) => settledMs)),
    grouped(Math.round(median(visits.map(({ bytes }) => bytes)) / 1000)),
    yesNo(visits.every(({ textMs }) => textMs < GOALS.firstViewMs)),
  ])
  const frameRows = [
    frameRow(
      'drawing a frame',
      map.flatMap(({ drawMs }) => drawMs),
      GOALS.frameMs,
    ),
    frameRow(
      'from frame to frame',
      map.flatMap(({ betweenMs }) => betweenMs),
      undefined,
    ),
  ]
  return `## Pages

${commandBlock(whole)}

A collector over SQLite holds ${grouped(data.runs)} runs of ${grouped(data.campaigns)} campaigns, simulated and judged by the program itself (${grouped(Math.round(data.storeBytes / 1e6))} MB): one campaign of 2,000 runs,
and one run on a disk of ${grouped(data.blocks)} blocks of 4 KiB with ${grouped(data.writes)} writes and ${grouped(data.findings)} findings. Each visit is by a Chromium that has never been anywhere, to a
collector that was just started. Milliseconds since the start of the navigation: median (least to most) of ${String(views[0]?.visits.length ?? 0)} visits. *First view*:
what it tells is there as text and drawn; *whole*: and nothing is on its way any more, pictures and lists too; *settled*: the last change of the document.

${table(['view', 'of', 'first paint', 'first view', 'whole', 'settled', 'KB loaded', `first view below ${GOALS.firstViewMs} ms`], viewRows)}

The block map of that run, zoomed by the wheel from the whole disk to one block, dragged about, and zoomed out again
(${String(map.length)} times, ${grouped(map.reduce((sum, { turns }) => sum + turns, 0))} turns each way in all), on ${machine['cpus'] ?? '?'} processors without a graphics card:

${table(['milliseconds', 'frames', 'median', '95 %', 'most', `all below ${GOALS.frameMs} ms`], frameRows)}

${machineLine(whole)}
`
}

function frameRow(name: string, all: readonly number[], goal: number | undefined): readonly string[] {
  const most = quantile(all, 1)
  return [
    name,
    grouped(all.length),
    quantile(all, 0.5).toFixed(1),
    quantile(all, 0.95).toFixed(1),
    most.toFixed(1),
    goal === undefined || all.length === 0 ? '–' : yesNo(most < goal),
  ]
}

const yesNo = (is: boolean): string => (is ? 'yes' : 'NO')

const spread = (values: readonly number[]): string =>
  `${Math.round(median(values))} (${Math.round(quantile(values, 0))} to ${Math.round(quantile(values, 1))})`

const median = (values: readonly number[]): number => quantile(values, 0.5)

/** By the nearest rank. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

export const UI = sectionOf('ui', uiSection)
