/**
 * Memory for one range, and the reading of a range into it: what the first look made of it, and the bytes of the rest.
 * The same work whoever does it: the one thread of a short verification, or one of several.
 */
import type { Confirmer } from '../../core/confirm.ts'
import type { JudgeRange } from '../../core/judge.ts'
import { RANGE_SECTORS, type SeenColumns } from '../../core/observations.ts'
import { SectorBuffer } from '../../core/stamp.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import { alignedBuffer } from '../../io/device.ts'
import type { RangeReader } from './range-reader.ts'

/**
 * Sectors that are read and looked at in turn, always in the same memory: 512 KiB, so that what was just read is still in the
 * processor's own cache when it is looked at, beside the payload pool, and reading does not
 * wait for main memory to take it. Pieces of 1 MiB take a tenth more time, a range of 16 MiB at once a third.
 */
const PIECE_SECTORS = 1024

export interface Slot {
  /** Only sectors whose column says 0 are to be looked at. */
  readonly buffer: SectorBuffer
  readonly columns: SeenColumns
}

/** Of a slot, what can be handed to another thread. */
export interface SlotMemory {
  readonly bytes: ArrayBufferLike
  readonly seen: ArrayBufferLike
  readonly write: ArrayBufferLike
}

/** Memory for ranges of at most that many sectors, that threads can share where `shared`. */
export function slotMemory(sectorsMax: number, shared: boolean): SlotMemory {
  const memory = (bytes: number): ArrayBufferLike => (shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes))
  return {
    bytes: alignedBuffer(sectorsMax * SECTOR_BYTES, shared).bytes.buffer,
    seen: memory(sectorsMax),
    write: memory(sectorsMax * 4),
  }
}

export const slotOver = ({ bytes, seen, write }: SlotMemory): Slot => ({
  buffer: new SectorBuffer(bytes),
  columns: { seen: new Uint8Array(seen), write: new Uint32Array(write) },
})

/** Ranges are never longer than the region. */
export const longestRange = (regionSectors: number): number => Math.min(RANGE_SECTORS, regionSectors)

/** Reads ranges, and takes the first look at them. */
export class SlotReader {
  readonly #reader: RangeReader
  readonly #confirmer: Confirmer
  readonly #piece: SectorBuffer

  constructor(reader: RangeReader, confirmer: Confirmer, sectorsMax: number) {
    this.#reader = reader
    this.#confirmer = confirmer
    this.#piece = alignedBuffer(Math.min(PIECE_SECTORS, sectorsMax) * SECTOR_BYTES)
  }

  /**
   * Fills the columns of the slot, and of its bytes those that were not recognised: a piece of which all was takes no
   * further memory. Returns the sectors that could not be read, address → errno: what is said of them means nothing.
   */
  async read({ lba, sectors }: JudgeRange, { buffer, columns }: Slot): Promise<ReadonlyMap<number, string>> {
    const errors = new Map<number, string>()
    const piece = this.#piece
    for (let from = 0; from < sectors; from += piece.sectors) {
      const length = Math.min(piece.sectors, sectors - from)
      for (const [address, errno] of await this.#reader.read(lba + from, length, piece)) errors.set(address, errno)
      this.#confirmer.confirm(columns, from, lba + from, length, piece)
      if (!columns.seen.subarray(from, from + length).includes(0)) continue
      buffer.bytes.set(piece.bytes.subarray(0, length * SECTOR_BYTES), from * SECTOR_BYTES)
    }
    return errors
  }
}
