/** A histogram as lying bars, each with its class and its count in words: read at any width, with its table below. */
import { formatCount } from '../../../core/size.ts'
import { el, type Markup, picture, table } from './markup.ts'

export interface Bar {
  readonly label: string
  readonly count: number
}

export interface BarsWords {
  /** Part of an address in the page. */
  readonly id: string
  readonly title: string
  /** What a class is, and what is counted. */
  readonly head: readonly [label: string, count: string]
  /** A sentence below the title. */
  readonly note: string
  /** Said instead of a chart where nothing was counted. */
  readonly none: string
}

const WIDTH = 360
const LABEL_WIDTH = 116
const COUNT_WIDTH = 64
const ROW = 20

export function barsChart({ id, title, head, note, none }: BarsWords, bars: readonly Bar[]): Markup {
  const counted = bars.filter(({ count }) => count > 0)
  if (counted.length === 0)
    return el('section', { class: 'chart' }, el('h3', {}, title), el('p', { class: 'soft' }, none))
  const most = Math.max(...bars.map(({ count }) => count))
  const size = { width: WIDTH, height: bars.length * ROW }
  const description = `${head[1]} by ${head[0]}. ${bars.map(({ label, count }) => `${label}: ${formatCount(count)}`).join('; ')}.`
  return el(
    'section',
    { class: 'chart' },
    el('h3', {}, title),
    picture(id, size, title, description, ...bars.flatMap((bar, index) => row(bar, index * ROW, most))),
    el('p', { class: 'soft' }, note),
    el(
      'details',
      {},
      el('summary', {}, 'As a table'),
      table(
        title,
        head,
        bars.map(({ label, count }) => [label, formatCount(count)]),
        new Set([1]),
      ),
    ),
  )
}

function row({ label, count }: Bar, top: number, most: number): readonly Markup[] {
  const width = count === 0 ? 0 : Math.max(1, (count / most) * (WIDTH - LABEL_WIDTH - COUNT_WIDTH))
  return [
    el('text', { x: LABEL_WIDTH - 8, y: top + 14, 'text-anchor': 'end' }, label),
    el('rect', { class: 'bar', x: LABEL_WIDTH, y: top + 3, width: Number(width.toFixed(1)), height: ROW - 6 }),
    el('text', { x: LABEL_WIDTH + width + 6, y: top + 14 }, formatCount(count)),
  ]
}
