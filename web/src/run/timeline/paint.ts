/** Draws a span of a run: rate of writes or the single writes, their latency, flushes, windows, and the end of the log. */
import type { RunTimeline, TimelineBucket } from '../../../../src/core/map/run-timeline.ts'
import { formatMs } from '../../../../src/core/size.ts'
import type { ThemeColour } from '../../components/chart.tsx'
import { silencesOf, silenceText } from './silences.ts'
import { type Span, ticksOf, tickText } from './span.ts'

export const HEIGHT = 334
/** Above the lanes, for what is said of moments: the end, and stretches without any record. */
const SAID_TOP = 4
const SAID_GAP = 8
/** Tops and heights of the lanes. */
export const LANES = {
  writes: { top: 36, height: 96, name: 'writes' },
  latency: { top: 154, height: 76, name: 'latency, log scale' },
  flushes: { top: 250, height: 20, name: 'flushes' },
  windows: { top: 290, height: 12, name: 'windows' },
} as const
const AXIS_TOP = 308

export interface Picture {
  readonly timeline: RunTimeline
  readonly span: Span
  readonly width: number
  readonly colour: ThemeColour
  readonly cut: string | undefined
}

type Pen = CanvasRenderingContext2D

export function paintTimeline(pen: Pen, picture: Picture, ratio: number): void {
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  const { width, colour } = picture
  pen.fillStyle = colour('--surface')
  pen.fillRect(0, 0, width, HEIGHT)
  pen.font = '11px system-ui, sans-serif'
  pen.textBaseline = 'alphabetic'
  paintAxis(pen, picture)
  if (picture.timeline.events === undefined) paintRate(pen, picture)
  else paintSingles(pen, picture)
  paintLatency(pen, picture)
  paintFlushes(pen, picture)
  paintWindows(pen, picture)
  paintSilences(pen, picture, paintEnd(pen, picture) - SAID_GAP)
  pen.fillStyle = colour('--muted')
  for (const { top, name } of Object.values(LANES)) label(pen, picture, name, top - 5)
}

/** Words over a lane, on a ground of their own so that what is drawn does not cross them. */
function label(pen: Pen, { colour }: Picture, text: string, y: number): void {
  pen.fillStyle = colour('--muted')
  pen.fillText(text, 4, y)
}

const xOf = ({ span, width }: Picture, ms: number): number => ((ms - span.from) / (span.to - span.from)) * width

function paintAxis(pen: Pen, picture: Picture): void {
  const { span, width, colour } = picture
  for (const tick of ticksOf(span, Math.max(2, Math.floor(width / 110)))) {
    const x = Math.round(xOf(picture, tick)) + 0.5
    pen.strokeStyle = colour('--line')
    pen.lineWidth = 1
    line(pen, x, 0, x, AXIS_TOP)
    pen.fillStyle = colour('--muted')
    const text = tickText(tick, span)
    const half = pen.measureText(text).width / 2
    pen.fillText(text, Math.max(0, Math.min(width - 2 * half, x - half)), HEIGHT - 8)
  }
}

function line(pen: Pen, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath()
  pen.moveTo(x1, y1)
  pen.lineTo(x2, y2)
  pen.stroke()
}

function paintRate(pen: Pen, picture: Picture): void {
  const { timeline, colour } = picture
  const { top, height } = LANES.writes
  const most = Math.max(1, ...timeline.buckets.map(({ issued, completed }) => Math.max(issued, completed)))
  pen.fillStyle = colour('--accent')
  for (const bucket of timeline.buckets) {
    const [x, wide] = extentOf(picture, bucket)
    const tall = (bucket.completed / most) * height
    pen.fillRect(x, top + height - tall, Math.max(1, wide - 0.5), tall)
    if (bucket.failed > 0) {
      pen.fillStyle = colour('--violation-mark')
      pen.fillRect(x, top, Math.max(2, wide), height)
      pen.fillStyle = colour('--accent')
    }
  }
  pen.fillStyle = colour('--muted')
  const text = `${Math.round((most / timeline.bucketMs) * 1000).toLocaleString('en')} a second at most`
  pen.fillText(text, picture.width - pen.measureText(text).width - 4, top - 5)
}

function extentOf(picture: Picture, { fromMs }: TimelineBucket): readonly [x: number, width: number] {
  const x = xOf(picture, fromMs)
  return [x, xOf(picture, fromMs + picture.timeline.bucketMs) - x]
}

/** Each write as a bar from its issue to its completion, in as many rows as were in flight together. */
function paintSingles(pen: Pen, picture: Picture): void {
  const { timeline, colour } = picture
  const { top, height } = LANES.writes
  const writes = (timeline.events ?? []).filter((event) => event.kind === 'write')
  const free: number[] = []
  const placed = writes.map((write) => {
    const end = write.completedMs ?? timeline.lastRecordMs
    const row = free.findIndex((until) => until <= write.issuedMs)
    const at = row < 0 ? free.length : row
    free[at] = end
    return { write, end, at }
  })
  const rows = Math.max(4, free.length)
  const tall = Math.min(14, height / rows)
  for (const { write, end, at } of placed) {
    const x = xOf(picture, write.issuedMs)
    pen.fillStyle = colour(write.completedMs === undefined ? '--hazard-mark' : '--accent')
    pen.fillRect(x, top + at * tall, Math.max(1.5, xOf(picture, end) - x - 0.5), Math.max(1, tall - 1.5))
  }
  pen.fillStyle = colour('--muted')
  const text = `${writes.length} single writes`
  pen.fillText(text, picture.width - pen.measureText(text).width - 4, top - 5)
}

