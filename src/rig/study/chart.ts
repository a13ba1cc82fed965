/**
 * The figures of a study as one SVG: a panel below the other, each with axes, a legend, the median or share of every point, its 95 %
 * interval, and the cycles as dots. Pure; colours by Okabe and Ito, which colour-blind people can tell apart, and shapes besides.
 */
import { type Axis, logAxis, measureAxis } from './axis.ts'
import { type Drawn, type PointFigures, drawnOf } from './figures.ts'
import type { Panel } from './study.ts'

const WIDTH = 760
const HEIGHT = 380
const PLOT = { left: 96, right: 24, top: 64, bottom: 64 } as const
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00'] as const
/** Distance between series at one place, in pixels. */
const DODGE = 14

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const px = (value: number): string => String(Number(value.toFixed(1)))

interface Mark {
  readonly seriesIndex: number
  readonly x: number
  readonly drawn: Drawn
}

/** All panels of a study. */
export function chartSvg(title: string, panels: readonly Panel[], figures: readonly PointFigures[]): string {
  const shown = panels.map((panel, index) => ({ panel, points: figures.filter((point) => point.panel === index) }))
  const drawn = shown.filter(({ points }) => points.some(({ n }) => n > 0))
  const height = HEIGHT * Math.max(1, drawn.length)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="sans-serif" font-size="12" fill="#222">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...drawn.map(
      ({ panel, points }, index) => `<g transform="translate(0 ${index * HEIGHT})">\n${panelSvg(panel, points)}\n</g>`,
    ),
    '</svg>',
    '',
  ].join('\n')
}

function panelSvg(panel: Panel, points: readonly PointFigures[]): string {
  const series = [...new Set(points.map((point) => point.series))]
  const places = [...new Map(points.map(({ x, label }) => [x, label]))]
  const across = acrossAxis(panel, places)
  const drawn = points.flatMap((point) => {
    const found = drawnOf(point, panel.measure)
    return found === undefined ? [] : [{ point, drawn: found }]
  })
  const up = measureAxis(
    panel.measure,
    drawn.flatMap(({ drawn: { value, low, high, cycles } }) => [value, low, high, ...cycles]),
  )
  const marks = drawn.map(({ point, drawn: found }) => {
    const seriesIndex = series.indexOf(point.series)
    const dodge = (seriesIndex - (series.length - 1) / 2) * DODGE
    return { seriesIndex, x: left(across.at(place(panel, places, point.x))) + dodge, drawn: found }
  })
  return [
    `<text x="${PLOT.left}" y="22" font-size="14" font-weight="bold">${escape(panel.title)}</text>`,
    ...legend(series),
    ...axes(across, up),
    ...(panel.axis.scale === 'log' ? series.map((_, index) => line(index, marks, up)) : []),
    ...marks.map((mark) => markSvg(mark, up)),
  ].join('\n')
}

const left = (share: number): number => PLOT.left + share * (WIDTH - PLOT.left - PLOT.right)
const top = (share: number): number => HEIGHT - PLOT.bottom - share * (HEIGHT - PLOT.top - PLOT.bottom)

type Places = readonly (readonly [x: number | string, label: string])[]

/** Categories are numbered along the axis. */
const place = (panel: Panel, places: Places, x: number | string): number =>
  panel.axis.scale === 'log' ? Number(x) : places.findIndex(([other]) => other === x)

function acrossAxis({ axis }: Panel, places: Places): Axis {
  if (axis.scale === 'category') {
    return {
      label: axis.label,
      ticks: places.map(([, text], value) => ({ value, text })),
      at: (value) => (value + 0.5) / places.length,
    }
  }
  const marks = places.map(([x]) => Number(x)).toSorted((a, b) => a - b)
  const names = new Map(places.map(([x, label]) => [Number(x), label]))
  const inner = logAxis(axis.label, marks, (value) => names.get(value) ?? String(value), false)
  return { ...inner, at: (value) => 0.06 + 0.88 * inner.at(value) }
}

function legend(series: readonly string[]): readonly string[] {
  let x = PLOT.left
  return series.map((name, index) => {
    const svg = `${shape(index, x + 5, 42)}<text x="${px(x + 16)}" y="46">${escape(name)}</text>`
    x += 36 + name.length * 6.6
    return svg
  })
}

function axes(across: Axis, up: Axis): readonly string[] {
  const right = WIDTH - PLOT.right
  const bottom = top(0)
  return [
    ...up.ticks.map(({ value, text }) => {
      const y = px(top(up.at(value)))
      return `<line x1="${PLOT.left}" y1="${y}" x2="${right}" y2="${y}" stroke="#ddd"/><text x="${PLOT.left - 8}" y="${y}" dy="4" text-anchor="end">${escape(text)}</text>`
    }),
    ...across.ticks.map(
      ({ value, text }) =>
        `<text x="${px(left(across.at(value)))}" y="${bottom + 20}" text-anchor="middle">${escape(text)}</text>`,
    ),
    `<path d="M${PLOT.left} ${PLOT.top}V${bottom}H${right}" fill="none" stroke="#222"/>`,
    `<text x="${px((PLOT.left + right) / 2)}" y="${HEIGHT - 16}" text-anchor="middle">${escape(across.label)}</text>`,
    `<text transform="translate(18 ${px((PLOT.top + bottom) / 2)}) rotate(-90)" text-anchor="middle">${escape(up.label)}</text>`,
  ]
}

function line(seriesIndex: number, marks: readonly Mark[], up: Axis): string {
  const own = marks.filter((mark) => mark.seriesIndex === seriesIndex)
  const points = own.map(({ x, drawn }) => `${px(x)},${px(top(up.at(drawn.value)))}`).join(' ')
  return `<polyline points="${points}" fill="none" stroke="${colour(seriesIndex)}" stroke-opacity="0.5"/>`
}

function markSvg({ seriesIndex, x, drawn }: Mark, up: Axis): string {
  const y = (value: number): string => px(top(up.at(value)))
  const dots = drawn.cycles.map(
    (value) => `<circle cx="${px(x)}" cy="${y(value)}" r="2" fill="${colour(seriesIndex)}" fill-opacity="0.35"/>`,
  )
  const whisker = `<path d="M${px(x - 4)} ${y(drawn.low)}h8m-4 0V${y(drawn.high)}m-4 0h8" fill="none" stroke="${colour(seriesIndex)}"/>`
  return `${dots.join('')}${whisker}${shape(seriesIndex, x, top(up.at(drawn.value)))}`
}

const colour = (seriesIndex: number): string => COLOURS[seriesIndex % COLOURS.length] ?? '#222'

/** Circle, square, diamond, triangle: told apart without colour. */
function shape(seriesIndex: number, x: number, y: number): string {
  const fill = colour(seriesIndex)
  const r = 5
  switch (seriesIndex % 4) {
    case 0:
      return `<circle cx="${px(x)}" cy="${px(y)}" r="${r}" fill="${fill}"/>`
    case 1:
      return `<rect x="${px(x - r)}" y="${px(y - r)}" width="${2 * r}" height="${2 * r}" fill="${fill}"/>`
    case 2:
      return `<path d="M${px(x)} ${px(y - r - 1)}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}l${-r - 1} ${-r - 1}z" fill="${fill}"/>`
    default:
      return `<path d="M${px(x)} ${px(y - r)}l${r} ${2 * r}h${-2 * r}z" fill="${fill}"/>`
  }
}
