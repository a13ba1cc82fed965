/** The worker threads as the main thread sees them: started, waited for, told to begin and to close. */
import { Worker } from 'node:worker_threads'
import { ProbeError, messageOf } from '../core/errors.ts'
import { WORKER } from './worker-program.ts'
import type { WorkerMessage, WorkerOrder, WorkerTask } from './worker.ts'

/** A worker keeps little in JavaScript memory: what it writes comes from elsewhere. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64, stackSizeMb: 1 } as const

export class Crew {
  readonly #workers: readonly Worker[]
  readonly #exits: readonly Promise<unknown>[]
  readonly #rang: () => void
  #ready = 0
  #failure: Error | undefined
  #closing = false

  /** Starts them; `rang` is called whenever one of them wants the main thread's attention. */
  constructor(task: WorkerTask, count: number, rang: () => void) {
    this.#rang = rang
    this.#workers = Array.from(
      { length: count },
      () => new Worker(WORKER, { eval: typeof WORKER === 'string', workerData: task, resourceLimits: WORKER_LIMITS }),
    )
    this.#exits = this.#workers.map(
      (worker) =>
        new Promise((resolve) => {
          worker.on('message', (message: WorkerMessage) => this.#told(message))
          worker.on('error', (error) =>
            this.#failed(new ProbeError('INTERNAL', `a worker failed: ${messageOf(error)}`, { cause: error })),
          )
          worker.on('exit', () => {
            if (!this.#closing) this.#failed(new ProbeError('INTERNAL', 'a worker ended too early'))
            resolve(undefined)
          })
        }),
    )
  }

  get count(): number {
    return this.#workers.length
  }

  /** Why the crew cannot go on, if so. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** True once every worker has the target open. */
  get ready(): boolean {
    return this.#ready === this.count
  }

  start(): void {
    this.#order('start')
  }

  /** Has them close the target and end; resolves when they have. Those in the middle of something finish it first. */
  async close(): Promise<void> {
    this.#closing = true
    this.#order('close')
    await Promise.all(this.#exits)
  }

  #order(order: WorkerOrder): void {
    for (const worker of this.#workers) worker.postMessage(order, [])
  }

  #told(message: WorkerMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#ready++
        break
      case 'look':
        break
      case 'refused':
        this.#failed(new ProbeError(message.code, message.message))
        break
    }
    this.#rang()
  }

  #failed(error: Error): void {
    this.#failure ??= error
    this.#rang()
  }
}
