/** From an acknowledged verdict to a notice: its campaign is looked up beside the request, which never waits for it. */
import { messageOf } from '../../core/errors.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { Logger } from '../../io/logger.ts'
import type { Store } from '../store/store.ts'
import { noticeOf } from './payload.ts'
import type { Webhooks } from './webhooks.ts'

export function verdictTeller(
  store: Pick<Store, 'run'>,
  webhooks: Pick<Webhooks, 'wants' | 'verdictAdded'>,
  logger: Pick<Logger, 'warn'>,
): (number: number, at: string, verdict: Verdict) => void {
  const tell = async (number: number, at: string, verdict: Verdict): Promise<void> => {
    try {
      const view = await store.run(verdict.run)
      if (view !== undefined) webhooks.verdictAdded(noticeOf(at, view, number, verdict))
    } catch (error) {
      logger.warn({ run: verdict.run, number, why: messageOf(error) }, 'webhook failed: the run could not be read')
    }
  }
  return (number, at, verdict) => {
    if (webhooks.wants(verdict.verdict)) void tell(number, at, verdict)
  }
}
