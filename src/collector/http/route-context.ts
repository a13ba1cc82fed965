/** What every address works with. */
import type { RunHead, RunView } from '../../core/campaign/campaign.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { CollectorMetrics } from '../metrics/metrics.ts'
import { runUnknown } from './api-error.ts'
import type { GroupCommit } from '../store/group-commit.ts'
import type { Gate } from '../access/gate.ts'
import type { Store } from '../store/store.ts'

export type { CollectorServer } from './app.ts'

export interface RouteContext {
  readonly store: Store
  readonly commits: GroupCommit
  readonly metrics: CollectorMetrics
  readonly version: string
  /** Wall clock, ISO 8601, UTC. */
  readonly now: () => string
  /** Told of each verdict once it is acknowledged as stable; never waited for. */
  readonly verdictAdded?: (number: number, at: string, verdict: Verdict) => void
  readonly gate: Gate
}

/** The run without its findings, or RUN_UNKNOWN. */
export async function knownHead(store: Store, run: string): Promise<RunHead> {
  const head = await store.head(run)
  if (head === undefined) throw runUnknown(run)
  return head
}

/** The run, or RUN_UNKNOWN. */
export async function knownRun(store: Store, run: string): Promise<RunView> {
  const view = await store.run(run)
  if (view === undefined) throw runUnknown(run)
  return view
}
