/**
 * Many agents' chunks in one commit: an fsync costs the same for one chunk and for a hundred.
 *
 * Whatever arrives while a commit is under way goes into the next one. Nobody waits for company: an append that comes
 * alone is committed at the end of the event loop's turn.
 */
import type { Append, AppendOutcome, Store } from './store.ts'

/** A commit holds at most about so much, so that a flood does not make every agent wait for all of it. */
const BATCH_BYTES = 16 << 20

interface Waiting {
  readonly append: Append
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: unknown) => void
}

export class GroupCommit {
  readonly #store: Store
  readonly #committed: (appends: number) => void
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #commits = 0

  /** `committed` is told of each commit how many appends were in it. */
  constructor(store: Store, committed: (appends: number) => void = () => undefined) {
    this.#store = store
    this.#committed = committed
  }

  /** Commits so far: for tests and health. */
  get commits(): number {
    return this.#commits
  }

  /** Resolves once the append is on stable storage, or was not stored for a reason the outcome tells. */
  append(append: Append): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ append, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // The rest of this turn of the event loop brings what else has already arrived.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const batch = this.#take()
      this.#commits++
      try {
        const outcomes = await this.#store.append(batch.map(({ append }) => append))
        this.#committed(batch.length)
        for (const [index, outcome] of outcomes.entries()) batch[index]?.resolve(outcome)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#running = undefined
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && bytes < BATCH_BYTES)
      bytes += this.#waiting[count++]?.append.bytes.length ?? 0
    return this.#waiting.splice(0, count)
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }
}
