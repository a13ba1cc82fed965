/**
 * Reads ranges of a target for the judge: in big pieces, and where one fails, in halves of it down to the smallest unit the
 * target takes, so that one bad sector does not hide its neighbours. What lies beyond the end of the target reads as `EOF`.
 */
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { errnoOf } from '../../core/errors.ts'
import type { SectorBuffer } from '../../core/stamp.ts'
import type { DevicePort } from '../../io/device.ts'

/** Sectors of one read: 4 MiB. */
const PIECE_SECTORS = 8192
/** Reads are synchronous: after this long the event loop gets a turn, so that Ctrl-C and the progress bar are served. */
const TURN_MS = 100

/** What a reader reads from. */
export type Readable = Pick<DevicePort, 'sizeSectors' | 'read'>

export interface RangeReaderOptions {
  /** Sectors of the smallest read: the target's logical block. */
  readonly unitSectors: number
  readonly signal: AbortSignal
}

export class RangeReader {
  readonly #device: Readable
  readonly #unitSectors: number
  readonly #signal: AbortSignal
  #turnAt = 0

  constructor(device: Readable, options: RangeReaderOptions) {
    assert(options.unitSectors >= 1, 'a unit is at least one sector')
    this.#device = device
    this.#unitSectors = options.unitSectors
    this.#signal = options.signal
  }

  /**
   * Reads into the start of `into`. Returns the sectors that could not be read, address → errno. Their bytes in the
   * buffer mean nothing. Throws only where the program itself is at fault, or the signal's reason.
   */
  async read(lba: number, sectors: number, into: SectorBuffer): Promise<ReadonlyMap<number, string>> {
    assert(sectors <= into.sectors, 'a range fits its buffer')
    const errors = new Map<number, string>()
    const end = Math.max(lba, Math.min(lba + sectors, this.#device.sizeSectors))
    for (let at = lba; at < end; at += PIECE_SECTORS) {
      await this.#piece(at, Math.min(PIECE_SECTORS, end - at), into, at - lba, errors)
    }
    for (let at = end; at < lba + sectors; at++) errors.set(at, 'EOF')
    return errors
  }

  async #piece(
    lba: number,
    sectors: number,
    into: SectorBuffer,
    at: number,
    errors: Map<number, string>,
  ): Promise<void> {
    await this.#turn()
    const errno = this.#try(lba, sectors, into, at)
    if (errno === undefined) return
    if (this.#isInOneUnit(lba, sectors)) {
      for (let i = 0; i < sectors; i++) errors.set(lba + i, errno)
      return
    }
    const half = this.#halfOf(lba, sectors)
    await this.#piece(lba, half, into, at, errors)
    await this.#piece(lba + half, sectors - half, into, at + half, errors)
  }

  #isInOneUnit(lba: number, sectors: number): boolean {
    const unitOf = (address: number): number => Math.floor(address / this.#unitSectors)
    return unitOf(lba) === unitOf(lba + sectors - 1)
  }

  /** About half, ending where a unit of the target ends. */
  #halfOf(lba: number, sectors: number): number {
    const middle = lba + Math.ceil(sectors / 2)
    const aligned = Math.ceil(middle / this.#unitSectors) * this.#unitSectors - lba
    return aligned < sectors ? aligned : this.#unitSectors - (lba % this.#unitSectors)
  }

  #try(lba: number, sectors: number, into: SectorBuffer, at: number): string | undefined {
    try {
      this.#device.read(into, at, lba, sectors)
      return undefined
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === undefined) throw error
      return errno
    }
  }

  async #turn(): Promise<void> {
    const now = performance.now()
    if (now < this.#turnAt) return
    await nextTurn()
    this.#signal.throwIfAborted()
    this.#turnAt = performance.now() + TURN_MS
  }
}
