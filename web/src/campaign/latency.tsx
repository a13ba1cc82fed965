/** How long writes and flushes took: percentiles as the bounds that are known of them, and how the times are spread. */
import type { ComponentChild } from 'preact'
import { useMemo } from 'preact/hooks'
import uPlot from 'uplot'
import type { CampaignMeasures } from '../../../src/core/campaign/campaign-measures.ts'
import {
  type PercentileBounds,
  type Spread,
  endOfFineClass,
  percentileOf,
  totalOf,
} from '../../../src/core/histogram.ts'
import { counted, formatCount, formatMs, formatPercent } from '../../../src/core/size.ts'
import { Chart, themedAxis } from '../components/chart.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'

type Latencies = NonNullable<CampaignMeasures['latencyUs']>

const PERCENTILES = [
  { share: 0.5, name: 'half' },
  { share: 0.95, name: '95 %' },
  { share: 0.99, name: '99 %' },
  { share: 0.999, name: '99.9 %' },
] as const

export function Latency({
  measures,
  verified,
}: {
  readonly measures: CampaignMeasures | undefined
  readonly verified: number
}): ComponentChild {
  const latency = measures?.latencyUs
  return (
    <section aria-labelledby="latency">
      <h2 id="latency">Write and flush latency</h2>
      {latency === undefined || totalOf(latency.write.classes) + totalOf(latency.flush.classes) === 0 ? (
        <p class="muted">
          {verified === 0
            ? 'No verdict yet: latencies come with the first one.'
            : 'No verdict here carries latencies: they are of an earlier version, or nothing completed. Verifying a run again measures them.'}
        </p>
      ) : (
        <Measured latency={latency} runs={measures?.runs ?? 0} />
      )}
    </section>
  )
}

const formatUs = (us: number): string => formatMs(us / 1000)

function Measured({ latency, runs }: { readonly latency: Latencies; readonly runs: number }): ComponentChild {
  const rows = [
    { what: 'writes', spread: latency.write },
    { what: 'flushes', spread: latency.flush },
  ] as const
  return (
    <>
      <p>
        From the record of the issue to that of the completion, as the agent saw it; what failed, or was in flight at
        the cut, is not in it.
        {latency.runs === runs ? null : ` ${formatCount(latency.runs)} of ${counted(runs, 'run')} tell of it.`}
      </p>
      <DataTable caption="Latency percentiles" columns={COLUMNS} rows={rows} rowKey={({ what }) => what} stack />
      <Distribution latency={latency} />
    </>
  )
}

interface Row {
  readonly what: string
  readonly spread: Spread
}

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'Of',
    heads: true,
    cell: ({ what, spread }) => counted(totalOf(spread.classes), what.slice(0, what === 'flushes' ? -2 : -1), what),
  },
  ...PERCENTILES.map(({ share, name }) => ({
    name: `${name} within`,
    numeric: true,
    cell: ({ spread }: Row) => boundsText(percentileOf(spread, share), totalOf(spread.classes), share),
  })),
  {
    name: 'Slowest',
    numeric: true,
    cell: ({ spread }) => (totalOf(spread.classes) === 0 ? '–' : formatUs(spread.most)),
  },
]

/** Where there are too few to tell a percentile from the largest value, that is said. */
function boundsText(bounds: PercentileBounds | undefined, total: number, share: number): ComponentChild {
  if (bounds === undefined) return '–'
  if (total * (1 - share) < 1) return <span class="muted">too few to tell</span>
  const { atLeast, atMost } = bounds
  if (atLeast === atMost) return formatUs(atMost)
  return <span title={`between ${formatCount(atLeast)} and ${formatCount(atMost)} µs`}>≤ {formatUs(atMost)}</span>
}

/** Bins of equal width on a logarithmic scale, so that their heights can be compared: so many from one power of two to the next. */
const BINS_PER_DOUBLING = 4

/** What took less than a microsecond stands at half of one: a logarithmic scale has no 0. */
const LEAST_US = 0.5

const binOf = (us: number): number => Math.log2(Math.max(LEAST_US, us)) * BINS_PER_DOUBLING

