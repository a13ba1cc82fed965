/**
 * A fault that was injected in some runs of a campaign and not in others. Its figures are then of unlike runs together, and a
 * comparison that only looked at which faults there were would take them for alike. Who says so is evidence and compare.
 */
import { totalOf } from '../histogram.ts'
import { type CampaignSetup, valuesOf } from './setup.ts'
import { counted, formatCount } from '../size.ts'

const FAULT = 'fault'

/** Runs whose setup is known: every run has some of the facets. */
const runsOf = (setup: CampaignSetup): number => Math.max(0, ...Object.values(setup).map(totalOf))

const faultedRunsOf = (setup: CampaignSetup): number => totalOf(setup[FAULT] ?? {})

/** Whether the runs differ in the fault that was injected, or in that one was. */
function isMixed(setup: CampaignSetup): boolean {
  const faults = valuesOf(setup, FAULT).length
  return faults > 1 || (faults === 1 && faultedRunsOf(setup) < runsOf(setup))
}

/** Fault → `in 5 of 20 runs`. */
const sharesOf = (setup: CampaignSetup): readonly (readonly [string, string])[] =>
  Object.entries(setup[FAULT] ?? {}).map(([fault, runs]) => [
    fault,
    `in ${formatCount(runs)} of ${counted(runsOf(setup), 'run')}`,
  ])

/** The faults of a campaign, each with its share of the runs where they are not those of all runs. */
export const faultValues = (setup: CampaignSetup): readonly string[] =>
  isMixed(setup) ? sharesOf(setup).map((share) => share.join(' ')) : valuesOf(setup, FAULT)

/** `the fault drop-flush was injected in 5 of 20 runs, so …`; `undefined` where all runs are alike in that. */
export function mixedFaultsText(setup: CampaignSetup): string | undefined {
  const [only, ...more] = sharesOf(setup)
  if (only === undefined || !isMixed(setup)) return undefined
  if (more.length === 0)
    return `the fault ${only.join(' was injected ')}, so the figures are of runs with and without it together`
  const without = faultedRunsOf(setup) < runsOf(setup) ? ' and without one' : ''
  return `faults were injected (${faultValues(setup).join(', ')}), so the figures are of runs with different faults${without} together`
}
