/**
 * The map of a run: the state of every block of its region, from the log and what was found.
 *
 * Judged sector by sector, range by range, and only then gathered into blocks, so that a block of which one half is
 * stable and the other at risk says so, and memory is a byte a block and the index of the writes, whatever the size of the target.
 */
import { isStable } from '../telling/strip.ts'
import type { Contract } from '../contract.ts'
import { type History, NEVER } from '../history.ts'
import { RANGE_SECTORS } from '../observations.ts'
import type { PlanSpec } from '../plan.ts'
import { RangeIndex, type RangeWrites } from '../range-index.ts'
import { SECTOR_BYTES } from '../units.ts'
import { LIVES, stateByte } from './block-state.ts'
import type { Stretches } from './stretches.ts'

/** A map has at most so many blocks, unless it is asked for smaller ones: 4 KiB each of 16 GiB. */
export const BLOCKS_DEFAULT = 1 << 22
/** And never more than this, whatever is asked for. */
export const BLOCKS_MAX = 1 << 24
const WRITES_SHOWN_MAX = 255

/** Which blocks a map has. All numbers but the size of a block are in sectors of the target or in blocks. */
export interface BlockGrid {
  readonly blockBytes: number
  /** Address of the first block, a multiple of the block. */
  readonly firstLba: number
  readonly blocks: number
}

/** The smallest block that is a power of two, not below the target's logical block, and leaves no more than 4,194,304. */
export function defaultBlockBytes({ region, alignSectors }: Pick<PlanSpec, 'region' | 'alignSectors'>): number {
  let sectors = 1
  while (sectors < alignSectors || Math.ceil(region.sectors / sectors) > BLOCKS_DEFAULT) sectors *= 2
  return sectors * SECTOR_BYTES
}

export function gridOf({ region }: Pick<PlanSpec, 'region'>, blockBytes: number): BlockGrid {
  const sectors = blockBytes / SECTOR_BYTES
  const first = Math.floor(region.lba / sectors)
  const end = Math.ceil((region.lba + region.sectors) / sectors)
  return { blockBytes, firstLba: first * sectors, blocks: end - first }
}

export interface BlockMap extends BlockGrid {
  /** One byte a block: block-state.ts. */
  readonly states: Uint8Array
  /** Writes that touch the block, 255 for that many or more. */
  readonly writes: Uint8Array
}

const UNTOUCHED = LIVES.indexOf('untouched')
const STABLE = LIVES.indexOf('stable')
const SUPERSEDED = LIVES.indexOf('superseded')
const AT_RISK = LIVES.indexOf('at-risk')
const ANNOUNCED = LIVES.indexOf('announced')
const IN_FLIGHT = LIVES.indexOf('in-flight')

/** Makes a map range by range, so that whoever asks can do other things in between. */
export class BlockMapper {
  readonly #history: History
  readonly #contract: Contract
  readonly #index: RangeIndex
  readonly #grid: BlockGrid
  readonly #states: Uint8Array
  readonly #writes: Uint8Array
  /** Of each sector of the range at hand. */
  readonly #sectors = new Uint8Array(RANGE_SECTORS)

  constructor(history: History, contract: Contract, grid: BlockGrid) {
    this.#history = history
    this.#contract = contract
    this.#grid = grid
    this.#index = new RangeIndex(history)
    this.#states = new Uint8Array(grid.blocks)
    this.#writes = new Uint8Array(grid.blocks)
  }