function paintLatency(pen: Pen, picture: Picture): void {
  const { timeline, colour } = picture
  const { top, height } = LANES.latency
  const spreads = timeline.buckets.flatMap((bucket) =>
    bucket.writeMs === undefined ? [] : [{ bucket, ...bucket.writeMs }],
  )
  if (spreads.length === 0) return
  const least = Math.log10(Math.max(0.001, Math.min(...spreads.map(({ min }) => min))))
  const most = Math.max(least + 0.5, Math.log10(Math.max(0.001, ...spreads.map(({ max }) => max))))
  const yOf = (ms: number): number =>
    top + height - ((Math.log10(Math.max(0.001, ms)) - least) / (most - least)) * height
  for (const { bucket, min, median, p99, max } of spreads) {
    const [x, wide] = extentOf(picture, bucket)
    const across = Math.max(1, wide - 0.5)
    pen.fillStyle = colour('--line')
    pen.fillRect(x, yOf(max), across, Math.max(1, yOf(min) - yOf(max)))
    pen.fillStyle = colour('--hazard-mark')
    pen.fillRect(x, yOf(p99) - 1, across, 2)
    pen.fillStyle = colour('--ink')
    pen.fillRect(x, yOf(median) - 1, across, 2)
  }
  pen.fillStyle = colour('--muted')
  const text = `${formatMs(10 ** least)} to ${formatMs(10 ** most)}`
  pen.fillText(text, picture.width - pen.measureText(text).width - 4, top - 5)
}

function paintFlushes(pen: Pen, picture: Picture): void {
  const { timeline, colour } = picture
  const { top, height } = LANES.flushes
  const { flushes } = timeline
  pen.fillStyle = colour('--held-mark')
  if (flushes === undefined) {
    const most = Math.max(1, ...timeline.buckets.map((bucket) => bucket.flushes))
    for (const bucket of timeline.buckets) {
      const [x, wide] = extentOf(picture, bucket)
      const tall = (bucket.flushes / most) * height
      pen.fillRect(x, top + height - tall, Math.max(1, wide - 0.5), tall)
    }
    return
  }
  for (const { issuedMs, endedMs, failed } of flushes) {
    const x = xOf(picture, issuedMs)
    const wide = Math.max(1.5, xOf(picture, endedMs ?? timeline.lastRecordMs) - x)
    pen.fillStyle = colour(
      failed === true ? '--violation-mark' : endedMs === undefined ? '--hazard-mark' : '--held-mark',
    )
    pen.fillRect(x, top, wide, height)
  }
}

function paintWindows(pen: Pen, picture: Picture): void {
  const { timeline, colour } = picture
  const { top, height } = LANES.windows
  pen.fillStyle = colour('--inconclusive-mark')
  for (const { ms } of timeline.windows ?? []) pen.fillRect(xOf(picture, ms) - 0.5, top, 1.5, height)
}

/** Draws the end of the log, and answers from where its words stand: `width` where it is out of sight. */
function paintEnd(pen: Pen, picture: Picture): number {
  const { timeline, width, colour, cut } = picture
  const x = xOf(picture, timeline.lastRecordMs)
  if (x < 0 || x > width + 1) return width
  pen.strokeStyle = colour('--violation-mark')
  pen.lineWidth = 2
  pen.setLineDash([4, 3])
  line(pen, Math.min(x, width - 1), 0, Math.min(x, width - 1), AXIS_TOP)
  pen.setLineDash([])
  const text = cut === undefined ? 'last record' : `✂ ${cut}`
  const long = pen.measureText(text).width
  const from = Math.max(2, x - long - 7)
  // Lines of the axis cross the strip.
  pen.fillStyle = colour('--surface')
  pen.fillRect(from - 3, SAID_TOP - 2, long + 6, 15)
  pen.fillStyle = colour('--violation')
  pen.fillText(text, from, SAID_TOP + 9)
  return from - 3
}

/** A bracket over each, and what it is where there is room left of `until`, where the words about the end begin. */
function paintSilences(pen: Pen, picture: Picture, until: number): void {
  const { timeline, width, colour } = picture
  const bottom = SAID_TOP + 16
  let free = 2
  for (const silence of silencesOf(timeline)) {
    const [from, to] = [Math.max(0, xOf(picture, silence.from)), Math.min(width, xOf(picture, silence.to))]
    if (to <= from) continue
    pen.fillStyle = colour('--inconclusive-mark')
    pen.fillRect(from, bottom, to - from, 2)
    for (const x of [from, to - 1]) pen.fillRect(x, bottom - 4, 1, 4)
    const text = silenceText(silence)
    const long = pen.measureText(text).width
    const x = Math.max(free, Math.min((from + to - long) / 2, until - long))
    if (x + long > until) continue
    pen.fillStyle = colour('--surface')
    pen.fillRect(x - 3, SAID_TOP - 2, long + 6, 14)
    pen.fillStyle = colour('--muted')
    pen.fillText(text, x, SAID_TOP + 9)
    free = x + long + SAID_GAP
  }
}
