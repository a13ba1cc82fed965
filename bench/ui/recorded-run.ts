/** A run as a collector would hold it, made without one. What makes them: campaigns.ts, big-run.ts; what stores them: load.ts. */
import type { CutRecord, RunProgress } from '../../src/core/campaign/campaign.ts'
import { HistoryBuilder } from '../../src/core/history.ts'
import type { Manifest } from '../../src/core/manifest.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { LogDecoder } from '../../src/core/wire.ts'

export interface RecordedRun {
  readonly manifest: Manifest
  /** Wall clock, ISO 8601, UTC. */
  readonly createdAt: string
  readonly verifiedAt: string
  readonly log: Uint8Array
  readonly progress: RunProgress
  readonly cut: CutRecord
  readonly verdict: Verdict
}

/** The log as the judge takes it. */
export function historyOf(log: Uint8Array): ReturnType<HistoryBuilder['finish']> {
  const builder = new HistoryBuilder(log.length)
  const decoder = new LogDecoder(builder)
  decoder.push(log)
  return builder.finish(decoder.end())
}

/** What the agent said last, from what the judge counted. */
export const progressOf = ({ checked }: Verdict): RunProgress => ({
  state: 'writing',
  issued: checked.issuedWrites,
  completed: checked.completeWrites,
  flushes: checked.flushes,
})
