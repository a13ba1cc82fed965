/**
 * What must stand in each sector of one range, from the history alone: nothing here has seen the device.
 * The columns are the same memory for every range; `compute` turns them to the next.
 */
import { type History, NEVER } from './history.ts'
import type { RangeWrites } from './range-index.ts'

export class Floors {
  /** Newest flushed or FUA write of each sector; 0 where there is none: the baseline is the floor. */
  readonly flushed: Uint32Array
  /** Newest complete write of each sector: the floor where the contract is write-through. */
  readonly complete: Uint32Array
  /** Place in the order at which the flushed floor was issued; 0 where there is none. What completed before that is overwritten. */
  readonly flushedIssue: Uint32Array
  /** Whether a possibly-issued write covers the sector. */
  readonly touched: Uint8Array
  /** Whether one does that is neither stable nor before the flushed floor; and one that is not all or nothing besides. */
  readonly unsettled: Uint8Array
  readonly undefinable: Uint8Array
  readonly #history: History
  /** Windows and issues are lost in a gap of the log: a write that nobody announced any more may be under way anywhere. */
  readonly #anythingMayFollow: boolean

  constructor(history: History, sectorsMax: number) {
    this.#history = history
    this.#anythingMayFollow = history.logEnd.tail === 'corrupt' && history.possibleMax < history.plan.length
    this.flushed = new Uint32Array(sectorsMax)
    this.complete = new Uint32Array(sectorsMax)
    this.flushedIssue = new Uint32Array(sectorsMax)
    this.touched = new Uint8Array(sectorsMax)
    this.unsettled = new Uint8Array(sectorsMax)
    this.undefinable = new Uint8Array(sectorsMax)
  }

  /** For the `sectors` sectors from `lba`. `isAtomic`: whether the contract makes the k-th write all or nothing. */
  compute(writes: RangeWrites, lba: number, sectors: number, isAtomic: (k: number) => boolean): void {
    for (const column of [
      this.flushed,
      this.complete,
      this.flushedIssue,
      this.touched,
      this.unsettled,
      this.undefinable,
    ])
      column.fill(0, 0, sectors)
    if (this.#anythingMayFollow) for (const column of [this.unsettled, this.undefinable]) column.fill(1, 0, sectors)
    const open: number[] = []
    for (let k = 0; k < writes.count; k++) if (!this.#raise(writes, k, lba)) open.push(k)
    for (const k of open) this.#unsettle(writes, k, lba, isAtomic(k))
  }

  /** Writes come in the order of their numbers, so the last one to touch a floor is its newest. True where the write is stable. */
  #raise(writes: RangeWrites, k: number, lba: number): boolean {
    const write = writes.id(k)
    const from = writes.from(k) - lba
    const to = writes.to(k) - lba
    const isComplete = this.#history.completePosition(write) !== NEVER
    const isStable = isComplete && this.#history.isFlushedOrFua(write, writes.fua(k))
    const issued = isStable ? this.#history.issuePosition(write) : 0
    for (let i = from; i < to; i++) {
      this.touched[i] = 1
      if (!isComplete) continue
      this.complete[i] = write
      if (!isStable) continue
      this.flushed[i] = write
      this.flushedIssue[i] = issued
    }
    return isStable
  }

  #unsettle(writes: RangeWrites, k: number, lba: number, atomic: boolean): void {
    const completed = this.#history.completePosition(writes.id(k))
    const to = writes.to(k) - lba
    for (let i = writes.from(k) - lba; i < to; i++) {
      if (completed < (this.flushedIssue[i] ?? 0)) continue
      this.unsettled[i] = 1
      if (!atomic) this.undefinable[i] = 1
    }
  }
}
