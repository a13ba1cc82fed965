/** Axes of a figure: where a value lies between 0 and 1, and where the ticks are. Pure. */
import { formatBytes, formatMs } from '../../core/size.ts'
import type { Spread } from './figures.ts'
import type { Measure } from './study.ts'

export interface Tick {
  readonly value: number
  readonly text: string
}

export interface Axis {
  readonly label: string
  readonly ticks: readonly Tick[]
  /** 0 at the axis' start, 1 at its end. */
  at(value: number): number
}

/** Part of a logarithmic axis that is kept for zero. */
const ZERO_SHARE = 0.1
/** Above this ratio of largest to smallest value an axis is logarithmic. */
const LINEAR_RATIO_MAX = 30

const NAMES: Readonly<Record<Measure, string>> = {
  oldestLostMs: 'age of the oldest lost write',
  lostBytes: 'completed bytes lost in a cycle',
  lostWrites: 'completed writes lost in a cycle',
  violation: 'cycles with a violation, %',
  lost: 'cycles with a loss, %',
  torn: 'cycles with a tear, %',
  reordered: 'cycles with a reordering, %',
}

/** A value of that measure for people. */
export function formatMeasure(measure: Measure, value: number): string {
  // Seconds beyond a minute too: they stand beside a pause in seconds.
  if (measure === 'oldestLostMs' && value >= 10_000) return `${Number((value / 1000).toFixed(1))} s`
  if (measure === 'oldestLostMs') return value === 0 ? '0' : formatMs(value)
  if (measure === 'lostBytes') return value === 0 ? '0' : formatBytes(Math.round(value))
  return String(Number(value.toFixed(1)))
}

/** `240 KiB (236 KiB–244 KiB)`: the 95 % interval, or where the cycles are too few for one, the range, which it says. */
export function spreadText(measure: Measure, { median, least, most, interval }: Spread): string {
  const text = (value: number): string => formatMeasure(measure, value)
  if (least === most) return text(median)
  return interval === undefined
    ? `${text(median)} (range ${text(least)}–${text(most)})`
    : `${text(median)} (${text(interval.low)}–${text(interval.high)})`
}

/** The vertical axis for those values of a measure: from 0 up, logarithmic where they span much. */
export function measureAxis(measure: Measure, values: readonly number[]): Axis {
  const label = NAMES[measure]
  const positive = values.filter((value) => value > 0)
  const most = Math.max(...positive, 0)
  const isShare = ['violation', 'lost', 'torn', 'reordered'].includes(measure)
  if (isShare) return linearAxis(label, 100, 25, measure)
  if (positive.length === 0) return { label, ticks: [{ value: 0, text: '0' }], at: () => 0 }
  const least = Math.min(...positive)
  return most / least > LINEAR_RATIO_MAX
    ? logAxis(label, steps(least, most, measure), (value) => formatMeasure(measure, value), true)
    : linearAxis(label, most * 1.05, niceStep(most / 4, measure), measure)
}

function linearAxis(label: string, most: number, step: number, measure: Measure): Axis {
  const ticks: Tick[] = []
  for (let value = 0; value <= most; value += step) ticks.push({ value, text: formatMeasure(measure, value) })
  return { label, ticks, at: (value) => value / most }
}

/** 1, 2 or 5 times a power of ten; of bytes, a power of two. */
function niceStep(least: number, measure: Measure): number {
  if (measure === 'lostBytes') return 2 ** Math.ceil(Math.log2(least))
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power
}

/** Powers from below the least to above the most: of ten, of bytes of four. */
function steps(least: number, most: number, measure: Measure): readonly number[] {
  const base = measure === 'lostBytes' ? 4 : 10
  const first = Math.floor(Math.log(least) / Math.log(base) + 1e-9)
  const last = Math.ceil(Math.log(most) / Math.log(base) - 1e-9)
  return Array.from({ length: last - first + 1 }, (_, index) => base ** (first + index))
}

/** A logarithmic axis through the marks given; with a place for zero below them where it is asked for. */
export function logAxis(label: string, marks: readonly number[], text: (value: number) => string, zero: boolean): Axis {
  const [first = 1] = marks
  const last = marks.at(-1) ?? first
  const start = zero ? ZERO_SHARE : 0
  const span = Math.log(last / first) || 1
  return {
    label,
    ticks: [...(zero ? [{ value: 0, text: '0' }] : []), ...marks.map((value) => ({ value, text: text(value) }))],
    at: (value) => (value <= 0 ? 0 : start + (1 - start) * (Math.log(value / first) / span)),
  }
}
