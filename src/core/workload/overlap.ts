import { EVERY_16, type WorkloadKind, writeAt } from './workload.ts'

/**
 * Each write half over the last one, downwards: its upper half overwrites, its lower half touches fresh ground.
 * On QCOW2 that is the published tear (Blockbridge, "Demystifying QEMU cache=none") at every step.
 */
export const overlap: WorkloadKind = {
  name: 'overlap',
  summary: 'each write half over the last one, downwards: the published QCOW2 tear',
  cadence: EVERY_16,
  make(context) {
    const { alignSectors, region, writeSectors } = context
    const step = Math.max(alignSectors, Math.floor(writeSectors.least / 2 / alignSectors) * alignSectors)
    const steps = Math.max(1, Math.floor((region.sectors - writeSectors.most) / step) + 1)
    return {
      write: (n) => writeAt(context, n, region.lba + (steps - 1 - ((n - 1) % steps)) * step),
    }
  },
}
