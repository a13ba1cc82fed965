/**
 * A run over time (schema `plugpull.timeline/1`): what was issued and completed in each stretch of time, how long it took, the
 * flushes with their spans, the windows, the end; and every single event where the span holds few.
 */
import { type History, msOf } from '../history.ts'
import { type Spread, spreadOf } from './latency-spread.ts'
import type { FlushEvent, RunEvents } from './run-events.ts'
import { type SingleEvent, singleEvents } from './single-events.ts'

export const TIMELINE_SCHEMA = 'plugpull.timeline/1'
export const BUCKETS_DEFAULT = 240
export const BUCKETS_MAX = 4000
/** Spans of flushes and windows are listed up to so many. */
const LISTED_MAX = 2000

/** The span that is asked for, in ms of the run; half open. */
export interface TimelineSpan {
  readonly fromMs: number
  readonly toMs: number
  readonly buckets: number
}

export interface TimelineBucket {
  readonly fromMs: number
  readonly issued: number
  readonly completed: number
  readonly failed: number
  readonly flushes: number
  /** Of the writes, and of the flushes, that completed here. */
  readonly writeMs?: Spread
  readonly flushMs?: Spread
}

export interface FlushSpan {
  readonly flush: number
  readonly issuedMs: number
  readonly endedMs?: number
  readonly failed?: true
}

export interface RunTimeline {
  readonly schema: typeof TIMELINE_SCHEMA
  readonly run: string
  readonly fromMs: number
  readonly toMs: number
  readonly bucketMs: number
  /** The last record of the log: the agent's last sign of life. */
  readonly lastRecordMs: number
  /** Where the agent said that it stopped by itself. */
  readonly endedMs?: number
  readonly buckets: readonly TimelineBucket[]
  /** Those that touch the span; absent where they are more than 2,000. */
  readonly flushes?: readonly FlushSpan[]
  readonly windows?: readonly { readonly ms: number; readonly top: number }[]
  /** Every event of the span, where they are fewer than 2,000. */
  readonly events?: readonly SingleEvent[]
}

/** The whole run, where nothing narrower is asked for. */
export const wholeSpan = ({ lastUs }: Pick<History, 'lastUs'>, buckets = BUCKETS_DEFAULT): TimelineSpan => ({
  fromMs: 0,
  toMs: Math.max(0.001, (lastUs + 1) / 1000),
  buckets,
})

interface Counts {
  issued: number
  completed: number
  failed: number
  flushes: number
  readonly writeUs: number[]
  readonly flushUs: number[]
}

export function runTimeline(history: History, events: RunEvents, span: TimelineSpan): RunTimeline {
  const fromUs = span.fromMs * 1000
  const toUs = span.toMs * 1000
  const widthUs = (toUs - fromUs) / span.buckets
  const counts = Array.from({ length: span.buckets }, (): Counts => ({
    issued: 0,
    completed: 0,
    failed: 0,
    flushes: 0,
    writeUs: [],
    flushUs: [],
  }))
  const at = (us: number): Counts | undefined =>
    us < fromUs || us >= toUs ? undefined : counts[Math.min(span.buckets - 1, Math.floor((us - fromUs) / widthUs))]
  countWrites(history, at)
  for (const { us } of events.failures) add(at(us), 'failed')
  for (const flush of events.flushes) countFlush(flush, at)
  const inSpan = (us: number): boolean => us >= fromUs && us < toUs
  const flushes = events.flushes.filter(
    ({ issuedUs, endedUs = history.lastUs }) => issuedUs < toUs && endedUs >= fromUs,
  )
  const windows = events.windows.filter(({ us }) => inSpan(us))
  const singles = singleEvents(history, events, fromUs, toUs)
  return {
    schema: TIMELINE_SCHEMA,
    run: history.manifest.run,
    fromMs: span.fromMs,
    toMs: span.toMs,
    bucketMs: widthUs / 1000,
    lastRecordMs: msOf(history.lastUs),
    ...(events.endedUs === undefined ? {} : { endedMs: msOf(events.endedUs) }),
    buckets: counts.map((one, i) => bucketOf(one, span.fromMs + (i * widthUs) / 1000)),
    ...(flushes.length > LISTED_MAX ? {} : { flushes: flushes.map(flushSpan) }),
    ...(windows.length > LISTED_MAX ? {} : { windows: windows.map(({ us, top }) => ({ ms: msOf(us), top })) }),
    ...(singles === undefined ? {} : { events: singles }),
  }
}

type BucketAt = (us: number) => Counts | undefined

function add(counts: Counts | undefined, what: 'issued' | 'completed' | 'failed' | 'flushes'): void {
  if (counts !== undefined) counts[what]++
}

function countWrites(history: History, at: BucketAt): void {
  for (let write = 1; write <= history.issued; write++) {
    const { issueUs, durationUs } = history.microsecondsOf(write)
    add(at(issueUs), 'issued')
    if (durationUs === undefined) continue
    const bucket = at(issueUs + durationUs)
    add(bucket, 'completed')
    bucket?.writeUs.push(durationUs)
  }
}

function countFlush({ issuedUs, endedUs, failed }: FlushEvent, at: BucketAt): void {
  if (endedUs === undefined || failed) return
  const bucket = at(endedUs)
  add(bucket, 'flushes')
  bucket?.flushUs.push(endedUs - issuedUs)
}

function bucketOf({ writeUs, flushUs, ...counts }: Counts, fromMs: number): TimelineBucket {
  const writeMs = spreadOf(writeUs)
  const flushMs = spreadOf(flushUs)
  return {
    fromMs: Math.round(fromMs * 1000) / 1000,
    ...counts,
    ...(writeMs === undefined ? {} : { writeMs }),
    ...(flushMs === undefined ? {} : { flushMs }),
  }
}

const flushSpan = ({ flush, issuedUs, endedUs, failed }: FlushEvent): FlushSpan => ({
  flush,
  issuedMs: msOf(issuedUs),
  ...(endedUs === undefined ? {} : { endedMs: msOf(endedUs) }),
  ...(failed ? { failed } : {}),
})
