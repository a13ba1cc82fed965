/**
 * What has to be found in a state, worked out from the write log alone: a sector that holds an older version than the newest one that
 * was stable, or something foreign, breaks the contract; nothing else does. Of the judge's code it uses nothing; of the core the plan of the writes alone.
 */
import { Plan } from '../../src/core/plan.ts'
import type { AgentLog } from './agent-log.ts'
import type { BlockHistory } from './block-history.ts'
import { BASELINE, type DeviceState, FOREIGN, type Region } from './device-state.ts'

/** Writes that are stable by the first `count` records: complete before the issue of a flush that completed, or FUA and complete. */
export function stableWrites({ manifest, records }: AgentLog, count: number): ReadonlySet<number> {
  const plan = Plan.of(manifest.plan)
  const stable = new Set<number>()
  const complete: number[] = []
  let completeAtIssue = 0
  for (const { kind, id } of records.slice(0, count)) {
    if (kind === 'complete') {
      complete.push(id)
      if (plan.write(id).fua) stable.add(id)
    }
    if (kind === 'flush-issue') completeAtIssue = complete.length
    if (kind === 'flush-complete') for (const write of complete.slice(0, completeAtIssue)) stable.add(write)
  }
  return stable
}

/** Addresses at which that state breaks the contract. */
export function brokenSectors(
  state: DeviceState,
  region: Region,
  blocks: BlockHistory,
  stable: ReadonlySet<number>,
): readonly number[] {
  const broken: number[] = []
  for (let i = 0; i < region.sectors; i++) {
    const holder = state.holders[i] ?? BASELINE
    const versions = blocks.versions.get(region.lba + i) ?? []
    const found = versions.findLastIndex(({ write }) => write === holder)
    const floor = versions.findLastIndex(({ write }) => stable.has(write))
    if (holder === FOREIGN || found < floor) broken.push(region.lba + i)
  }
  return broken
}
