/** The worker thread of `npm run trust -- exhaustive`: a task is a span of the batches, whose list is made once. */
import { parentPort } from 'node:worker_threads'
import { type Counts, noCounts } from './check.ts'
import { type Batch, type BatchesOptions, type PartName, batches } from './parts.ts'
import { runBatch } from './run-batch.ts'

export interface Task {
  readonly options: BatchesOptions
  /** Batches by their place in the list. */
  readonly from: number
  readonly to: number
}

export interface TaskResult {
  readonly counts: Readonly<Partial<Record<PartName, Counts>>>
  /** The first disagreement of each batch. */
  readonly disagreements: readonly string[]
}

let list: readonly Batch[] | undefined

function run({ options, from, to }: Task): TaskResult {
  list ??= [...batches(options)]
  const counts: Partial<Record<PartName, Counts>> = {}
  const disagreements: string[] = []
  for (const batch of list.slice(from, to)) {
    const disagreement = runBatch(batch, (counts[batch.part] ??= noCounts()))
    if (disagreement !== undefined) disagreements.push(disagreement)
  }
  return { counts, disagreements }
}

parentPort?.on('message', (task: Task) => parentPort?.postMessage(run(task), []))
