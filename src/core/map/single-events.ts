/** Every event of a short span, one by one, in the order of time. */
import { type History, msOf } from '../history.ts'
import type { RunEvents } from './run-events.ts'

export type SingleEvent =
  | {
      readonly kind: 'write'
      readonly write: number
      readonly lba: number
      readonly sectors: number
      readonly fua?: true
      readonly issuedMs: number
      readonly completedMs?: number
    }
  | { readonly kind: 'failed'; readonly write: number; readonly ms: number; readonly errno: number }

/** A span with more writes than this is told in buckets alone. */
const SINGLE_MAX = 2000

/** The writes that were under way in the span, and failures in it; nothing where they are too many. */
export function singleEvents(
  history: History,
  { failures }: RunEvents,
  fromUs: number,
  toUs: number,
): readonly SingleEvent[] | undefined {
  const failed = new Map(failures.map((failure) => [failure.write, failure]))
  const events: SingleEvent[] = []
  for (let write = 1; write <= history.issued; write++) {
    const { issueUs, durationUs } = history.microsecondsOf(write)
    if (issueUs >= toUs) break
    const failure = failed.get(write)
    const endUs = durationUs === undefined ? (failure?.us ?? history.lastUs) : issueUs + durationUs
    if (endUs < fromUs) continue
    if (events.length >= SINGLE_MAX) return undefined
    const { lba, sectors, fua } = history.plan.write(write)
    const completed = durationUs === undefined ? {} : { completedMs: msOf(issueUs + durationUs) }
    events.push({ kind: 'write', write, lba, sectors, ...(fua ? { fua } : {}), issuedMs: msOf(issueUs), ...completed })
    if (failure !== undefined) events.push({ kind: 'failed', write, ms: msOf(failure.us), errno: failure.errno })
  }
  return events
}
