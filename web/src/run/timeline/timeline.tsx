/** A run over time, with the same manners of zoom as the map; the same numbers as a table; the span is in the address. */
import type { ComponentChild, RefObject } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { RunTimeline, TimelineBucket } from '../../../../src/core/map/run-timeline.ts'
import { formatCount, formatMs } from '../../../../src/core/size.ts'
import { clock } from '../../../../src/core/telling/rule-met.ts'
import { announce } from '../../announce.ts'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Await, Failed, Loading } from '../../components/states.tsx'
import { query, setQuery } from '../../router.ts'
import { useJson } from '../../use-json.ts'
import { runPath } from '../documents.ts'
import { type Gestures, NO_GESTURES } from '../map/gestures.ts'
import { useGestures } from '../map/use-gestures.ts'
import { useDrawing, useWidth } from '../map/use-canvas.ts'
import { useThemeColour } from '../theme-colour.ts'
import { HEIGHT, paintTimeline } from './paint.ts'
import { silencesOf, silenceText } from './silences.ts'
import { clampedSpan, isWhole, movedSpan, round, type Span, spanOf, spanText, zoomedSpan } from './span.ts'

const SETTLE_MS = 200
const PIXELS_A_BUCKET = 4
const TOOLTIP_WIDTH = 290

export interface TimelineProps {
  readonly run: string
  readonly version: string
  readonly cut: string | undefined
}

export function Timeline({ run, version, cut }: TimelineProps): ComponentChild {
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const wanted = spanOf(query.value.get('t'))
  const buckets = Math.max(40, Math.floor(width / PIXELS_A_BUCKET))
  const range = wanted === undefined ? '' : `&from=${round(wanted.from)}&to=${round(wanted.to)}`
  const loaded = useJson<RunTimeline>(
    width === 0 ? undefined : runPath(run, `/timeline?buckets=${buckets}${range}#${version}`),
  )
  return (
    <div ref={frame} class="timeline">
      {loaded.kind === 'failed' ? (
        <Failed what="The timeline" refusal={loaded.refusal} retry={loaded.retry} />
      ) : loaded.kind === 'loading' ? (
        <Loading what="the timeline" />
      ) : (
        <Explorer timeline={loaded.value} width={width} cut={cut} />
      )}
    </div>
  )
}

interface ExplorerProps {
  readonly timeline: RunTimeline
  readonly width: number
  readonly cut: string | undefined
}

function Explorer({ timeline, width, cut }: ExplorerProps): ComponentChild {
  const end = round(timeline.lastRecordMs + 0.001)
  const whole = useMemo((): Span => ({ from: 0, to: end }), [end])
  const [span, setSpan] = useState<Span>(() => clampedSpan({ from: timeline.fromMs, to: timeline.toMs }, whole))
  useSettled(span, whole)
  const show = (next: Span): void => {
    setSpan(next)
    announce(`${clock(next.from)} to ${clock(next.to)}`)
  }
  return (
    <>
      <Picture timeline={timeline} width={width} cut={cut} span={span} whole={whole} setSpan={setSpan} show={show} />
      <Tools span={span} whole={whole} show={show} />
      <p id="timeline-summary" class="unseen">
        {summaryOf(timeline)}
      </p>
      <p id="timeline-keys" class="map-keys muted">
        Left and right move, <kbd>+</kbd> and <kbd>−</kbd> zoom, <kbd>0</kbd> shows all, <kbd>Home</kbd> and{' '}
        <kbd>End</kbd> go to the ends. Spans with fewer than 2,000 writes show each of them.
      </p>
      <p class="map-keys muted">
        Latency: grey from the least to the most, amber the 99th percentile, the other mark the median.
      </p>
      <TimelineTable timeline={timeline} />
    </>
  )
}

interface PictureProps extends ExplorerProps {
  readonly span: Span
  readonly whole: Span
  readonly setSpan: (next: (before: Span) => Span) => void
  readonly show: (next: Span) => void
}

