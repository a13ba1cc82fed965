/** Rates with their 95 % intervals as bars: one campaign, or two below each other. */
import type { CampaignSummary } from '../../../core/campaign/campaign.ts'
import { COMPARED_RATES, type Compared } from '../../../core/campaign/compare.ts'
import { type Proportion, rateText } from '../../../core/statistics.ts'
import type { Report } from '../report-data.ts'
import { RATE_NAMES } from '../../../core/campaign/words.ts'
import { el, type Markup, picture } from './markup.ts'

type Rates = CampaignSummary['rates']

const WIDTH = 360
const PLOT = { left: 4, right: 14 } as const
const AXIS_HEIGHT = 22
const NAME_HEIGHT = 18
const BAR_HEIGHT = 16
const GAP = 10
/** Where the axis may end: the least of these that holds every interval. */
const ENDS = [0.05, 0.1, 0.25, 0.5, 1]

export function ratesChart({ campaign, summary, against }: Report): Markup {
  const shown: readonly Rates[] = [summary.rates, ...(against === undefined ? [] : [against.summary.rates])]
  const most = Math.max(...shown.flatMap((rates) => COMPARED_RATES.map((rate) => rates[rate].high)))
  const end = ENDS.find((one) => one >= most) ?? 1
  const step = NAME_HEIGHT + BAR_HEIGHT * shown.length + GAP
  const height = step * COMPARED_RATES.length + AXIS_HEIGHT
  const description = COMPARED_RATES.map((rate) => sentence(rate, shown)).join(' ')
  const title = `Shares of runs and their 95 % intervals: ${[campaign, against?.campaign].filter(Boolean).join(' and ')}`
  return picture(
    'rates',
    { width: WIDTH, height },
    title,
    description,
    ...axis(end, height),
    ...COMPARED_RATES.flatMap((rate, index) => rateRows(rate, shown, index * step, end)),
  )
}

const sentence = (rate: Compared, shown: readonly Rates[]): string =>
  `${RATE_NAMES[rate]}: ${shown.map((rates) => rateText(rates[rate])).join('; against ')}.`

const across = (share: number, end: number): number =>
  PLOT.left + Math.min(1, share / end) * (WIDTH - PLOT.left - PLOT.right)

function axis(end: number, height: number): readonly Markup[] {
  const bottom = height - AXIS_HEIGHT
  return [0, end / 2, end].flatMap((share) => {
    const x = across(share, end)
    const anchor = share === 0 ? 'start' : share === end ? 'end' : 'middle'
    const label = `${Number((share * 100).toFixed(1))} %`
    return [
      el('path', { class: 'axis', d: `M${x} 0V${bottom}` }),
      el(
        'text',
        { class: 'quiet', x: share === end ? x + PLOT.right : x, y: bottom + 16, 'text-anchor': anchor },
        label,
      ),
    ]
  })
}

function rateRows(rate: Compared, shown: readonly Rates[], top: number, end: number): readonly Markup[] {
  // Of two there is no room for both: the table beside the chart has them.
  const only = shown.length === 1 ? shown[0] : undefined
  return [
    el('text', { x: PLOT.left + 2, y: top + 13 }, RATE_NAMES[rate]),
    ...(only === undefined
      ? []
      : [el('text', { x: WIDTH - 2, y: top + 13, 'text-anchor': 'end' }, rateText(only[rate]))]),
    ...shown.map((rates, index) =>
      bar(rates[rate], top + NAME_HEIGHT + BAR_HEIGHT * (index + 0.5), end, index === 0 ? 'here' : 'there'),
    ),
  ]
}

/** A dot at the share and a line over its interval; without a run there is nothing to draw. */
function bar(rate: Proportion, y: number, end: number, kind: string): Markup {
  if (rate.of === 0) return el('g', {})
  const [from, to] = [across(rate.low, end), across(rate.high, end)]
  const dash = kind === 'there' ? '5 3' : undefined
  return el(
    'g',
    { class: kind },
    el('path', { d: `M${from} ${y}H${to}`, 'stroke-width': 3, 'stroke-dasharray': dash }),
    el('path', { d: `M${to} ${y - 4}V${y + 4}M${from} ${y - 4}V${y + 4}`, 'stroke-width': 1.5 }),
    el('circle', { cx: across(rate.count / rate.of, end), cy: y, r: 4.5, 'stroke-width': 2 }),
  )
}
