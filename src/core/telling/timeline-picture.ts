/** A life as lanes, one a write or flush, over the order of its events (not over time: milliseconds would hide the order). */
import type { FlushLife, Life, WriteLife } from './life.ts'
import { type TimelineEvent, timelineOf } from './timeline.ts'

/** What the lanes are drawn with. */
export const LANE_LEGEND =
  'I issued, C complete, X failed, ─ in flight, · complete but not stable, ═ stable: it must not be lost, ✂ the cut'

const WIDTH = 3
const LABEL_WIDTH = 10

/** How a lane is to be read on: when what it shows was stable, if ever. */
export interface LaneOptions {
  /** Under write-through every completed write is stable. */
  readonly stableWhenComplete: boolean
}

/** The lines: numbers of the events above, one lane each below. */
export function lanesOf(life: Life, options: LaneOptions): readonly string[] {
  const events = timelineOf(life)
  if (events.length === 0) return []
  const end = events.length + 1
  const head = ''.padEnd(LABEL_WIDTH) + events.map(({ number }) => String(number).padEnd(WIDTH)).join('')
  const flushes = new Map(life.flushes.map((flush) => [flush.flush, flush]))
  const lanes = [
    ...life.writes.map((write) => ({
      first: columnOf(events, write, 'issue'),
      line: writeLane(write, events, end, flushes, options),
    })),
    ...life.flushes.map((flush) => ({ first: columnOfFlush(events, flush), line: flushLane(flush, events, end) })),
  ]
  return [`${head}✂`, ...lanes.toSorted((a, b) => a.first - b.first).map(({ line }) => line)]
}

function columnOf(
  events: readonly TimelineEvent[],
  { write }: WriteLife,
  kind: 'issue' | 'complete' | 'failed',
): number {
  return events.find((event) => event.kind === kind && event.write === write)?.number ?? Number.POSITIVE_INFINITY
}

function columnOfFlush(
  events: readonly TimelineEvent[],
  { flush }: FlushLife,
  kind: TimelineEvent['kind'] = 'flush-issue',
): number {
  return (
    events.find((event) => event.kind === kind && 'flush' in event && event.flush === flush)?.number ??
    Number.POSITIVE_INFINITY
  )
}

function writeLane(
  write: WriteLife,
  events: readonly TimelineEvent[],
  end: number,
  flushes: ReadonlyMap<number, FlushLife>,
  { stableWhenComplete }: LaneOptions,
): string {
  const name = `w${write.write}`
  if (write.issue === undefined) return `${name.padEnd(LABEL_WIDTH)}announced; its issue never reached the log`
  const complete = columnOf(events, write, 'complete')
  const flush = write.flushedBy === undefined ? undefined : flushes.get(write.flushedBy)
  const flushed = flush === undefined ? Number.POSITIVE_INFINITY : columnOfFlush(events, flush, 'flush-complete')
  return lane(name, {
    issue: columnOf(events, write, 'issue'),
    complete,
    failed: columnOf(events, write, 'failed'),
    stable: write.fua || stableWhenComplete ? complete : flushed,
    end,
  })
}

function flushLane(flush: FlushLife, events: readonly TimelineEvent[], end: number): string {
  const complete = columnOfFlush(events, flush, 'flush-complete')
  const failed = columnOfFlush(events, flush, 'flush-failed')
  return lane(`flush ${flush.flush}`, { issue: columnOfFlush(events, flush), complete, failed, stable: end, end }, ' ')
}

interface Columns {
  readonly issue: number
  readonly complete: number
  readonly failed: number
  readonly stable: number
  readonly end: number
}

/** `after`: what stands behind a completion that is not stable. */
function lane(name: string, columns: Columns, after = '·'): string {
  let line = name.padEnd(LABEL_WIDTH)
  for (let column = 1; column < columns.end; column++) {
    const mark = markAt(column, columns)
    const filler = fillerAfter(column, columns, after)
    line += (mark ?? fillerAfter(column - 1, columns, after)) + filler.repeat(WIDTH - 1)
  }
  return line.trimEnd()
}

function markAt(column: number, { issue, complete, failed }: Columns): string | undefined {
  if (column === issue) return 'I'
  if (column === complete) return 'C'
  return column === failed ? 'X' : undefined
}

function fillerAfter(column: number, { issue, complete, failed, stable }: Columns, after: string): string {
  if (column < issue || column >= failed) return ' '
  if (column >= stable) return '═'
  return column >= complete ? after : '─'
}