function Picture({ timeline, width, cut, span, whole, setSpan, show }: PictureProps): ComponentChild {
  const canvas = useRef<HTMLCanvasElement>(null)
  const colour = useThemeColour()
  const draw = useCallback(
    (pen: CanvasRenderingContext2D, ratio: number) => paintTimeline(pen, { timeline, span, width, colour, cut }, ratio),
    [timeline, span, width, cut, colour],
  )
  useDrawing(canvas, { width, height: HEIGHT }, draw, 'timeline-frame')
  const hover = useSpanGestures(canvas, { width, whole, setSpan })
  const onKey = (event: KeyboardEvent): void => {
    const next = event.ctrlKey || event.metaKey || event.altKey ? undefined : afterKey(event.key, span, whole)
    if (next === undefined) return
    event.preventDefault()
    show(next)
  }
  return (
    <div class="timeline-holder">
      <canvas
        ref={canvas}
        class="timeline-canvas"
        style={{ width: `${width}px`, height: `${HEIGHT}px` }}
        tabIndex={0}
        role="application"
        aria-roledescription="timeline"
        aria-label="Timeline of the run"
        aria-describedby="timeline-summary timeline-keys"
        onKeyDown={onKey}
      />
      {hover === undefined ? null : (
        <div
          class="map-tooltip"
          aria-hidden="true"
          style={{ left: `${Math.max(0, Math.min(hover + 12, width - TOOLTIP_WIDTH))}px`, top: '24px' }}
        >
          {hoverLines(timeline, span.from + ((span.to - span.from) * hover) / width).map((text) => (
            <div key={text}>{text}</div>
          ))}
        </div>
      )}
    </div>
  )
}

/** Where the pointer is from the left, while it is over the picture. */
function useSpanGestures(
  canvas: RefObject<HTMLCanvasElement | null>,
  { width, whole, setSpan }: Pick<PictureProps, 'width' | 'whole' | 'setSpan'>,
): number | undefined {
  const [hover, setHover] = useState<number>()
  const doRef = useRef<Gestures>(NO_GESTURES)
  useEffect(() => {
    doRef.current = {
      ...NO_GESTURES,
      hover: (x) => setHover(x),
      leave: () => setHover(undefined),
      drag: (dx) => setSpan((before) => movedSpan(before, -dx / width, whole)),
      zoom: (by, x) => setSpan((before) => zoomedSpan(before, 2 ** -by, x / width, whole)),
    }
  })
  useGestures(canvas, doRef)
  return hover
}

function Tools({
  span,
  whole,
  show,
}: {
  readonly span: Span
  readonly whole: Span
  readonly show: (next: Span) => void
}): ComponentChild {
  const isAll = isWhole(span, whole)
  const zoom = (factor: number): void => show(zoomedSpan(span, factor, 0.5, whole))
  const lastPart = { from: whole.to - Math.max(1, whole.to / 200), to: whole.to }
  return (
    <div class="map-tools">
      <button type="button" aria-label="Zoom out of the timeline" disabled={isAll} onClick={() => zoom(2)}>
        −
      </button>
      <button type="button" aria-label="Zoom into the timeline" onClick={() => zoom(0.5)}>
        +
      </button>
      <button type="button" aria-label="Show all of the run" disabled={isAll} onClick={() => show(whole)}>
        Show all
      </button>
      <button type="button" aria-label="The end of the run" onClick={() => show(clampedSpan(lastPart, whole))}>
        The end
      </button>
      <span class="muted">
        {clock(span.from)} to {clock(span.to)}
      </span>
    </div>
  )
}

