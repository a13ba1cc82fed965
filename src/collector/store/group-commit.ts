/**
 * Many agents' chunks in one commit: an fsync costs the same for one chunk and for a hundred.
 *
 * Whatever arrives while a commit is under way goes into the next one. Nobody waits for company: an append that comes alone is
 * committed at the end of the event loop's turn. Where the store gains from it and much waits, another commit begins beside the first;
 * appends to one run are never in two at once: they are applied in the order in which they came.
 */
import type { Append, AppendOutcome, Store } from './store.ts'

/** All commits under way hold at most about so much, so that a flood does not make every agent wait for all of it. */
const UNDER_WAY_BYTES = 16 << 20

/** Less than this waits for the commit under way: it is cheap to carry, and the next commit has more company. */
const WORTH_BYTES = 256 << 10

interface Waiting {
  readonly append: Append
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: unknown) => void
}

export class GroupCommit {
  readonly #store: Pick<Store, 'append' | 'commitsAtOnce'>
  readonly #committed: (appends: number) => void
  readonly #batchBytes: number
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** Each commits one batch after the other, until there is none. */
  #lanes = 0
  /** Ends of lanes, for whoever waits for all of them. */
  readonly #ends = new Set<Promise<void>>()
  /** Runs in a commit that is under way. */
  readonly #busy = new Set<string>()
  #commits = 0

  /** `committed` is told of each commit how many appends were in it. */
  constructor(store: Pick<Store, 'append' | 'commitsAtOnce'>, committed: (appends: number) => void = () => undefined) {
    this.#store = store
    this.#committed = committed
    this.#batchBytes = UNDER_WAY_BYTES / store.commitsAtOnce
  }

  /** Commits so far: for tests and health. */
  get commits(): number {
    return this.#commits
  }

  /** Resolves once the append is on stable storage, or was not stored for a reason the outcome tells. */
  append(append: Append): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ append, resolve, reject })
      this.#waitingBytes += append.bytes.length
      if (this.#isWorthALane()) this.#open()
    })
  }

  #isWorthALane(): boolean {
    if (this.#lanes === 0) return true
    return this.#lanes < this.#store.commitsAtOnce && this.#waitingBytes >= WORTH_BYTES
  }

  #open(): void {
    const end = this.#run().finally(() => this.#ends.delete(end))
    this.#ends.add(end)
  }

  /** A lane. Never rejects: what fails is told to whoever waits for it. */
  async #run(): Promise<void> {
    this.#lanes++
    // The rest of this turn of the event loop brings what else has already arrived.
    await new Promise((resolve) => setImmediate(resolve))
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      await this.#commit(batch)
      await new Promise((resolve) => setImmediate(resolve))
    }
    // In the same turn in which nothing was left: what comes from now on begins another lane.
    this.#lanes--
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    for (const { append } of batch) this.#busy.add(append.run)
    this.#commits++
    try {
      const outcomes = await this.#store.append(batch.map(({ append }) => append))
      this.#committed(batch.length)
      for (const [index, outcome] of outcomes.entries()) batch[index]?.resolve(outcome)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      for (const { append } of batch) this.#busy.delete(append.run)
    }
  }

  /** The longest waiting; who waits for another commit of the same run is left for whoever makes that. */
  #take(): readonly Waiting[] {
    const batch: Waiting[] = []
    const left: Waiting[] = []
    let bytes = 0
    for (const waiting of this.#waiting) {
      const { append } = waiting
      if (bytes >= this.#batchBytes || this.#busy.has(append.run)) left.push(waiting)
      else {
        batch.push(waiting)
        bytes += append.bytes.length
      }
    }
    this.#waiting = left
    this.#waitingBytes -= bytes
    return batch
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    while (this.#ends.size > 0) await Promise.all(this.#ends)
  }
}
