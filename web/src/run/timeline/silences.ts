/**
 * Stretches of a run without any record, such as a pause of the workload. They are marked and told, because an empty place in a
 * picture may as well be one that was not drawn.
 */
import type { RunTimeline } from '../../../../src/core/map/run-timeline.ts'
import { formatMs } from '../../../../src/core/size.ts'
import type { Span } from './span.ts'

/** Shorter ones are how a run goes. */
const SHARE_OF_RUN = 0.05

export interface Silence extends Span {
  /** False where it reaches out of what the timeline tells, so that its length is not known. */
  readonly isWhole: boolean
}

export const silenceText = ({ from, to, isWhole }: Silence): string =>
  isWhole ? `no record for ${formatMs(to - from)}` : 'no record'

/** In the order of time. */
export function silencesOf(timeline: RunTimeline): readonly Silence[] {
  const { fromMs, toMs, lastRecordMs } = timeline
  const end = Math.min(toMs, lastRecordMs)
  const least = Math.min(lastRecordMs * SHARE_OF_RUN, (end - fromMs) * 0.9)
  const silences: Silence[] = []
  let last = fromMs
  for (const { from, to } of [...recordedIn(timeline), { from: end, to: end }].toSorted((a, b) => a.from - b.from)) {
    const until = Math.min(from, end)
    const isWhole = (last > fromMs || fromMs === 0) && (until < end || end === lastRecordMs)
    if (until - last > least) silences.push({ from: last, to: until, isWhole })
    last = Math.max(last, to)
  }
  return silences
}

/** When something was recorded: the moments themselves where single events are told, else buckets that are not empty, end to end. */
function recordedIn({ events, buckets, bucketMs, flushes, windows }: RunTimeline): readonly Span[] {
  const busy = buckets.filter((bucket) => bucket.issued + bucket.completed + bucket.failed + bucket.flushes > 0)
  const ofWrites =
    events === undefined
      ? busy.map(({ fromMs }) => ({ from: fromMs, to: fromMs + bucketMs }))
      : events.flatMap((event) => moments(event.kind === 'write' ? [event.issuedMs, event.completedMs] : [event.ms]))
  const ofFlushes = (flushes ?? []).flatMap(({ issuedMs, endedMs }) => moments([issuedMs, endedMs]))
  return [...ofWrites, ...ofFlushes, ...moments((windows ?? []).map(({ ms }) => ms))]
}

const moments = (times: readonly (number | undefined)[]): readonly Span[] =>
  times.flatMap((ms) => (ms === undefined ? [] : [{ from: ms, to: ms }]))
