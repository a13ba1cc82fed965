/** What a worker of `npm run trust -- liars` is given, and what it gives back. */
import type { FaultKind } from '../../src/rig/sim/fault.ts'
import { calibrate, type Calibration } from './calibration.ts'
import { type Campaign, runCampaign } from './campaign.ts'
import type { CampaignRow } from './data.ts'

export type Task =
  | { readonly kind: 'calibration'; readonly fault: FaultKind; readonly cuts: number }
  | ({ readonly kind: 'campaign' } & Campaign)

export type Result =
  | { readonly kind: 'calibration'; readonly liar: Calibration }
  | { readonly kind: 'campaign'; readonly row: CampaignRow }

export function runTask(task: Task): Result {
  if (task.kind === 'calibration') return { kind: task.kind, liar: calibrate(task.fault, task.cuts) }
  const { kind, fault, rate, workload } = task
  return { kind, row: { fault, rate, workload, ...runCampaign(task) } }
}