/** Asks for the span once it no longer changes, by way of the address. */
function useSettled({ from, to }: Span, whole: Span): void {
  const firstRef = useRef(true)
  useEffect(() => {
    if (firstRef.current) {
      firstRef.current = false
      return
    }
    const text = isWhole({ from, to }, whole) ? undefined : spanText({ from, to })
    const timer = setTimeout(() => setQuery({ t: text }), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [from, to, whole])
}

function afterKey(key: string, span: Span, whole: Span): Span | undefined {
  switch (key) {
    case 'ArrowLeft':
      return movedSpan(span, -0.2, whole)
    case 'ArrowRight':
      return movedSpan(span, 0.2, whole)
    case '+':
    case '=':
      return zoomedSpan(span, 0.5, 0.5, whole)
    case '-':
      return zoomedSpan(span, 2, 0.5, whole)
    case '0':
      return whole
    case 'Home':
      return movedSpan(span, -1e9, whole)
    case 'End':
      return movedSpan(span, 1e9, whole)
    default:
      return undefined
  }
}

function hoverLines(timeline: RunTimeline, ms: number): readonly string[] {
  const bucket = timeline.buckets.findLast(({ fromMs }) => fromMs <= ms)
  if (bucket === undefined || ms > timeline.toMs) return [clock(ms)]
  const flush = timeline.flushes?.find(
    ({ issuedMs, endedMs = timeline.lastRecordMs }) => issuedMs <= ms && ms <= endedMs,
  )
  const { writeMs } = bucket
  return [
    clock(ms),
    `in ${formatMs(timeline.bucketMs)}: ${formatCount(bucket.issued)} issued, ${formatCount(bucket.completed)} completed`,
    ...(writeMs === undefined
      ? []
      : [`latency: median ${formatMs(writeMs.median)}, p99 ${formatMs(writeMs.p99)}, max ${formatMs(writeMs.max)}`]),
    ...(flush === undefined
      ? []
      : [
          `flush ${flush.flush}${flush.endedMs === undefined ? ', not completed' : `: ${formatMs(flush.endedMs - flush.issuedMs)}`}`,
        ]),
  ]
}

function summaryOf(timeline: RunTimeline): string {
  const { buckets, lastRecordMs, fromMs, toMs } = timeline
  const sum = (of: (bucket: TimelineBucket) => number): string =>
    formatCount(buckets.reduce((total, one) => total + of(one), 0))
  const silent = silencesOf(timeline)
    .map((silence) => ` From ${clock(silence.from)}: ${silenceText(silence)}.`)
    .join('')
  return `From ${clock(fromMs)} to ${clock(toMs)}: ${sum(({ issued }) => issued)} writes issued, ${sum(({ completed }) => completed)} completed, ${sum(({ flushes }) => flushes)} flushes completed, ${sum(({ failed }) => failed)} writes failed. The last record is at ${clock(lastRecordMs)}.${silent}`
}

const COLUMNS: readonly Column<TimelineBucket>[] = [
  { name: 'From', heads: true, cell: ({ fromMs }) => clock(fromMs), sort: ({ fromMs }) => fromMs },
  { name: 'Issued', numeric: true, cell: ({ issued }) => formatCount(issued), sort: ({ issued }) => issued },
  {
    name: 'Completed',
    numeric: true,
    cell: ({ completed }) => formatCount(completed),
    sort: ({ completed }) => completed,
  },
  {
    name: 'Write median',
    numeric: true,
    cell: ({ writeMs }) => (writeMs === undefined ? '–' : formatMs(writeMs.median)),
    sort: ({ writeMs }) => writeMs?.median ?? 0,
  },
  {
    name: 'Write p99',
    numeric: true,
    cell: ({ writeMs }) => (writeMs === undefined ? '–' : formatMs(writeMs.p99)),
    sort: ({ writeMs }) => writeMs?.p99 ?? 0,
  },
  { name: 'Flushes', numeric: true, cell: ({ flushes }) => formatCount(flushes), sort: ({ flushes }) => flushes },
  {
    name: 'Flush median',
    numeric: true,
    cell: ({ flushMs }) => (flushMs === undefined ? '–' : formatMs(flushMs.median)),
    sort: ({ flushMs }) => flushMs?.median ?? 0,
  },
]

const ROWS = 40

/** The same span in few rows, asked for once it is opened. */
function TimelineTable({ timeline: { run, fromMs, toMs } }: { readonly timeline: RunTimeline }): ComponentChild {
  const [isOpen, setOpen] = useState(false)
  const range = `buckets=${ROWS}&from=${round(fromMs)}&to=${round(toMs)}`
  const loaded = useJson<RunTimeline>(isOpen ? runPath(run, `/timeline?${range}`) : undefined)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The timeline as a table</summary>
      {isOpen ? (
        <Await loaded={loaded} what="The timeline">
          {(timeline) => <BucketTable timeline={timeline} />}
        </Await>
      ) : null}
    </details>
  )
}

function BucketTable({ timeline }: { readonly timeline: RunTimeline }): ComponentChild {
  return (
    <DataTable
      caption={`What happened in each ${formatMs(timeline.bucketMs)}`}
      columns={COLUMNS}
      rows={timeline.buckets}
      rowKey={({ fromMs }) => String(fromMs)}
      stack
    />
  )
}
