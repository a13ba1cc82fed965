/**
 * Whether runs of a campaign were made on a disk that was told to lie. A rate over runs of which only some carry a fault
 * is a rate of neither kind, so whoever shows one says so in these words.
 */
import { type Histogram, totalOf } from '../histogram.ts'
import { mixedFaultsText } from './faults.ts'
import type { CampaignSetup } from './setup.ts'

export interface InjectedFault {
  /** Runs that carry one. */
  readonly runs: number
  /** All runs of the campaign. */
  readonly of: number
  /** Fault → runs. */
  readonly faults: Histogram
  /** Set where not all runs carry the same fault: what that does to the figures. */
  readonly mixed?: string
}

/** `undefined` where no run carries a fault, or nothing is known of it. */
export function injectedFaultOf(setup: CampaignSetup | undefined, runs: number): InjectedFault | undefined {
  const faults = setup?.['fault'] ?? {}
  const faulty = totalOf(faults)
  if (faulty === 0) return undefined
  const mixed = setup === undefined ? undefined : mixedFaultsText(setup)
  return { runs: faulty, of: runs, faults, ...(mixed === undefined ? {} : { mixed }) }
}
