/**
 * Many agents' chunks in one commit: an fsync costs the same for one chunk and for a hundred.
 *
 * Whatever arrives while a commit is under way goes into the next one. Nobody waits for company: an append that comes
 * alone is committed at the end of the event loop's turn. Where the store takes several transactions at once, runs are spread
 * over as many lanes, each a commit at a time: what is sent of one run stays in its order.
 */
import assert from 'node:assert/strict'
import type { Append, AppendOutcome, Store } from './store.ts'

/** A commit holds at most about so much, so that a flood does not make every agent wait for all of it. */
const BATCH_BYTES = 16 << 20

interface Waiting {
  readonly append: Append
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: unknown) => void
}

export class GroupCommit {
  readonly #lanes: readonly Lane[]

  constructor(store: Store) {
    this.#lanes = Array.from({ length: store.appendsAtOnce }, () => new Lane(store))
  }

  /** Commits so far: for tests and health. */
  get commits(): number {
    return this.#lanes.reduce((sum, { commits }) => sum + commits, 0)
  }

  /** Resolves once the append is on stable storage, or was not stored for a reason the outcome tells. */
  append(append: Append): Promise<AppendOutcome> {
    const lane = this.#lanes[laneOf(append.run, this.#lanes.length)]
    assert(lane !== undefined, 'a store takes one append at least')
    return lane.append(append)
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.drain()))
  }
}

/** By the last digits: ids are random, and where they are counted those are the ones that differ. */
const laneOf = (run: string, lanes: number): number => (Number.parseInt(run.slice(-4), 16) || 0) % lanes

class Lane {
  readonly #store: Store
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #commits = 0

  constructor(store: Store) {
    this.#store = store
  }

  get commits(): number {
    return this.#commits
  }

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

  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }
}
