import { EVERY_16, type WorkloadKind, writeAt } from './workload.ts'

/** Slots of the largest write, one after the other, round and round. */
export const sequential: WorkloadKind = {
  name: 'sequential',
  summary: 'one after the other through the region, round and round',
  cadence: EVERY_16,
  make(context) {
    const slot = context.writeSectors.most
    const slots = Math.max(1, Math.floor(context.region.sectors / slot))
    return { write: (n) => writeAt(context, n, context.region.lba + ((n - 1) % slots) * slot) }
  },
}