/** Share of the requests in each bin. Classes and bins do not end at the same places: a class is shared out over the bins it lies in. */
function binsOf({ classes }: Spread): ReadonlyMap<number, number> {
  const total = totalOf(classes)
  const bins = new Map<number, number>()
  for (const [name, count] of Object.entries(classes)) {
    const lower = Number(name)
    const [from, to] = [binOf(lower), binOf(endOfFineClass(lower))]
    for (let bin = Math.floor(from); bin < to; bin++) {
      const within = Math.min(bin + 1, to) - Math.max(bin, from)
      bins.set(bin, (bins.get(bin) ?? 0) + ((within / (to - from)) * count) / total)
    }
  }
  return bins
}

const startOf = (bin: number): number => 2 ** (bin / BINS_PER_DOUBLING)

interface Bins {
  readonly from: readonly number[]
  readonly write: readonly number[]
  readonly flush: readonly number[]
}

function distributionOf({ write, flush }: Latencies): Bins {
  const [ofWrites, ofFlushes] = [binsOf(write), binsOf(flush)]
  const used = [...ofWrites.keys(), ...ofFlushes.keys()]
  const first = Math.min(...used)
  const length = Math.max(...used) - first + 2
  const bins = Array.from({ length }, (_, index) => first + index)
  return {
    from: bins.map(startOf),
    write: bins.map((bin) => ofWrites.get(bin) ?? 0),
    flush: bins.map((bin) => ofFlushes.get(bin) ?? 0),
  }
}

function Distribution({ latency }: { readonly latency: Latencies }): ComponentChild {
  const bins = useMemo(() => distributionOf(latency), [latency])
  const data = useMemo((): uPlot.AlignedData => [bins.from.map(Math.log2), [...bins.write], [...bins.flush]], [bins])
  const peak = (shares: readonly number[]): string => formatUs(bins.from[shares.indexOf(Math.max(...shares))] ?? 0)
  const rows = bins.from
    .map((from, index) => ({ from, to: bins.from[index + 1], write: bins.write[index], flush: bins.flush[index] }))
    .slice(0, -1)
  return (
    <Chart
      title="How the times are spread"
      text={`Share of the requests by latency, on a logarithmic scale: writes most often from ${peak(bins.write)}, flushes from ${peak(bins.flush)}.`}
      data={data}
      options={chartOptions}
      table={
        <DataTable
          caption="Share of the requests by latency"
          columns={BIN_COLUMNS}
          rows={rows}
          rowKey={({ from }) => String(from)}
        />
      }
    />
  )
}

const BIN_COLUMNS: readonly Column<{
  readonly from: number
  readonly to: number | undefined
  readonly write: number | undefined
  readonly flush: number | undefined
}>[] = [
  { name: 'Latency', heads: true, cell: ({ from, to }) => `${formatUs(from)} to ${formatUs(to ?? from)}` },
  { name: 'Writes', numeric: true, cell: ({ write }) => formatPercent(write ?? 0) },
  { name: 'Flushes', numeric: true, cell: ({ flush }) => formatPercent(flush ?? 0) },
]

/** The series of the flushes, whose line is dashed. */
const FLUSHES = 2

function chartOptions(colour: (property: string) => string): Omit<uPlot.Options, 'width' | 'height'> {
  const axis = themedAxis(colour)
  return {
    cursor: { drag: { x: false, y: false } },
    legend: { live: false, markers: { width: 2, dash: (_plot, series) => (series === FLUSHES ? 'dashed' : 'solid') } },
    scales: {
      x: { time: false },
      y: { range: (_plot, _least, most) => [0, (most || 1) * 1.1] },
    },
    axes: [
      { ...axis, values: (_plot, splits) => splits.map((log) => formatUs(2 ** log)), incrs: [1, 2, 3, 4], space: 60 },
      { ...axis, values: (_plot, splits) => splits.map((share) => `${Math.round(share * 1000) / 10} %`), size: 56 },
    ],
    series: [
      { label: 'from', value: (_plot, log) => (log === null ? '' : formatUs(2 ** log)) },
      stepped('writes', colour('--accent'), []),
      stepped('flushes', colour('--hazard-mark'), [6, 3]),
    ],
  }
}

/** A share is that of its bin, from where it starts to where the next does. */
const steps = uPlot.paths.stepped?.({ align: 1 })

const stepped = (label: string, stroke: string, dash: number[]): uPlot.Series => ({
  label,
  stroke,
  width: 2,
  dash,
  points: { show: false },
  ...(steps === undefined ? {} : { paths: steps }),
  value: (_plot, share) => (share === null ? '' : formatPercent(share)),
})
