/**
 * The first look at what was read: which sectors are, byte for byte, what this run wrote or formatted there, and which are
 * all zeros. That is nearly all of an honest device, so this is where the verifier's time goes.
 *
 * It needs the manifest alone, not the log, so that threads can do it range by range in any order; what they leave at 0
 * is for `observe`, which knows the rest. Nothing is believed on the strength of a stamp: a stamp only says what to
 * compare with.
 *
 * What a sector costs: some 50 ns to make it again (one copy out of the pool for all sectors of a write, then a stamp
 * each), 25 to compare it (one memcmp for all), 10 to read its stamp. A sector of zeros costs one memcmp.
 */
import assert from 'node:assert/strict'
import { isZero } from './baseline.ts'
import type { Manifest } from './manifest.ts'
import { type SeenColumns, SEEN } from './observations.ts'
import { Plan } from './plan.ts'
import { type Key64, keyOf } from './prng.ts'
import { SectorBuffer, type StampedRun, Stamper, namesWrite, peekWrite } from './stamp.ts'
import { BASELINE_WRITE, SECTOR_BYTES, WRITE_ID_MAX } from './units.ts'

/** Sectors that are made again and compared at once: 128 KiB, which the processor's own cache holds. */
const SCRATCH_SECTORS = 256
const WORDS = SECTOR_BYTES / 4

interface Tools {
  readonly stamper: Stamper
  readonly scratch: SectorBuffer
  readonly zeros: SectorBuffer
}

export class Confirmer {
  readonly #plan: Plan
  readonly #run: Key64
  readonly #device: Key64
  /** The formatted region as one write; absent where the baseline was scanned. */
  readonly #formatted: StampedRun | undefined
  #tools: Tools | undefined

  constructor(manifest: Manifest, plan = Plan.of(manifest.plan)) {
    const { region } = plan.spec
    this.#plan = plan
    this.#run = keyOf(manifest.run)
    this.#device = keyOf(manifest.device)
    this.#formatted =
      manifest.baseline === 'format'
        ? { write: BASELINE_WRITE, lba: region.lba, count: region.sectors, epoch: 0 }
        : undefined
  }

  /**
   * Marks the `sectors` sectors from `lba`, which stand at the start of `buffer`, in the columns from `at` on: `version` with
   * its write, `baseline` where it was formatted, `zeros`, or 0 for all else.
   */
  confirm(into: SeenColumns, at: number, lba: number, sectors: number, buffer: SectorBuffer): void {
    assert(at + sectors <= into.seen.length && sectors <= buffer.sectors, 'a range fits its buffer')
    let i = 0
    while (i < sectors) i += this.#ofRun(into, at, lba, i, sectors, buffer) || this.#zeros(into, at, i, sectors, buffer)
  }

  /** Looks at the sectors from `i` that claim to be of one write of this run, and returns their number. */
  #ofRun(into: SeenColumns, at: number, lba: number, i: number, to: number, buffer: SectorBuffer): number {
    const write = peekWrite(buffer.words, i, this.#run, lba + i)
    if (write < 0) return 0
    const run = this.runOf(write, lba + i)
    if (run === undefined) return 0
    const index = lba + i - run.lba
    const most = Math.min(to - i, run.count - index, SCRATCH_SECTORS)
    let length = 1
    // The next ones only have to name the same write: bytes decide.
    while (length < most && namesWrite(buffer.words, i + length, write)) length++
    const { stamper, scratch } = this.#made()
    stamper.fill(scratch, 0, run, index, length)
    if (sameSectors(buffer, i, scratch, 0, length)) mark(into, at + i, length, write)
    else {
      for (let k = 0; k < length; k++) {
        if (sameSectors(buffer, i + k, scratch, k, 1)) mark(into, at + i + k, 1, write)
        else into.seen[at + i + k] = into.write[at + i + k] = 0
      }
    }
    return length
  }

  /** The write with that number as it stands on the device, if the plan puts it over that address. */
  runOf(write: number, address: number): StampedRun | undefined {
    if (write === BASELINE_WRITE) {
      const run = this.#formatted
      return run !== undefined && address >= run.lba && address < run.lba + run.count ? run : undefined
    }
    if (write > this.#plan.length || write > WRITE_ID_MAX) return undefined
    const { lba, sectors } = this.#plan.write(write)
    if (address < lba || address >= lba + sectors) return undefined
    return { write, lba, count: sectors, epoch: this.#plan.epochOf(write) }
  }

  /** Marks the zeros from `i` on, or that there are none, and returns the number of sectors looked at. */
  #zeros(into: SeenColumns, at: number, i: number, to: number, buffer: SectorBuffer): number {
    const zeros = this.#zerosFrom(i, to, buffer)
    const length = Math.max(1, zeros)
    into.seen.fill(zeros === 0 ? 0 : SEEN.zeros, at + i, at + i + length)
    into.write.fill(0, at + i, at + i + length)
    return length
  }

  /** How many sectors from `i` are all zeros, as far as one look goes: a long run is told by one memcmp, its end sector by sector. */
  #zerosFrom(i: number, to: number, buffer: SectorBuffer): number {
    if (!isZero(buffer.words, i * WORDS)) return 0
    const length = Math.min(to - i, SCRATCH_SECTORS)
    if (sameSectors(buffer, i, this.#made().zeros, 0, length)) return length
    let count = 1
    while (isZero(buffer.words, (i + count) * WORDS)) count++
    return count
  }

  /** The payload pool takes a few ms, which who never looks at bytes need not spend. */
  #made(): Tools {
    this.#tools ??= {
      stamper: new Stamper(this.#run, this.#device),
      scratch: SectorBuffer.ofSectors(SCRATCH_SECTORS),
      zeros: SectorBuffer.ofSectors(SCRATCH_SECTORS),
    }
    return this.#tools
  }
}

function mark(into: SeenColumns, from: number, sectors: number, write: number): void {
  const code = write === BASELINE_WRITE ? SEEN.baseline : SEEN.version
  for (let i = from; i < from + sectors; i++) {
    into.seen[i] = code
    into.write[i] = write
  }
}

/** Whether `sectors` sectors of two buffers are the same, byte for byte. */
export function sameSectors(a: SectorBuffer, aAt: number, b: SectorBuffer, bAt: number, sectors: number): boolean {
  const length = sectors * SECTOR_BYTES
  const left = a.bytes.subarray(aAt * SECTOR_BYTES, aAt * SECTOR_BYTES + length)
  return Buffer.compare(left, b.bytes.subarray(bAt * SECTOR_BYTES, bAt * SECTOR_BYTES + length)) === 0
}