  get ranges(): number {
    return Math.ceil(this.#history.plan.spec.region.sectors / RANGE_SECTORS)
  }

  /** Takes in the range with that number; each has to be taken once. */
  range(number: number): void {
    if (this.#index.isEmpty(number)) return
    const { region } = this.#history.plan.spec
    const lba = region.lba + number * RANGE_SECTORS
    const here = this.#index.writesOf(number)
    const end = Math.min(lba + RANGE_SECTORS, region.lba + region.sectors)
    this.#sectors.fill(UNTOUCHED)
    for (let k = 0; k < here.count; k++) this.#write(here, k, lba)
    this.#gather(lba, end)
  }

  /** The greatest state of the sectors of each block; a range may begin and end within one. */
  #gather(from: number, to: number): void {
    const blockSectors = this.#grid.blockBytes / SECTOR_BYTES
    for (let at = from; at < to;) {
      const block = Math.floor((at - this.#grid.firstLba) / blockSectors)
      const end = Math.min(to, this.#grid.firstLba + (block + 1) * blockSectors)
      let worst = this.#states[block] ?? UNTOUCHED
      for (; at < end; at++) {
        const state = this.#sectors[at - from] ?? UNTOUCHED
        if (state > worst) worst = state
      }
      this.#states[block] = worst
    }
  }

  /** Lays what was found over it. */
  finish(stretches: Stretches): BlockMap {
    const blockSectors = this.#grid.blockBytes / SECTOR_BYTES
    for (let i = 0; i < stretches.length; i += 3) {
      const [lba = 0, sectors = 0, code = 0] = stretches.subarray(i, i + 3)
      const first = Math.max(0, Math.floor((lba - this.#grid.firstLba) / blockSectors))
      const last = Math.min(this.#grid.blocks - 1, Math.floor((lba + sectors - 1 - this.#grid.firstLba) / blockSectors))
      const byte = stateByte('untouched', code)
      for (let block = first; block <= last; block++) {
        const state = this.#states[block] ?? 0
        if (byte > state) this.#states[block] = byte | (state & 0b111)
      }
    }
    return { ...this.#grid, states: this.#states, writes: this.#writes }
  }

  #write(here: RangeWrites, k: number, rangeLba: number): void {
    const progress = this.#progressOf(here.id(k), here.fua(k))
    const from = here.from(k)
    const to = here.to(k)
    for (let at = from; at < to; at++) {
      const was = this.#sectors[at - rangeLba] ?? UNTOUCHED
      this.#sectors[at - rangeLba] = after(was, progress)
    }
    this.#count(Math.max(here.lba(k), rangeLba), here.lba(k) < rangeLba, to)
  }

  /** One more write of the blocks that it touches; a block that goes on from the range before has counted it there. */
  #count(from: number, goesOn: boolean, to: number): void {
    const blockSectors = this.#grid.blockBytes / SECTOR_BYTES
    const offset = from - this.#grid.firstLba
    const first = goesOn ? Math.ceil(offset / blockSectors) : Math.floor(offset / blockSectors)
    const last = Math.floor((to - 1 - this.#grid.firstLba) / blockSectors)
    for (let block = first; block <= last; block++) {
      const count = this.#writes[block] ?? 0
      if (count < WRITES_SHOWN_MAX) this.#writes[block] = count + 1
    }
  }

  #progressOf(write: number, fua: boolean): number {
    if (this.#history.issuePosition(write) === NEVER) return ANNOUNCED
    if (isStable(this.#history, this.#contract, write, fua)) return STABLE
    return this.#history.completePosition(write) === NEVER ? IN_FLIGHT : AT_RISK
  }
}

/** The state of a sector once another write has touched it. Writes come in the order of their numbers, which is that of their issues. */
function after(was: number, progress: number): number {
  // What is in flight can land at any time, also behind a later write that completed.
  if (was === IN_FLIGHT) return was
  return progress === AT_RISK && (was === STABLE || was === SUPERSEDED) ? SUPERSEDED : progress
}

/** A whole map at once. */
export function blockMapOf(
  history: History,
  contract: Contract,
  stretches: Stretches,
  blockBytes = defaultBlockBytes(history.plan.spec),
): BlockMap {
  const mapper = new BlockMapper(history, contract, gridOf(history.plan.spec, blockBytes))
  const { ranges } = mapper
  for (let range = 0; range < ranges; range++) mapper.range(range)
  return mapper.finish(stretches)
}
