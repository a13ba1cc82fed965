/** How the power was cut, in one line. */
import type { CutRecord } from '../../core/campaign/campaign.ts'

/** Kind, signal, victim and what else went down; `not recorded` where nobody recorded it. */
export function cutLine(cut: CutRecord | undefined): string {
  if (cut === undefined) return 'not recorded'
  const signal = cut.signal === undefined ? '' : `, ${cut.signal}`
  const target = cut.target === undefined ? '' : ` to ${cut.target.what} (pid ${cut.target.pid})`
  const others =
    cut.alsoDied === undefined || cut.alsoDied.length === 0 ? '' : `; ${cut.alsoDied.join(', ')} went down with it`
  return `${cut.kind}${signal}${target} at ${cut.at}${others}${cut.died ? '' : '; NOTHING WAS SEEN TO DIE'}`
}
