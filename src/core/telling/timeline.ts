/** The events of a life in the order of the log, numbered, and what that order says: what was before what. */
import type { History } from '../history.ts'
import type { FlushLife, Instant, Life, WriteLife } from './life.ts'

export type TimelineEvent = {
  /** From 1, in the order of the log. */
  readonly number: number
  readonly ms: number
} & (
  | { readonly kind: 'issue' | 'complete' | 'failed'; readonly write: number }
  | {
      readonly kind: 'flush-issue' | 'flush-complete' | 'flush-failed'
      readonly flush: number
      readonly stabilises: readonly number[]
    }
)

type Unnumbered = TimelineEvent extends infer Event ? (Event extends unknown ? Omit<Event, 'number'> : never) : never

interface Placed {
  readonly position: number
  readonly event: Unnumbered
}

/** Every event of the life, in the order of the log. */
export function timelineOf(life: Life): readonly TimelineEvent[] {
  const placed = [...life.writes.flatMap(ofWrite), ...life.flushes.flatMap((flush) => ofFlush(flush, life.writes))]
  return placed.toSorted((a, b) => a.position - b.position).map(({ event }, i) => ({ number: i + 1, ...event }))
}

function ofWrite({ write, issue, completion, failure }: WriteLife): Placed[] {
  const event = (kind: 'issue' | 'complete' | 'failed', at: Instant | undefined): Placed[] =>
    at === undefined ? [] : [{ position: at.position, event: { kind, ms: at.ms, write } }]
  return [...event('issue', issue), ...event('complete', completion), ...event('failed', failure)]
}

function ofFlush({ flush, issue, completion, failure }: FlushLife, writes: readonly WriteLife[]): Placed[] {
  const stabilises = writes.filter(({ flushedBy, fua }) => flushedBy === flush && !fua).map(({ write }) => write)
  const event = (kind: 'flush-issue' | 'flush-complete' | 'flush-failed', at: Instant | undefined): Placed[] =>
    at === undefined ? [] : [{ position: at.position, event: { kind, ms: at.ms, flush, stabilises } }]
  return [...event('flush-issue', issue), ...event('flush-complete', completion), ...event('flush-failed', failure)]
}

/** Neighbours in the order of their numbers, and whether the first is before the second (docs/MODEL.md, `a → b`). */
export function orderOf(
  history: History,
  writes: readonly WriteLife[],
): readonly { readonly first: number; readonly second: number; readonly isBefore: boolean }[] {
  return writes.slice(1).flatMap((second, i) => {
    const first = writes[i]
    if (first === undefined) return []
    return [{ first: first.write, second: second.write, isBefore: history.isBefore(first.write, second.write) }]
  })
}
