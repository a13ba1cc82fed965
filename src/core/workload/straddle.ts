import { randomBelow } from '../prng.ts'
import { EVERY_16, LANE, type WorkloadKind, lengthOf, writeAt } from './workload.ts'

/** Every write lies across a cluster boundary, half on either side as nearly as the alignment allows. */
export const straddle: WorkloadKind = {
  name: 'straddle',
  summary: 'each write across a cluster boundary (--cluster-size)',
  cadence: EVERY_16,
  make(context) {
    const { alignSectors, clusterSectors, region } = context
    const first = Math.floor(region.lba / clusterSectors) + 1
    const last = Math.ceil((region.lba + region.sectors) / clusterSectors) - 1
    const boundaries = Math.max(1, last - first + 1)
    return {
      write(n) {
        const boundary = (first + randomBelow(context.key, n, LANE.place, boundaries)) * clusterSectors
        const sectors = lengthOf(context, n)
        const before = Math.max(alignSectors, Math.floor(sectors / 2 / alignSectors) * alignSectors)
        return writeAt(context, n, boundary - before, sectors)
      },
    }
  },
}
