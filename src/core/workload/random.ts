import { randomBelow } from '../prng.ts'
import { EVERY_16, LANE, type WorkloadKind, writeAt } from './workload.ts'

/** Uniform over the region, at multiples of the smallest write. */
export const random: WorkloadKind = {
  name: 'random',
  summary: 'uniformly over the region, at multiples of the smallest write',
  cadence: EVERY_16,
  make(context) {
    const grain = context.writeSectors.least
    const places = Math.max(1, Math.floor(context.region.sectors / grain))
    return {
      write: (n) => writeAt(context, n, context.region.lba + randomBelow(context.key, n, LANE.place, places) * grain),
    }
  },
}
