/** All histories of a batch. */
import { type Counts, checkHistory } from './check.ts'
import type { Batch } from './parts.ts'
import { SkeletonTables } from './tables.ts'

/** The first disagreement, or nothing. */
export function runBatch(batch: Batch, counts: Counts): string | undefined {
  const tables = new SkeletonTables(batch.skeleton)
  let number = 0
  for (const extents of batch.layouts()) {
    const options = { ...batch.options, atomic: number++ % batch.atomicEvery === 0 }
    const disagreement = checkHistory(tables, { skeleton: batch.skeleton, extents }, counts, options)
    if (disagreement !== undefined) return disagreement
  }
  return undefined
}
