/** A quick share of the comparison with the reference, for mutants: ends with status 1 at the first disagreement. */
import { noCounts } from '../exhaustive/check.ts'
import { ALL_LAYOUTS, batches } from '../exhaustive/parts.ts'
import { runBatch } from '../exhaustive/run-batch.ts'

/** Layouts of three writes taken, one in so many. */
const LAYOUTS_EVERY = 7

for (const batch of batches({
  layoutsEvery: { ...ALL_LAYOUTS, classes3: LAYOUTS_EVERY },
  samples: 0,
  seed: '0'.repeat(16),
})) {
  if (batch.part === 'classes4') break
  if (batch.part === 'raw' && !batch.options.odd) continue
  const disagreement = runBatch(batch, noCounts())
  if (disagreement === undefined) continue
  process.stdout.write(`${disagreement}\n`)
  process.exitCode = 1
  break
}
