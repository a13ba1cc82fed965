/**
 * What a device holds after a cut at some point of a write log: as an honest device would, in order or with a volatile cache, and as
 * liars would that were given the very same requests.
 */
import type { Prng } from '../../src/core/prng.ts'
import { SectorBuffer } from '../../src/core/stamp.ts'
import type { BlockEntry, BlockHistory } from './block-history.ts'

/** Sectors that hold what no version of theirs explains. */
export const FOREIGN = -1
/** The sector holds its baseline. */
export const BASELINE = 0

export interface Region {
  readonly lba: number
  readonly sectors: number
}

/** The region's bytes, and of which write each sector is. */
export class DeviceState {
  readonly buffer: SectorBuffer
  readonly holders: Int32Array
  readonly #region: Region

  constructor(region: Region) {
    this.#region = region
    this.buffer = SectorBuffer.ofSectors(region.sectors)
    this.holders = new Int32Array(region.sectors)
  }

  /** Puts those sectors of an entry in place, `shift` sectors off it where that is not 0. */
  apply({ lba, data, writes }: BlockEntry, takes: (i: number) => boolean = () => true, shift = 0): void {
    writes.forEach((write, i) => {
      const at = lba - this.#region.lba + i + shift
      if (at < 0 || at >= this.#region.sectors || !takes(i)) return
      this.buffer.sector(at).set(data.sector(i))
      this.holders[at] = shift === 0 ? write : FOREIGN
    })
  }
}

/** How a state is made from the entries before a point; `undefined` where this rule has nothing to do there. */
export type Rule = (blocks: BlockHistory, point: number, region: Region, random: Prng) => DeviceState | undefined

/** Every request took effect in order, up to the cut. */
const inOrder: Rule = (blocks, point, region) => {
  const state = new DeviceState(region)
  for (const entry of blocks.entries.slice(0, point)) state.apply(entry)
  return state
}

/** All that was flushed or FUA, and of the rest whatever sectors chance has it, older before newer. */
const volatileCache: Rule = (blocks, point, region, random) =>
  cached(blocks, blocks.flushedBefore(point), point, region, random)

/** The same of a cache that no flush empties: nothing since the run began is sure to be kept. */
const ignoresFlushes: Rule = (blocks, point, region, random) => {
  const state = new DeviceState(region)
  const share = random.pick(SHARES)
  blocks.entries.slice(0, point).forEach((entry, at) => {
    state.apply(entry, at < blocks.ready ? undefined : () => random.chance(share))
  })
  return state
}

/** How much of a cache reached the medium. */
const SHARES = [0.1, 0.5, 0.9] as const

function cached(blocks: BlockHistory, flushed: number, point: number, region: Region, random: Prng): DeviceState {
  const state = new DeviceState(region)
  const share = random.pick(SHARES)
  blocks.entries.slice(0, point).forEach((entry, at) => {
    state.apply(entry, at < flushed || entry.fua ? undefined : () => random.chance(share))
  })
  return state
}

/** The writes that were flushed, by their places in the log. */
function flushedWrites(blocks: BlockHistory, point: number): readonly number[] {
  const count = Math.max(0, blocks.flushedBefore(point) - blocks.ready)
  return Array.from({ length: count }, (_, i) => blocks.ready + i).filter((at) => blocks.entries[at]?.kind === 'write')
}

const oneOf = (places: readonly number[], random: Prng): number | undefined =>
  places.length === 0 ? undefined : random.pick(places)

/** One flushed write never reached the medium. */
const dropsWrite: Rule = (blocks, point, region, random) => {
  const dropped = oneOf(flushedWrites(blocks, point), random)
  if (dropped === undefined) return undefined
  const state = new DeviceState(region)
  blocks.entries.slice(0, point).forEach((entry, at) => {
    if (at !== dropped) state.apply(entry)
  })
  return state
}

/** A flushed write and the one before it over the same sectors took effect in the wrong order. */
const swapsWrites: Rule = (blocks, point, region, random) => {
  const pairs = flushedWrites(blocks, point).flatMap((newer) => {
    const older = blocks.overwritten.get(newer)
    return older === undefined ? [] : [{ newer, older }]
  })
  if (pairs.length === 0) return undefined
  const { newer, older } = random.pick(pairs)
  const state = new DeviceState(region)
  blocks.entries.slice(0, point).forEach((entry, at) => {
    state.apply(entry)
    if (at === newer) state.apply(older)
  })
  return state
}

/** One flushed write went to another place; its own keeps what it had. */
const misdirectsWrite: Rule = (blocks, point, region, random) => {
  const chosen = oneOf(flushedWrites(blocks, point), random)
  const wrong = chosen === undefined ? undefined : blocks.entries[chosen]
  if (wrong === undefined) return undefined
  const places = region.sectors - wrong.sectors + 1
  const shift = region.lba + random.below(places) - wrong.lba
  const state = new DeviceState(region)
  blocks.entries.slice(0, point).forEach((entry, at) => state.apply(entry, undefined, at === chosen ? shift : 0))
  return shift === 0 ? undefined : state
}

export const HONEST = { 'in order': inOrder, 'volatile cache': volatileCache } as const
export const LIARS = {
  'ignores flushes': ignoresFlushes,
  'drops a flushed write': dropsWrite,
  'swaps two writes': swapsWrites,
  'misdirects a flushed write': misdirectsWrite,
} as const

export type HonestName = keyof typeof HONEST
export type LiarName = keyof typeof LIARS
