/** The Live view as one answer: runs under way, the newest cuts and verdicts, and runs that ended without either. */
import type { RunLine } from '../../core/campaign/facts.ts'
import { AGENT_GONE_MS, hasEndedByItself, isUnderWay, LIVE_SCHEMA, type LiveView } from '../../core/view/live-view.ts'
import type { Store } from '../store/store.ts'

const AGENTS_MAX = 2000
const NEWEST_MAX = 50

export async function liveView(store: Pick<Store, 'lines'>, now: string): Promise<LiveView> {
  const nowMs = Date.parse(now)
  const changedSince = new Date(nowMs - AGENT_GONE_MS).toISOString()
  const [changed, newest] = await Promise.all([
    store.lines({ changedSince, limit: AGENTS_MAX }),
    // Where nothing went on lately, what came before is more than an empty page.
    store.lines({ limit: NEWEST_MAX }),
  ])
  const lines = [...new Map([...newest, ...changed].map((line) => [line.run, line])).values()]
  const newestBy = (when: (line: RunLine) => string | undefined): RunLine[] =>
    lines
      .filter((line) => when(line) !== undefined)
      .toSorted((a, b) => ((when(a) ?? '') < (when(b) ?? '') ? 1 : -1))
      .slice(0, NEWEST_MAX)
  return {
    schema: LIVE_SCHEMA,
    cursor: now,
    agents: changed.filter((line) => isUnderWay(line, nowMs)),
    cuts: newestBy(({ cutRecord }) => cutRecord?.at),
    verdicts: newestBy(({ outcome, changedAt }) => (outcome === undefined ? undefined : changedAt)),
    ended: newestBy((line) => (hasEndedByItself(line) ? line.heardAt : undefined)),
  }
}
