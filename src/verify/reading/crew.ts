/**
 * Reading threads as the main thread sees them. Range k is read by thread k modulo their number, into slot k modulo the
 * number of slots, and is handed over in its turn: what is judged, and in which order, does not depend on how many threads
 * there are. Each has a range to read while the one before is judged, so that the device is never idle.
 */
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { ProbeError, messageOf } from '../../core/errors.ts'
import type { JudgeRange } from '../../core/judge.ts'
import type { Manifest } from '../../core/manifest.ts'
import { type Slot, type SlotMemory, longestRange, slotMemory, slotOver } from './slot.ts'
import { WORKER } from './worker-program.ts'
import type { ReadingMessage, ReadingOrder, ReadingTask } from './worker.ts'

/** Slots a thread: one at hand, one ahead. */
const SLOTS_EACH = 2
/** A thread keeps little in JavaScript memory: the ranges lie elsewhere. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128, stackSizeMb: 1 } as const

export interface CrewOptions {
  readonly manifest: Manifest
  /** What the threads open. */
  readonly path: string
  readonly unitSectors: number
  readonly threads: number
  readonly signal: AbortSignal
}

/** A range that was read and looked at. Its slot is used again once the next one is asked for. */
export interface RangeRead {
  readonly range: JudgeRange
  /** Which slot. */
  readonly number: number
  readonly slot: Slot
  readonly errors: ReadonlyMap<number, string>
}

/** Starts that many threads. Where one cannot be had (a limit of processes) none is left, and the error says so. */
function startAll(threads: number, task: ReadingTask): readonly Worker[] {
  const options = { eval: typeof WORKER === 'string', workerData: task, resourceLimits: LIMITS }
  const started: Worker[] = []
  try {
    for (let thread = 0; thread < threads; thread++) started.push(new Worker(WORKER, options))
    return started
  } catch (cause) {
    for (const worker of started) void worker.terminate()
    throw new ProbeError(
      'INTERNAL',
      `thread ${started.length + 1} of ${threads} cannot be started: ${messageOf(cause)}`,
      {
        cause,
      },
    )
  }
}

export class ReadingCrew {
  readonly #workers: readonly Worker[]
  readonly #slots: readonly Slot[]
  /** What was read and not yet taken, by slot. */
  readonly #done = new Map<number, ReadonlyMap<number, string>>()
  readonly #signal: AbortSignal
  #failure: unknown
  #wake: (() => void) | undefined
  #closing = false

  constructor({ manifest, path, unitSectors, threads, signal }: CrewOptions) {
    const sectorsMax = longestRange(manifest.plan.region.sectors)
    const slots: readonly SlotMemory[] = Array.from({ length: threads * SLOTS_EACH }, () =>
      slotMemory(sectorsMax, true),
    )
    const task: ReadingTask = { manifest, path, unitSectors, slots }
    this.#slots = slots.map(slotOver)
    this.#signal = signal
    this.#workers = startAll(threads, task)
    for (const worker of this.#workers) this.#listen(worker)
    signal.addEventListener('abort', this.#aborted)
    // A signal that was aborted before tells nobody any more.
    if (signal.aborted) this.#aborted()
  }

  /** Reads the ranges and hands them over in their order. Throws what a thread failed of, or the signal's reason. */
  async *read(ranges: Iterable<JudgeRange>): AsyncGenerator<RangeRead, void, void> {
    const source = ranges[Symbol.iterator]()
    const ordered: JudgeRange[] = []
    const orderNext = (k: number): void => {
      const next = source.next()
      if (next.done === true) return
      ordered.push(next.value)
      this.#order(k, next.value)
    }
    for (let ahead = 0; ahead < this.#slots.length; ahead++) orderNext(ahead)
    for (let k = 0, range = ordered.shift(); range !== undefined; k++, range = ordered.shift()) {
      const number = k % this.#slots.length
      const slot = this.#slots[number]
      assert(slot !== undefined, 'a slot is one of those there are')
      yield { range, number, slot, errors: await this.#taken(number) }
      orderNext(k + this.#slots.length)
    }
  }

  /** Ends the threads; one in the middle of a read finishes it first. */
  async close(): Promise<void> {
    this.#closing = true
    this.#signal.removeEventListener('abort', this.#aborted)
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #order(k: number, range: JudgeRange): void {
    const order: ReadingOrder = { range, slot: k % this.#slots.length }
    this.#workers[k % this.#workers.length]?.postMessage(order, [])
  }

  async #taken(slot: number): Promise<ReadonlyMap<number, string>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const errors = this.#done.get(slot)
      if (errors !== undefined) {
        this.#done.delete(slot)
        return errors
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #listen(worker: Worker): void {
    worker.on('message', (message: ReadingMessage) => {
      if (message.kind === 'refused') return this.#failed(new ProbeError(message.code, message.message))
      this.#done.set(message.slot, message.errors)
      this.#wake?.()
    })
    worker.on('error', (error) =>
      this.#failed(new ProbeError('INTERNAL', `a reading thread failed: ${messageOf(error)}`, { cause: error })),
    )
    worker.on('exit', () => {
      if (!this.#closing) this.#failed(new ProbeError('INTERNAL', 'a reading thread ended too early'))
    })
  }

  readonly #aborted = (): void => this.#failed(this.#signal.reason)

  #failed(error: unknown): void {
    this.#failure ??= error
    this.#wake?.()
  }
}
