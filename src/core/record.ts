/**
 * What the agent records about a run, and what the judge may use: one total order of events, each with a monotonic time.
 *
 * Why the order is sound (docs/MODEL.md): an issue is recorded before the request is handed to the kernel, a completion
 * after the kernel reported it, and a place in the order is taken while holding the scheduler's lock. So the record of an
 * issue can only stand earlier, and that of a completion only later, than the event itself: `a → b` read from the
 * records is always true of the device.
 */

/** Kinds of event. Write and flush numbers are implied by the order wherever they can be. */
export type RecordKind =
  /** Write `id` is about to be handed to the kernel. Issues are recorded in the order of their numbers. */
  | 'issue'
  /** Write `id` was reported done. */
  | 'complete'
  /** Write `id` was reported failed; `errno` says how. It may be on the device in part. */
  | 'failed'
  /** Flush `id` is about to be handed to the kernel. At most one flush is in flight. */
  | 'flush-issue'
  /** Flush `id` was reported done. */
  | 'flush-complete'
  /** Flush `id` was reported failed; it is never retried. */
  | 'flush-failed'
  /** No write above `id` has been issued when this was acknowledged: the intent window. */
  | 'window'
  /** Nothing happened but time: lets the age of a loss be told when the agent was idle at the cut. */
  | 'tick'
  /** The agent issued everything it wanted and stopped by itself; no write or flush follows. */
  | 'end'

export interface LogRecord {
  readonly kind: RecordKind
  /** Write number, flush number or window top, by kind; 0 for `tick` and `end`. */
  readonly id: number
  /** Microseconds on the agent's monotonic clock since the start of the run. */
  readonly timeUs: number
  /** System error number of `failed` and `flush-failed`; 0 otherwise. */
  readonly errno: number
}
