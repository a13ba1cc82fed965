/**
 * Which writes touch which range: a counting sort of the plan's writes over the ranges of the region, 4 bytes a write.
 * Addresses are not kept; the plan gives them again for the writes of the one range at hand.
 */
import type { History } from './history.ts'
import { RANGE_SECTORS } from './observations.ts'

const NOTHING: readonly number[] = []
const COVERING_BLOCK = 64

/** The writes that touch one range, ascending, with the part of each that lies in it. */
export class RangeWrites {
  readonly #ids: Uint32Array
  readonly #start: Float64Array
  readonly #sectors: Uint32Array
  readonly #fua: Uint8Array
  readonly #lba: number
  #byBlock: Map<number, number[]> | undefined

  constructor(ids: Uint32Array, history: History, lba: number) {
    this.#ids = ids
    this.#lba = lba
    this.#start = new Float64Array(ids.length)
    this.#sectors = new Uint32Array(ids.length)
    this.#fua = new Uint8Array(ids.length)
    for (let k = 0; k < ids.length; k++) {
      const planned = history.plan.write(ids[k] ?? 0)
      this.#start[k] = planned.lba
      this.#sectors[k] = planned.sectors
      this.#fua[k] = planned.fua ? 1 : 0
    }
  }

  get count(): number {
    return this.#ids.length
  }

  /** Number of the k-th write. */
  id(k: number): number {
    return this.#ids[k] ?? 0
  }

  /** First address of the k-th write in the range. */
  from(k: number): number {
    return Math.max(this.lba(k), this.#lba)
  }

  /** Address after its last in the range. */
  to(k: number): number {
    return Math.min(this.lba(k) + this.sectors(k), this.#lba + RANGE_SECTORS)
  }

  /** Address of the whole k-th write. */
  lba(k: number): number {
    return this.#start[k] ?? 0
  }

  /** Length of the whole k-th write. */
  sectors(k: number): number {
    return this.#sectors[k] ?? 0
  }

  fua(k: number): boolean {
    return this.#fua[k] === 1
  }

  /** Numbers of the writes that cover one address, ascending. The look-up table is only made when first asked for. */
  covering(address: number): readonly number[] {
    this.#byBlock ??= this.#table()
    const block = this.#byBlock.get(Math.floor((address - this.#lba) / COVERING_BLOCK)) ?? NOTHING
    return block.filter((k) => this.from(k) <= address && address < this.to(k)).map((k) => this.id(k))
  }

  #table(): Map<number, number[]> {
    const table = new Map<number, number[]>()
    for (let k = 0; k < this.count; k++) {
      const last = Math.floor((this.to(k) - 1 - this.#lba) / COVERING_BLOCK)
      for (let block = Math.floor((this.from(k) - this.#lba) / COVERING_BLOCK); block <= last; block++) {
        const entries = table.get(block)
        if (entries === undefined) table.set(block, [k])
        else entries.push(k)
      }
    }
    return table
  }
}

/** The ranges that each write touches, so that the plan is asked once for what two passes need. */
class Spans {
  readonly #first: Uint32Array
  /** Only of the few writes that go on beyond their first range. */
  readonly #last = new Map<number, number>()

  constructor({ plan, possibleMax }: History) {
    const start = plan.spec.region.lba
    this.#first = new Uint32Array(possibleMax + 1)
    for (let write = 1; write <= possibleMax; write++) {
      const { lba, sectors } = plan.write(write)
      const begins = Math.floor((lba - start) / RANGE_SECTORS)
      const ends = Math.floor((lba - start + sectors - 1) / RANGE_SECTORS)
      this.#first[write] = begins
      if (ends > begins) this.#last.set(write, ends)
    }
  }

  each(take: (range: number, write: number) => void): void {
    for (let write = 1; write < this.#first.length; write++) {
      const begins = this.#first[write] ?? 0
      const ends = this.#last.get(write) ?? begins
      for (let range = begins; range <= ends; range++) take(range, write)
    }
  }
}

export class RangeIndex {
  readonly #history: History
  readonly #offsets: Uint32Array
  readonly #ids: Uint32Array

  constructor(history: History) {
    this.#history = history
    const offsets = new Uint32Array(Math.ceil(history.plan.spec.region.sectors / RANGE_SECTORS) + 2)
    const spans = new Spans(history)
    spans.each((range) => {
      offsets[range + 2] = (offsets[range + 2] ?? 0) + 1
    })
    for (let range = 2; range < offsets.length; range++)
      offsets[range] = (offsets[range] ?? 0) + (offsets[range - 1] ?? 0)
    const ids = new Uint32Array(offsets.at(-1) ?? 0)
    spans.each((range, write) => {
      const at = offsets[range + 1] ?? 0
      ids[at] = write
      offsets[range + 1] = at + 1
    })
    this.#offsets = offsets
    this.#ids = ids
  }

  /** Whether no write touches the range with that number: most of a large region, which is soon passed over. */
  isEmpty(range: number): boolean {
    return this.#offsets[range] === this.#offsets[range + 1]
  }

  /** The writes of the range with that number. */
  writesOf(range: number): RangeWrites {
    const ids = this.#ids.subarray(this.#offsets[range] ?? 0, this.#offsets[range + 1] ?? 0)
    return new RangeWrites(ids, this.#history, this.#history.plan.spec.region.lba + range * RANGE_SECTORS)
  }
}
