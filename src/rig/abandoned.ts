/**
 * The end of a run whose cycle was given up before its cut. Its agent is gone with its machine and says nothing any more, so the
 * loop says it: without that the run would stand among those that are written for as long as a silent agent is waited for.
 */
import type { RunProgress } from '../core/campaign/campaign.ts'
import { sleepMs } from '../io/clock.ts'
import type { CollectorClient } from '../io/collector-client.ts'

/** Whoever pressed Ctrl-C waits for this: what cannot be told within it is not told. */
const LIMIT_MS = 1000
const NOTHING_TOLD: Omit<RunProgress, 'state'> = { issued: 0, completed: 0, flushes: 0 }

/** Tells the collector that the run has ended, where it is there and nothing else says so. Never throws, and never takes long. */
export async function tellAbandoned(
  client: Pick<CollectorClient, 'run' | 'append'>,
  run: string,
  limitMs = LIMIT_MS,
): Promise<void> {
  const over = new AbortController()
  // What it was abandoned for is what has to be told; that the collector is away too is not.
  const told = tellEnd(client, run).catch(() => undefined)
  await Promise.race([told, sleepMs(limitMs, over.signal)])
  over.abort()
}

async function tellEnd(client: Pick<CollectorClient, 'run' | 'append'>, run: string): Promise<void> {
  const { bytes, progress, cut, verdict } = await client.run(run)
  if (cut !== undefined || verdict !== undefined) return
  if (progress?.state === 'done' || progress?.state === 'failed') return
  await client.append(run, bytes, new Uint8Array(0), { ...NOTHING_TOLD, ...progress, state: 'failed' })
}
