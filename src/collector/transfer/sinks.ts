/** The two places that an import goes to: a store that nobody serves, and a collector over HTTP. */
import { ProbeError } from '../../core/errors.ts'
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import type { CollectorClient } from '../../io/collector-client.ts'
import type { Store } from '../store/store.ts'
import { type Applied, applyLines } from './apply.ts'
import type { ImportSink } from './import-lines.ts'

const BACKOFF_FIRST_MS = 100
const BACKOFF_MAX_MS = 5000
const NEWLINE = Buffer.from('\n')

export const storeSink = (store: Store): ImportSink => ({
  name: store.name,
  apply: (slice) =>
    applyLines(
      store,
      slice.map(({ line }) => line),
    ),
})

export interface CollectorSinkOptions {
  readonly signal: AbortSignal
  /** How long the collector may be out of reach before the import gives up. */
  readonly outageMsMax: number
  readonly onOutage: (message: string) => void
}

/** A collector: what it does not answer is sent again until it does, which stores nothing twice. */
export function collectorSink(client: CollectorClient, options: CollectorSinkOptions): ImportSink {
  const { signal, outageMsMax, onOutage } = options
  return {
    name: client.url,
    apply: async (slice) => {
      const body = Buffer.concat(slice.flatMap(({ bytes }) => [bytes, NEWLINE]))
      const sinceMs = monotonicMs()
      for (let pauseMs = BACKOFF_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, BACKOFF_MAX_MS)) {
        try {
          return await client.importSlice<Applied>(body, ['run', 'log', 'cut', 'verdict', 'conflicts'])
        } catch (error) {
          signal.throwIfAborted()
          const passing = error instanceof ProbeError && error.code === 'COLLECTOR_UNREACHABLE'
          if (!passing || monotonicMs() - sinceMs + pauseMs > outageMsMax) throw error
          if (pauseMs === BACKOFF_FIRST_MS) onOutage(`${error.message}; trying again`)
          await sleepMs(pauseMs, signal)
          signal.throwIfAborted()
        }
      }
    },
  }
}
