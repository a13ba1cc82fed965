import { randomBelow } from '../prng.ts'
import { LANE, type Step, type WorkloadKind, writeAt } from './workload.ts'

const LOG_SHARE = 8
const FLUSH: readonly Step[] = [{ kind: 'flush', drain: true }]
const NOTHING: readonly Step[] = []

/**
 * A write-ahead log in miniature: odd writes are data, each even write is the commit record of the one before it, in a
 * ring at the start of the region, and a flush follows each. A commit that survives without its data is a finding of
 * its own; with `--flush-never` it shows what leaving the flushes out costs.
 */
export const wal: WorkloadKind = {
  name: 'wal',
  summary: 'data, flush, commit record, flush: a commit must never outlive its data',
  cadence: { kind: 'workload' },
  make(context) {
    const { region, writeSectors } = context
    const slot = writeSectors.most
    const slots = Math.max(2, Math.floor(region.sectors / slot))
    const logSlots = Math.max(1, Math.floor(slots / LOG_SHARE))
    const dataSlots = Math.max(1, slots - logSlots)
    return {
      write(n) {
        const isCommit = n % 2 === 0
        const place = isCommit ? (n / 2 - 1) % logSlots : logSlots + randomBelow(context.key, n, LANE.place, dataSlots)
        return writeAt(context, n, region.lba + place * slot)
      },
      stepsAfter: (n) => (n === 0 ? NOTHING : FLUSH),
      flushesBefore: (n) => n - 1,
      vouchesFor: (n) => (n % 2 === 0 ? n - 1 : undefined),
    }
  },
}
