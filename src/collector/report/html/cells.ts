/** The verdicts of a campaign, run by run, oldest first: blocks of fifty that flow with the width of the page. */
import type { RunSummary } from '../../../core/campaign/campaign.ts'
import { STANDING_NAMES, type Standing, STANDINGS, standingOf } from '../words.ts'
import { el, type Markup, picture } from './markup.ts'

const COLUMNS = 10
const BLOCK = 50
const PITCH = 14
const LABEL = 16

/** A shape of its own for each: a dot, a cross, a ring, a square, a dash. Around the point x, y. */
const SHAPES: Readonly<Record<Standing, (x: number, y: number) => string>> = {
  held: (x, y) => `M${x - 3.5} ${y}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z`,
  violation: (x, y) => `M${x - 4.5} ${y - 4.5}l9 9m0-9l-9 9`,
  inconclusive: (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0z`,
  uncut: (x, y) => `M${x - 3.5} ${y - 3.5}h7v7h-7z`,
  unverified: (x, y) => `M${x - 3.5} ${y}h7`,
}

export function verdictCells(runs: readonly RunSummary[]): readonly Markup[] {
  const standings = runs.map(standingOf)
  const starts = Array.from({ length: Math.ceil(standings.length / BLOCK) }, (_, index) => index * BLOCK)
  const blocks = starts.map((start) => block(standings.slice(start, start + BLOCK), start))
  return [legend(standings), el('div', { class: 'cells' }, ...blocks)]
}

function block(standings: readonly Standing[], start: number): Markup {
  const rows = Math.ceil(standings.length / COLUMNS)
  const size = { width: COLUMNS * PITCH, height: LABEL + rows * PITCH }
  const name = standings.length === 1 ? String(start + 1) : `${start + 1}–${start + standings.length}`
  const there = STANDINGS.filter((one) => standings.includes(one))
  const description = there
    .map((one) => `${standings.filter((standing) => standing === one).length} ${STANDING_NAMES[one]}`)
    .join(', ')
  return picture(
    `cells-${start + 1}`,
    size,
    `Runs ${name}`,
    description,
    el('text', { x: 0, y: 11, class: 'quiet', 'aria-hidden': 'true' }, name),
    ...there.map((one) => el('path', { class: one, d: pathOf(one, standings) })),
  )
}

const pathOf = (kind: Standing, standings: readonly Standing[]): string =>
  standings.flatMap((standing, index) => (standing === kind ? [SHAPES[kind](...placeOf(index))] : [])).join('')

const placeOf = (index: number): readonly [x: number, y: number] => [
  (index % COLUMNS) * PITCH + PITCH / 2,
  LABEL + Math.floor(index / COLUMNS) * PITCH + PITCH / 2,
]

function legend(standings: readonly Standing[]): Markup {
  const entries = STANDINGS.filter((one) => standings.includes(one)).map((one) =>
    el(
      'li',
      {},
      el(
        'svg',
        { width: PITCH, height: PITCH, viewBox: `0 0 ${PITCH} ${PITCH}`, 'aria-hidden': 'true' },
        el('path', { class: one, d: SHAPES[one](PITCH / 2, PITCH / 2) }),
      ),
      STANDING_NAMES[one],
    ),
  )
  return el('ul', { class: 'legend' }, ...entries)
}
