/** The two places that an import goes to: a store that nobody serves, and a collector over HTTP. */
import { ProbeError } from '../../core/errors.ts'
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import type { CollectorClient } from '../../io/collector-client.ts'
import type { Store } from '../store/store.ts'
import { type Applied, applyLines } from './apply.ts'
import { type ImportSink, NOTHING, type SliceLine, sum } from './import-lines.ts'
import { Pace } from './pace.ts'

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
  /** How long the collector may be out of reach before the import gives up: since the last part that it took. */
  readonly outageMsMax: number
  readonly onOutage: (message: string) => void
}

/** A collector: what it does not answer is sent again until it does, in smaller parts, which stores nothing twice. */
export function collectorSink(client: CollectorClient, options: CollectorSinkOptions): ImportSink {
  const pace = new Pace()
  return {
    name: client.url,
    apply: async (slice) => {
      let applied = NOTHING
      for (let left = slice; left.length > 0;) {
        const { done, rest } = await sendSome(client, pace, left, options)
        applied = sum(applied, done)
        const refused = new Set(done.conflicts.map(({ run }) => run))
        left = refused.size === 0 ? rest : rest.filter(({ line }) => !refused.has(line.run))
      }
      return applied
    },
  }
}

/** Sends a part of the lines, as large as gets through. Gives up where the smallest did not for so long as is allowed. */
async function sendSome(
  client: CollectorClient,
  pace: Pace,
  lines: readonly SliceLine[],
  { signal, outageMsMax, onOutage }: CollectorSinkOptions,
): Promise<{ readonly done: Applied; readonly rest: readonly SliceLine[] }> {
  const sinceMs = monotonicMs()
  for (let pauseMs = BACKOFF_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, BACKOFF_MAX_MS)) {
    const { part, rest } = pace.part(lines)
    try {
      const body = Buffer.concat(part.flatMap(({ bytes }) => [bytes, NEWLINE]))
      const done = await client.importSlice<Applied>(body, ['run', 'log', 'cut', 'verdict', 'conflicts'])
      pace.grow()
      return { done, rest }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ProbeError) || error.code !== 'COLLECTOR_UNREACHABLE') throw error
      const isLong = monotonicMs() - sinceMs + pauseMs > outageMsMax
      // One request may take longer than all is allowed to: a small one is to be tried all the same.
      if (isLong && pace.isSmallest) throw error
      pace.shrink(isLong ? 'all' : 'half')
      if (pauseMs === BACKOFF_FIRST_MS) onOutage(`${error.message}; trying again`)
      await sleepMs(pauseMs, signal)
      signal.throwIfAborted()
    }
  }
}
