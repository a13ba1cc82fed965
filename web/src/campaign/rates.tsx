/** The four rates with their intervals, and how each came to be what it is, cycle by cycle. */
import type { ComponentChild } from 'preact'
import { useMemo } from 'preact/hooks'
import type uPlot from 'uplot'
import type { CampaignSummary } from '../../../src/core/campaign/campaign.ts'
import { COMPARED_RATES, type Compared } from '../../../src/core/campaign/compare.ts'
import { type Cycle, type RateOverCycles, rateOverCycles } from '../../../src/core/campaign/cycles.ts'
import { formatCount, formatPercent } from '../../../src/core/size.ts'
import { RATE_BOUNDS, rateText } from '../../../src/core/statistics.ts'
import { RATE_NAMES } from '../../../src/core/campaign/words.ts'
import { Chart, themedAxis, type ThemeColour } from '../components/chart.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'

const POINTS_MAX = 400

export function Rates({
  cycles,
  rates,
}: {
  readonly cycles: readonly Cycle[]
  readonly rates: CampaignSummary['rates'] | undefined
}): ComponentChild {
  return (
    <section aria-labelledby="rates">
      <h2 id="rates">Rates as the cycles came</h2>
      <p class="muted">
        Share of cuts with at least one, after so many cycles; the band is its {RATE_BOUNDS.split(';')[0]}.
      </p>
      <div class="rate-charts">
        {COMPARED_RATES.map((rate) => (
          <RateChart key={rate} rate={rate} cycles={cycles} text={rates === undefined ? '' : rateText(rates[rate])} />
        ))}
      </div>
    </section>
  )
}

function RateChart({
  rate,
  cycles,
  text,
}: {
  readonly rate: Compared
  readonly cycles: readonly Cycle[]
  readonly text: string
}): ComponentChild {
  const points = useMemo(() => rateOverCycles(cycles, rate, POINTS_MAX), [cycles, rate])
  const data = useMemo(() => dataOf(points), [points])
  const options = rate === 'violation' ? VIOLATION_OPTIONS : HAZARD_OPTIONS
  const name = `${RATE_NAMES[rate].slice(0, 1).toUpperCase()}${RATE_NAMES[rate].slice(1)}`
  if (points.cycle.length === 0)
    return (
      <figure class="chart">
        <figcaption>
          <strong>{name}</strong> <span class="muted">no cut tells of it yet</span>
        </figcaption>
      </figure>
    )
  return (
    <Chart
      title={name}
      text={text}
      data={data}
      options={options}
      height={150}
      table={
        <DataTable
          caption={`${name}, after so many cycles`}
          columns={COLUMNS}
          rows={rowsOf(points)}
          rowKey={({ cycle }) => String(cycle)}
        />
      }
    />
  )
}

const dataOf = ({ cycle, share, interval }: RateOverCycles): uPlot.AlignedData => [
  [...cycle],
  interval.map(({ high }) => high),
  interval.map(({ low }) => low),
  [...share],
]

interface Row {
  readonly cycle: number
  readonly share: number
  readonly low: number
  readonly high: number
}

const ROWS_MAX = 20

/** As many as can be read, the last one among them. */
function rowsOf({ cycle, share, interval }: RateOverCycles): readonly Row[] {
  const step = Math.max(1, Math.ceil(cycle.length / ROWS_MAX))
  return cycle.flatMap((number, index) => {
    if ((cycle.length - 1 - index) % step !== 0) return []
    const { low, high } = interval[index] ?? { low: 0, high: 1 }
    return [{ cycle: number, share: share[index] ?? 0, low, high }]
  })
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'After cycle', heads: true, cell: ({ cycle }) => formatCount(cycle) },
  { name: 'Share', numeric: true, cell: ({ share }) => formatPercent(share) },
  { name: 'From', numeric: true, cell: ({ low }) => formatPercent(low) },
  { name: 'To', numeric: true, cell: ({ high }) => formatPercent(high) },
]

/** The first few cycles, whose intervals are wide, do not set the scale for all that follow. */
const SETTLED_FROM = 0.1

function mostOf(plot: uPlot): number {
  const highs = Array.from(plot.data[1] ?? [], (high) => high ?? 0)
  return Math.max(0, ...highs.slice(Math.floor(highs.length * SETTLED_FROM)))
}

const VIOLATION_OPTIONS = (colour: ThemeColour) => chartOptions(colour, '--violation-mark')
const HAZARD_OPTIONS = (colour: ThemeColour) => chartOptions(colour, '--hazard-mark')

const percent = (_plot: uPlot, share: number | null): string => (share === null ? '' : formatPercent(share))

/** Behind the colour of the line, in hexadecimal: a quarter of it. */
const BAND_ALPHA = '40'

function chartOptions(colour: ThemeColour, line: string): Omit<uPlot.Options, 'width' | 'height'> {
  const axis = themedAxis(colour)
  const band = `${colour(line)}${BAND_ALPHA}`
  const bound = { stroke: band, width: 1, points: { show: false } }
  return {
    cursor: { drag: { x: false, y: false } },
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (plot) => [0, Math.min(1, Math.max(0.05, mostOf(plot) * 1.15))] } },
    axes: [
      { ...axis, size: 32 },
      { ...axis, size: 52, values: (_plot, splits) => splits.map((share) => `${Math.round(share * 1000) / 10} %`) },
    ],
    bands: [{ series: [1, 2], fill: band }],
    series: [
      { label: 'after cycle' },
      { ...bound, label: 'to', value: percent },
      { ...bound, label: 'from', value: percent },
      { label: 'share', stroke: colour(line), width: 2, points: { show: false }, value: percent },
    ],
  }
}
