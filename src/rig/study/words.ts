/** Sentences about figures, for the answers of the studies: each says what was measured, and no more. Pure. */
import { wilsonInterval } from '../../core/statistics.ts'
import { formatMeasure, spreadText } from './axis.ts'
import type { PointFigures } from './figures.ts'
import type { Measure } from './study.ts'

type SpreadMeasure = 'oldestLostMs' | 'lostBytes' | 'lostWrites'

/** The points of a panel and, where named, a series; those with a cycle. */
export const pointsOf = (figures: readonly PointFigures[], panel: number, series?: string): readonly PointFigures[] =>
  figures.filter((point) => point.n > 0 && point.panel === panel && (series === undefined || point.series === series))

/** Median of a point; `NaN` without cycles. */
export const medianOf = (point: PointFigures | undefined, measure: SpreadMeasure): number =>
  point?.spreads?.[measure].median ?? Number.NaN

/** `240 KiB (236 KiB–244 KiB)`: the 95 % interval, or where the cycles are too few for one, the range, which it says. */
export function medianText(point: PointFigures, measure: SpreadMeasure): string {
  const spread = point.spreads?.[measure]
  return spread === undefined ? 'nothing measured' : spreadText(measure, spread)
}

/** How two points differ: by their intervals, which either overlap or do not. */
export type Difference = 'more' | 'less' | 'no difference seen'

/** Whether `there` has more than `here`. Where there are too few cycles for an interval, no difference can be seen. */
export function compare(
  here: PointFigures | undefined,
  there: PointFigures | undefined,
  measure: SpreadMeasure,
): Difference {
  const [a, b] = [here?.spreads?.[measure], there?.spreads?.[measure]]
  if (a?.interval === undefined || b?.interval === undefined) return 'no difference seen'
  if (b.interval.low > a.interval.high) return 'more'
  if (b.interval.high < a.interval.low) return 'less'
  return 'no difference seen'
}

/** `15 of 15 cycles (95 %: 80–100 %)`. */
export function cyclesText(
  points: readonly PointFigures[],
  share: 'violation' | 'lost' | 'torn' | 'reordered',
): string {
  const count = points.reduce((sum, point) => sum + point.shares[share].count, 0)
  const of = points.reduce((sum, point) => sum + point.n, 0)
  const { low, high } = wilsonInterval(count, of)
  return `${count} of ${of} cycles (95 %: ${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)} %)`
}

/** Whether there are cycles enough for an interval. */
const isJudged = (point: PointFigures, measure: SpreadMeasure): boolean =>
  point.spreads?.[measure].interval !== undefined

/** From the first to the last of a row of points, in words; says where no difference is seen. */
export function trend(points: readonly PointFigures[], measure: SpreadMeasure, what: string): string {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || first === last) return `${what}: too few points to compare.`
  const ends = `${medianText(first, measure)} (at ${first.label}) to ${medianText(last, measure)} (at ${last.label})`
  if (!isJudged(first, measure) || !isJudged(last, measure))
    return `${what} goes from ${ends}; too few cycles at each point for an interval, so the ends are not compared.`
  switch (compare(first, last, measure)) {
    case 'more':
      return `${what} grows from ${ends}.`
    case 'less':
      return `${what} falls from ${ends}.`
    case 'no difference seen':
      return `${what} shows no difference between the ends, from ${ends}.`
  }
}

export const listed = (texts: readonly string[]): string =>
  texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`

/** A value for people, as on the page. */
export const valueText = (measure: Measure, value: number): string => formatMeasure(measure, value)
