/**
 * The log at a collector: an append that fails for want of an answer is tried again, from where the collector says it
 * is, until it was silent for too long. Waiting is all that an outage does: the agent slows down and stops, and goes on.
 */
import type { RunProgress } from '../core/campaign/campaign.ts'
import { ProbeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { monotonicMs, sleepMs } from '../io/clock.ts'
import type { CollectorClient } from '../io/collector-client.ts'
import type { Logger } from '../io/logger.ts'
import type { AppendOutcome, LogPort } from './log-port.ts'

const BACKOFF_FIRST_MS = 20
const BACKOFF_MAX_MS = 1000
/** In the middle of a run a certificate that is not good may just be on its way to be replaced. */
const PASSING: ReadonlySet<string> = new Set(['COLLECTOR_UNREACHABLE', 'COLLECTOR_UNTRUSTED'])

export interface CollectorLogOptions {
  /** How long the collector may be out of reach in the middle of a run. */
  readonly outageMsMax: number
  readonly logger: Logger
}

class CollectorLog implements LogPort {
  readonly #client: CollectorClient
  readonly #run: string
  readonly #options: CollectorLogOptions
  #stable = 0

  constructor(client: CollectorClient, run: string, options: CollectorLogOptions) {
    this.#client = client
    this.#run = run
    this.#options = options
  }

  async append(offset: number, bytes: Uint8Array, _urgent: boolean, progress: RunProgress): Promise<AppendOutcome> {
    const { outageMsMax, logger } = this.#options
    const sinceMs = monotonicMs()
    for (let pauseMs = BACKOFF_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, BACKOFF_MAX_MS)) {
      try {
        const result = await this.#client.append(this.#run, offset, bytes, progress)
        if (pauseMs > BACKOFF_FIRST_MS) logger.info('the collector answers again')
        return this.#outcome(offset, bytes.length, result)
      } catch (error) {
        const passing = error instanceof ProbeError && PASSING.has(error.code)
        if (!passing || monotonicMs() - sinceMs + pauseMs > outageMsMax) throw error
        if (pauseMs === BACKOFF_FIRST_MS) logger.warn({ outageMsMax }, `${error.message}; trying again`)
        await sleepMs(pauseMs)
      }
    }
  }

  #outcome(
    offset: number,
    length: number,
    result: { readonly kind: 'stored' | 'gap'; readonly offset: number },
  ): AppendOutcome {
    if (result.offset > offset + length) {
      throw new ProbeError(
        'COLLECTOR_REFUSED',
        `the collector has ${result.offset} bytes of run ${this.#run}, more than were sent: somebody else writes a run of the same id; choose another --run-id`,
      )
    }
    // A gap below what was acknowledged is for the uplink to refuse.
    this.#stable =
      result.kind === 'stored' ? Math.max(this.#stable, result.offset) : Math.min(this.#stable, result.offset)
    return { stable: this.#stable, next: result.offset }
  }

  async close(): Promise<void> {
    await this.#client.close()
  }
}

/** Announces the run; throws COLLECTOR_UNREACHABLE or COLLECTOR_REFUSED, at once: nothing has been written yet. */
export async function createCollectorLog(
  client: CollectorClient,
  manifest: Manifest,
  options: CollectorLogOptions,
): Promise<LogPort> {
  try {
    await client.createRun(manifest.run, manifest.campaign, manifest)
  } catch (error) {
    await client.close()
    throw error
  }
  return new CollectorLog(client, manifest.run, options)
}
