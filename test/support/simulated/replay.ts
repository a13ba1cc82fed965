/** How one simulated run is had again: the test of the property, with its seed. */
import type { FaultKind } from '../../../src/rig/sim/fault.ts'

/** The command that replays the run of that seed; `across`: at the place where the judge goes on to its next range. */
export function replayCommand(seed: string, fault?: FaultKind, across = false): string {
  const asked = fault === undefined ? '' : ` PLUGPULL_SIM_FAULT=${fault}`
  const where = across ? ' PLUGPULL_SIM_ACROSS=1' : ''
  return `PLUGPULL_SIM_SEED=${seed}${asked}${where} node --test dist/test/property/simulated-cuts.test.js`
}
