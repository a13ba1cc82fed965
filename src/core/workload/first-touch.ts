import { randomBelow } from '../prng.ts'
import { EVERY_16, LANE, type WorkloadKind, writeAt } from './workload.ts'

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/**
 * Every write goes to a cluster that no write has touched, in a scattered order (an affine permutation of the clusters);
 * once all are touched, the next round writes the following slot of each cluster and allocates no more.
 */
export const firstTouch: WorkloadKind = {
  name: 'first-touch',
  summary: 'each write to a cluster that nothing has touched yet (--cluster-size)',
  cadence: EVERY_16,
  make(context) {
    const { clusterSectors, region, writeSectors } = context
    const clusters = Math.max(1, Math.floor(region.sectors / clusterSectors))
    const slots = Math.max(1, Math.floor(clusterSectors / writeSectors.most))
    let stride = 1 + randomBelow(context.key, 0, LANE.place, clusters)
    while (greatestCommonDivisor(stride, clusters) !== 1) stride++
    const offset = randomBelow(context.key, 0, LANE.extra, clusters)
    return {
      write(n) {
        const round = Math.floor((n - 1) / clusters)
        const cluster = (((n - 1) % clusters) * stride + offset) % clusters
        return writeAt(context, n, region.lba + cluster * clusterSectors + (round % slots) * writeSectors.most)
      },
    }
  },
}
