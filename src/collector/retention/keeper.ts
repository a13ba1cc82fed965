/**
 * Retention by itself: the store is pruned at the start and then every hour, by what the collector was started with.
 *
 * Several collectors of one store may all do it: each run goes in a transaction of its own that looks again, so what one
 * has taken the others leave. A failure is told and tried again at the next turn; it never ends the collector.
 */
import { ProbeError } from '../../core/errors.ts'
import type { Logger } from '../../io/logger.ts'
import type { Store } from '../store/store.ts'
import { prunedText, queryOf, type RetentionPolicy } from './policy.ts'

const EVERY_MS = 3_600_000

export interface Keeper {
  /** Takes no further turn, and resolves once the one under way has ended, which it does behind the run it is at. */
  stop(): Promise<void>
}

const IDLE: Keeper = { stop: () => Promise.resolve() }

/** Starts at once, and then every `everyMs`; without a policy it keeps everything. */
export function startKeeper(
  store: Store,
  policy: RetentionPolicy | undefined,
  logger: Logger,
  everyMs = EVERY_MS,
): Keeper {
  if (policy === undefined) return IDLE
  const stopping = new AbortController()
  const take = (): Promise<void> => takeTurn(store, policy, logger, stopping.signal)
  let turn = take()
  const timer = setInterval(() => {
    turn = turn.then(take)
  }, everyMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      stopping.abort()
      await turn
    },
  }
}

/** One turn; never throws. */
async function takeTurn(store: Store, policy: RetentionPolicy, logger: Logger, signal: AbortSignal): Promise<void> {
  try {
    if (signal.aborted) return
    const pruned = await store.prune({ ...queryOf(policy, Date.now(), false), signal })
    if (pruned.runs > 0 || pruned.spared > 0)
      logger.info(pruned, `retention: ${prunedText(pruned, policy.what, false)}`)
  } catch (error) {
    const code = error instanceof ProbeError ? error.code : 'INTERNAL'
    logger.error({ err: error, code }, 'retention: not pruned; tried again at the next turn')
  }
}
