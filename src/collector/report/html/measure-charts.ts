/** How the disk lost, tore and reordered, from the measures of a campaign: histograms, each with its words. */
import type { CampaignMeasures } from '../../../core/campaign/campaign-measures.ts'
import { endOfClass, type Histogram, type Spread } from '../../../core/histogram.ts'
import { formatBytes, formatCount, formatMs } from '../../../core/size.ts'
import { type Bar, barsChart } from './bars-chart.ts'
import type { Markup } from './markup.ts'

export function measureCharts({ lostAgesMs, tears, reordered }: CampaignMeasures): readonly Markup[] {
  return [
    barsChart(
      {
        id: 'ages',
        title: 'Age of lost writes',
        head: ['Age at the cut', 'Complete writes lost or torn'],
        note: `How long before the cut a write was complete that is not wholly there. The oldest: ${formatMs(lostAgesMs.most)}.`,
        none: 'No complete write was lost or torn.',
      },
      spreadBars(lostAgesMs, formatMs),
    ),
    barsChart(
      {
        id: 'tears',
        title: 'Tear offsets',
        head: ['Aligned to', 'Boundaries between there and missing'],
        note: `The largest power of two that divides the address at which a write tore.${unlocated(tears.unlocated)}`,
        none: `No tear whose place can be told.${unlocated(tears.unlocated)}`,
      },
      classBars(tears.alignments, alignmentName),
    ),
    barsChart(
      {
        id: 'sizes',
        title: 'Size of torn writes',
        head: ['Up to', 'Torn writes'],
        note: 'Rounded up to a power of two.',
        none: 'No write was torn.',
      },
      classBars(tears.writeSizes, formatBytes),
    ),
    barsChart(
      {
        id: 'writes-ahead',
        title: 'Reordering distance in writes',
        head: ['Writes ahead', 'Missing writes with a later survivor'],
        note: `How many writes later the survivor was issued. The furthest: ${formatCount(reordered.writesAhead.most)}.`,
        none: 'No write is missing behind a later one that survived.',
      },
      spreadBars(reordered.writesAhead, formatCount),
    ),
    barsChart(
      {
        id: 'ms-ahead',
        title: 'Reordering distance in time',
        head: ['Time ahead', 'Missing writes with a later survivor'],
        note: `How much later the survivor was issued. The furthest: ${formatMs(reordered.msAhead.most)}.`,
        none: 'No write is missing behind a later one that survived.',
      },
      spreadBars(reordered.msAhead, formatMs),
    ),
  ]
}

const unlocated = (count: number): string =>
  count === 0 ? '' : ` Torn writes whose boundary cannot be told: ${formatCount(count)}.`

const alignmentName = (bytes: number): string =>
  bytes === 0 ? 'inside a sector' : `${formatBytes(bytes)}${bytes === 2 ** 20 ? ' or more' : ''}`

/** The classes that something fell into, in their order. */
function classBars(histogram: Histogram, name: (value: number) => string): readonly Bar[] {
  return inOrder(histogram).map(([value, count]) => ({ label: name(value), count }))
}

/** From the first class that something fell into to the last, with the empty ones between them: a gap is to be seen. */
function spreadBars({ classes }: Spread, name: (value: number) => string): readonly Bar[] {
  const counted = inOrder(classes)
  const [first, last] = [counted[0]?.[0], counted.at(-1)?.[0]]
  if (first === undefined || last === undefined) return []
  const bars: Bar[] = []
  for (let lower = first; lower <= last; lower = endOfClass(lower)) {
    const end = endOfClass(lower)
    const label = lower === 0 ? `below ${name(end)}` : `${name(lower)} – ${name(end)}`
    bars.push({ label, count: classes[String(lower)] ?? 0 })
  }
  return bars
}

const inOrder = (histogram: Histogram): readonly (readonly [value: number, count: number])[] =>
  Object.entries(histogram)
    .map(([value, count]) => [Number(value), count] as const)
    .toSorted(([a], [b]) => a - b)
