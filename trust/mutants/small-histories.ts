/** A quick share of the comparison with the reference, for mutants: ends with status 1 at the first disagreement. */
import { type Batch, batches } from '../exhaustive/parts.ts'
import { checkHistory, noCounts } from '../exhaustive/check.ts'
import { SkeletonTables } from '../exhaustive/tables.ts'

/** Layouts of three writes taken, one in so many. */
const LAYOUTS_EVERY = 7

function disagreementIn({ skeleton, layouts, options }: Batch): string | undefined {
  const tables = new SkeletonTables(skeleton)
  let number = 0
  for (const extents of layouts()) {
    if (skeleton.writes === 3 && number++ % LAYOUTS_EVERY !== 0) continue
    const told = checkHistory(tables, { skeleton, extents }, noCounts(), options)
    if (told !== undefined) return told
  }
  return undefined
}

for (const batch of batches({ layoutsEvery: 1, samples: 0, seed: '0'.repeat(16) })) {
  if (batch.part === 'classes4') break
  if (batch.part === 'raw' && !batch.options.odd) continue
  const told = disagreementIn(batch)
  if (told === undefined) continue
  process.stdout.write(`${told}\n`)
  process.exitCode = 1
  break
}
