/**
 * How much of the agent's log goes with a point of the write log: never more than had certainly happened there.
 *
 * The two logs share no clock; the stamps in the data tie them together. A completion may be in the prefix once the data of its write are
 * in the log, and of a FUA write once a flush stands after them; a completed flush, once everything that completed before its issue
 * is behind a flush of the write log. The prefix ends before the first record that may not be in it. An issue needs no rule: whatever is
 * in the write log at that point was issued before the first write that is not.
 */
import { Plan } from '../../src/core/plan.ts'
import type { AgentLog } from './agent-log.ts'
import type { BlockHistory } from './block-history.ts'

/** For each record, the first point at which the prefix may hold it and all before it; never falls. Infinity: at no point. */
export function pointsOfRecords({ manifest, records }: AgentLog, blocks: BlockHistory): readonly number[] {
  const plan = Plan.of(manifest.plan)
  let point = blocks.ready
  let kept = 0
  let keptAtIssue = 0
  return records.map(({ kind, id }) => {
    switch (kind) {
      case 'complete': {
        const { sectors, fua } = plan.write(id)
        kept = Math.max(kept, blocks.keptAt(id, sectors))
        point = Math.max(point, blocks.writtenAt(id, sectors), fua ? blocks.keptAt(id, sectors) : 0)
        return point
      }
      case 'flush-issue':
        keptAtIssue = kept
        return point
      case 'flush-complete':
        point = Math.max(point, keptAtIssue)
        return point
      // What a failed request left on the device is not known: the usable part of the log ends there.
      case 'failed':
      case 'flush-failed':
        point = Infinity
        return point
      case 'issue':
      case 'window':
      case 'tick':
      case 'end':
        return point
    }
  })
}

/** Records in the prefix that goes with that point. */
export function prefixLength(points: readonly number[], point: number): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((points[middle] ?? Infinity) > point) high = middle
    else low = middle + 1
  }
  return low
}
