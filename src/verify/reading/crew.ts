/**
 * Reading threads as the main thread sees them. Range k is read by thread k modulo their number, into slot k modulo the
 * number of slots, and is handed over in its turn: what is judged, and in which order, does not depend on how many threads
 * there are. Each has a range to read while the one before is judged, so that the device is never idle.
 */
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
    signal.addEventListener('abort', this.#aborted)
    const options = { eval: typeof WORKER === 'string', workerData: task, resourceLimits: LIMITS }
    this.#workers = Array.from({ length: threads }, () => new Worker(WORKER, options))
    for (const worker of this.#workers) this.#listen(worker)
  }

  /** Reads the ranges and hands them over in their order. Throws what a thread failed of, or the signal's reason. */
  async *read(ranges: Iterable<JudgeRange>): AsyncGenerator<RangeRead, void, void> {
    const all = [...ranges]
    for (let ahead = 0; ahead < this.#slots.length; ahead++) this.#order(ahead, all[ahead])
    for (const [k, range] of all.entries()) {
      const number = k % this.#slots.length
      const slot = this.#slots[number]
      if (slot === undefined) return
      yield { range, number, slot, errors: await this.#taken(number) }
      this.#order(k + this.#slots.length, all[k + this.#slots.length])
    }
  }

  /** Ends the threads; one in the middle of a read finishes it first. */
  async close(): Promise<void> {
    this.#closing = true
    this.#signal.removeEventListener('abort', this.#aborted)
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #order(k: number, range: JudgeRange | undefined): void {
    if (range === undefined) return
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
