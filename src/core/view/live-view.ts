/** What goes on, as the collector tells it: once as a whole, and then change by change. */
import type { RunLine } from '../campaign/facts.ts'

export const LIVE_SCHEMA = 'plugpull.live/1'

export interface LiveView {
  readonly schema: typeof LIVE_SCHEMA
  /** Go on from here: the `Last-Event-ID` with which /v1/events leaves out nothing. */
  readonly cursor: string
  /** Runs under way, newest first. */
  readonly agents: readonly RunLine[]
  /** Runs that were cut, the newest cut first. */
  readonly cuts: readonly RunLine[]
  /** Runs with a verdict, the one that changed last first. */
  readonly verdicts: readonly RunLine[]
  /** Runs whose agent ended by itself, neither cut nor verified, the one heard of last first. */
  readonly ended: readonly RunLine[]
}

/** What a change is of. Events repeat themselves after a resumption: each MUST be taken as the state of its run, not as news. */
export type LiveEvent =
  | { readonly kind: 'run' | 'cut' | 'verdict'; readonly line: RunLine }
  | { readonly kind: 'progress'; readonly line: ProgressLine }

export type ProgressLine = Pick<RunLine, 'run' | 'changedAt' | 'heardAt' | 'bytes' | 'progress'>

/** An agent that was not heard of for so long is not under way any more, whatever became of it. */
export const AGENT_GONE_MS = 600_000

/** Whether the agent of this run ended by itself, and nothing more is known of it: no cut, no verdict. */
export const hasEndedByItself = ({ cutRecord, outcome, progress }: RunLine): boolean =>
  cutRecord === undefined && outcome === undefined && (progress?.state === 'done' || progress?.state === 'failed')

/** Whether an agent of this run may still be writing. */
export function isUnderWay(line: RunLine, nowMs: number): boolean {
  const { cutRecord, outcome, heardAt } = line
  if (cutRecord !== undefined || outcome !== undefined || hasEndedByItself(line)) return false
  return nowMs - Date.parse(heardAt) < AGENT_GONE_MS
}
