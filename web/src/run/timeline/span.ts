/** A span of a run's time, and moving about in it. Milliseconds since the start of the run. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Ten microseconds across is as close as clocks tell things apart. */
const LEAST_MS = 0.01

export function clampedSpan({ from, to }: Span, whole: Span): Span {
  const length = Math.max(LEAST_MS, Math.min(to - from, whole.to - whole.from))
  const start = Math.max(whole.from, Math.min(from, whole.to - length))
  return { from: start, to: start + length }
}

/** Keeps the time at `share` of the width where it is. */
export function zoomedSpan(span: Span, factor: number, share: number, whole: Span): Span {
  const length = (span.to - span.from) * factor
  const fixed = span.from + (span.to - span.from) * share
  return clampedSpan({ from: fixed - length * share, to: fixed + length * (1 - share) }, whole)
}

export function movedSpan(span: Span, share: number, whole: Span): Span {
  const by = (span.to - span.from) * share
  return clampedSpan({ from: span.from + by, to: span.to + by }, whole)
}

export const isWhole = (span: Span, whole: Span): boolean => span.to - span.from >= (whole.to - whole.from) * 0.9999

/** `12.5-40`, as in the address. */
export const spanText = ({ from, to }: Span): string => `${round(from)}-${round(to)}`

/** To the microsecond. */
export const round = (ms: number): number => Math.round(ms * 1000) / 1000

export function spanOf(text: string | null): Span | undefined {
  const [, from, to] = /^(\d{1,12}(?:\.\d{1,6})?)-(\d{1,12}(?:\.\d{1,6})?)$/.exec(text ?? '') ?? []
  const span = { from: Number(from), to: Number(to) }
  return from === undefined || span.to <= span.from ? undefined : span
}

/** Round times for an axis, some so many. */
export function ticksOf({ from, to }: Span, about: number): readonly number[] {
  const raw = (to - from) / Math.max(1, about)
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw
  const ticks: number[] = []
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(tick)
  return ticks
}

/** `12.5 ms`, `3.25 s`: as exact as the distance of the ticks asks for. */
export function tickText(ms: number, span: Span): string {
  const across = span.to - span.from
  if (across >= 5000) return `${(ms / 1000).toFixed(1)} s`
  if (across >= 100) return `${ms.toFixed(0)} ms`
  return `${ms.toFixed(across >= 1 ? 2 : 3)} ms`
}
