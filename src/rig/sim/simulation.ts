/** What one simulated run leaves behind: for the verifier, and for whoever checks the verifier. */
import type { Contract } from '../../core/contract.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { Plan } from '../../core/plan.ts'
import type { LogRecord } from '../../core/record.ts'
import type { SimDisk } from './disk.ts'
import type { LogLeft } from './log.ts'
import type { SimOptions } from './options.ts'

/** What a simulated run leaves, and what really happened. */
export interface Simulation extends LogLeft {
  readonly seed: string
  readonly options: SimOptions
  readonly manifest: Manifest
  readonly plan: Plan
  /** What the disk promised. */
  readonly contract: Contract
  /** The disk after the cut, with its injections and holdings. */
  readonly disk: SimDisk
  readonly cutAtUs: number
}

/** The highest write that may have been issued, as the events tell. */
export function possibleMaxOf(events: readonly LogRecord[], plan: Plan): number {
  let max = 0
  let issued = 0
  for (const { kind, id } of events) {
    if (kind === 'issue') issued = id
    if (kind === 'issue' || kind === 'window') max = Math.max(max, id)
    if (kind === 'end') max = issued
  }
  return Math.min(max, plan.length)
}
