/** Whether the collector is there at all: asked for where a cycle came to nothing, so once is not enough to say that it is not. */
import { ProbeError } from '../core/errors.ts'
import { sleepMs } from '../io/clock.ts'
import type { CollectorClient } from '../io/collector-client.ts'

/** A database behind a collector that restarts takes some seconds; a collector that is gone is gone for longer. */
const PAUSES_MS = [500, 1000, 2000, 4000]

/** Throws what the last of some attempts threw, COLLECTOR_UNREACHABLE; returns early where the signal is aborted. */
export async function requireCollector(
  client: Pick<CollectorClient, 'health'>,
  signal: AbortSignal,
  pausesMs: readonly number[] = PAUSES_MS,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await client.health()
      return
    } catch (error) {
      const pauseMs = pausesMs[attempt]
      const mayPass = error instanceof ProbeError && error.code === 'COLLECTOR_UNREACHABLE'
      if (!mayPass || pauseMs === undefined) throw error
      await sleepMs(pauseMs, signal)
    }
  }
}
