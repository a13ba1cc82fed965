/** How fast an agent wrote, from its log: from the first issue to the last completion, without its start and its baseline. */
import { ProbeError } from '../../src/core/errors.ts'
import type { CollectorClient } from '../../src/io/collector-client.ts'
import { readLogInto } from '../../src/io/load-history.ts'
import { collectorLog } from '../../src/io/log-source.ts'
import type { Rate } from './trial.ts'

const SECOND_US = 1_000_000

export async function agentRate(client: CollectorClient, run: string, signal: AbortSignal): Promise<Rate> {
  const completedUs: number[] = []
  let firstUs: number | undefined
  await readLogInto(
    {
      manifest: () => undefined,
      baseline: () => undefined,
      record: (kind, _id, timeUs) => {
        if (kind === 'issue') firstUs ??= timeUs
        else if (kind === 'complete') completedUs.push(timeUs)
      },
    },
    await collectorLog(client, run),
    signal,
  )
  const lastUs = completedUs.at(-1)
  if (firstUs === undefined || lastUs === undefined) throw new ProbeError('RIG_FAILED', `run ${run} wrote nothing`)
  const beganUs = firstUs
  const whole = Math.floor((lastUs - beganUs) / SECOND_US)
  const seconds = Array.from({ length: whole }, (_, at) =>
    completedUs.reduce((sum, us) => sum + (Math.floor((us - beganUs) / SECOND_US) === at ? 1 : 0), 0),
  )
  return { perSecond: (completedUs.length / (lastUs - beganUs)) * SECOND_US, seconds }
}
