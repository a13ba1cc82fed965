/** Worker threads that take one task after another, for parts that run long. */
import { Worker } from 'node:worker_threads'

/** What is short-lived is let grow before it is collected: simulated runs leave nothing behind. */
const LIMITS = { maxYoungGenerationSizeMb: 64 } as const

export interface CrewOrder<Task, Result> {
  /** The compiled program of the worker: it answers each message, a task, with one, its result. */
  readonly program: URL
  readonly tasks: readonly Task[]
  readonly jobs: number
  readonly signal: AbortSignal
  done(task: Task, result: Result): void
}

/** Has the tasks done, `jobs` at a time. Rejects with what a worker threw, or with the reason of the signal; no thread outlives it. */
export async function inWorkers<Task, Result>(order: CrewOrder<Task, Result>): Promise<void> {
  const left = order.tasks.toReversed()
  const workers = Array.from(
    { length: Math.min(order.jobs, left.length) },
    () => new Worker(order.program, { resourceLimits: LIMITS }),
  )
  try {
    await Promise.all(workers.map((worker) => workOff(worker, left, order)))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function workOff<Task, Result>(worker: Worker, left: Task[], order: CrewOrder<Task, Result>): Promise<void> {
  return new Promise((resolve, reject) => {
    let task: Task | undefined
    const next = (): void => {
      task = left.pop()
      if (task === undefined) resolve()
      else worker.postMessage(task, [])
    }
    const stop = (): void => reject(order.signal.reason)
    if (order.signal.aborted) stop()
    order.signal.addEventListener('abort', stop, { once: true })
    worker.on('error', reject)
    worker.on('exit', () => reject(new Error('a worker ended before its tasks')))
    worker.on('message', (result: Result) => {
      if (task !== undefined) order.done(task, result)
      next()
    })
    next()
  })
}
