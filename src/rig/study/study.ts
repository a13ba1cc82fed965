/**
 * What a study is: a question, the points at which campaigns of the kill loop are run, what is drawn of them, and how the answer is
 * made of the figures. Data and pure functions only: run.ts runs the campaigns, page.ts writes the page.
 */
import type { RawOptions } from '../../core/agent-options.ts'
import type { PointFigures } from './figures.ts'

/** What of a point is drawn. Shares of cycles come with Wilson's interval, the others as the median of the cycles. */
export const MEASURES = ['oldestLostMs', 'lostBytes', 'lostWrites', 'violation', 'lost', 'torn', 'reordered'] as const
export type Measure = (typeof MEASURES)[number]

/** One campaign of the loop. */
export interface StudyPoint {
  /** Points of a series are drawn alike, and joined where the axis is of numbers. */
  readonly series: string
  /** Where on the axis: a number in the axis' unit, or one of its categories. */
  readonly x: number | string
  /** How that place is called. */
  readonly label: string
  /** Options of `plugpull loop`, without `cycles` and `jobs`. */
  readonly options: RawOptions
  /** Left out by `--quick`. */
  readonly slow?: boolean
}

/** One figure with its table. */
export interface Panel {
  readonly title: string
  readonly axis: { readonly label: string; readonly scale: 'log' | 'category' }
  readonly measure: Measure
  readonly points: readonly StudyPoint[]
}

export interface Study {
  readonly name: string
  readonly title: string
  /** One paragraph. */
  readonly question: string
  /** One paragraph: what is done at each point, and why so. */
  readonly method: string
  readonly panels: readonly Panel[]
  /** Cycles at each point: by default, and with `--quick`. */
  readonly cycles: number
  readonly quickCycles: number
  /** Cycles side by side by default. */
  readonly jobs: number
  /** Programs whose versions belong on the page. */
  readonly programs: readonly string[]
  /** The answer in one plain paragraph, of the figures alone: what they do not show MUST NOT be said. */
  answer(figures: readonly PointFigures[]): string
}
