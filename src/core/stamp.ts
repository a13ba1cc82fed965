/**
 * The 512-byte sector as it stands on the device: encode, decode, regenerate (docs/FORMAT.md, "The stamp").
 *
 * Every sector says which run, device, address, write and place in the write it belongs to; the rest is payload drawn
 * from a pool that the run key seeds, so the whole sector can be made again from those words and compared byte by byte.
 * The check word stands at both ends: a sector torn anywhere between them no longer agrees with itself.
 */
import assert from 'node:assert/strict'
import { type Key64, Prng, hashFinish, hashStep, hashWords, hexOf, randomBits } from './prng.ts'
import { SECTOR_BYTES } from './units.ts'

const WORDS = SECTOR_BYTES / 4
const MAGIC = 0x47554c50 // "PLUG"
const TAIL_MAGIC = 0x4c4c5550 // "PULL"
/** Format version in the low half, header length in bytes in the high half. */
const VERSION = 1
const HEADER_BYTES = 56
const VERSION_WORD = VERSION | (HEADER_BYTES << 16)
const CHECK = 13
/** Words at the start that say format, run and device. */
const FIXED_WORDS = 6
const TAIL_CHECK = WORDS - 2
const TAIL = WORDS - 1

const POOL_BYTES = 1 << 20
const PAYLOAD_LANE = 0x70a1
/** Pools kept: those of a run, and of the runs before it that left sectors on the device. */
const POOLS_MAX = 32

assert(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, 'plugpull needs a little-endian machine')

/** What a stamp says. Numbers are safe integers; `run` and `device` are keys. */
export interface Stamp {
  readonly run: Key64
  readonly device: Key64
  readonly lba: number
  readonly write: number
  readonly index: number
  readonly count: number
  readonly epoch: number
}

/** Sectors of one write as the stamper takes them: `count` sectors from `lba`, of which `sectors` from `index` are made. */
export interface StampedRun {
  readonly write: number
  /** Address of the first sector of the whole write. */
  readonly lba: number
  /** Sectors in the whole write. */
  readonly count: number
  readonly epoch: number
}

/**
 * A memory of whole sectors, seen as bytes and as little-endian words at once.
 * Made once for each buffer, so that the hot path allocates nothing.
 */
export class SectorBuffer {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly sectors: number

  constructor(buffer: ArrayBufferLike, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) {
    assert(
      byteOffset % 4 === 0 && byteLength % SECTOR_BYTES === 0,
      'a sector buffer is aligned and holds whole sectors',
    )
    this.bytes = new Uint8Array(buffer, byteOffset, byteLength)
    this.words = new Uint32Array(buffer, byteOffset, byteLength / 4)
    this.sectors = byteLength / SECTOR_BYTES
  }

  /** A buffer of its own for that many sectors. */
  static ofSectors(sectors: number): SectorBuffer {
    return new SectorBuffer(new ArrayBuffer(sectors * SECTOR_BYTES))
  }

  /** The bytes of one sector, as a view. */
  sector(index: number): Uint8Array {
    return this.bytes.subarray(index * SECTOR_BYTES, (index + 1) * SECTOR_BYTES)
  }
}

const pools = new Map<string, Uint8Array>()

/** The payload pool of a run (1 MiB, made in a few ms): the same whenever it is asked for, so it is kept. */
function poolOf(run: Key64): Uint8Array {
  const name = hexOf(run)
  const known = pools.get(name)
  if (known !== undefined) return known
  if (pools.size >= POOLS_MAX) pools.clear()
  const words = new Uint32Array(POOL_BYTES / 4)
  new Prng(run).bitsInto(words)
  const pool = new Uint8Array(words.buffer)
  pools.set(name, pool)
  return pool
}

/** Makes the sectors of one run on one device. */
export class Stamper {
  readonly run: Key64
  readonly device: Key64
  readonly #pool: Uint8Array
  /** The check word's hash over the first words, which are the same in all stamps of this run on this device. */
  readonly #fixedHash: number

  constructor(run: Key64, device: Key64) {
    this.run = run
    this.device = device
    this.#pool = poolOf(run)
    const fixed = [MAGIC, VERSION_WORD, run.lo, run.hi, device.lo, device.hi]
    this.#fixedHash = fixed.reduce(hashStep, 0)
  }

  /**
   * Fills `sectors` sectors of `target` from its sector `at` with those of the write from its sector `index`.
   * One copy out of the pool, then a stamp for each sector.
   */
  fill(target: SectorBuffer, at: number, run: StampedRun, index: number, sectors: number): void {
    this.#fillPayload(target.bytes, at * SECTOR_BYTES, run.write, index, sectors)
    for (let i = 0; i < sectors; i++) this.#stamp(target.words, (at + i) * WORDS, run, index + i)
  }

  #fillPayload(bytes: Uint8Array, at: number, write: number, index: number, sectors: number): void {
    const start = (randomBits(this.run, write, PAYLOAD_LANE) & (POOL_BYTES / 8 - 1)) * 8
    let from = (start + index * SECTOR_BYTES) % POOL_BYTES
    let to = at
    let left = sectors * SECTOR_BYTES
    while (left > 0) {
      const piece = Math.min(left, POOL_BYTES - from)
      bytes.set(this.#pool.subarray(from, from + piece), to)
      to += piece
      left -= piece
      from = 0
    }
  }

  #stamp(words: Uint32Array, w: number, run: StampedRun, index: number): void {
    const address = run.lba + index
    words[w] = MAGIC
    words[w + 1] = VERSION_WORD
    words[w + 2] = this.run.lo
    words[w + 3] = this.run.hi
    words[w + 4] = this.device.lo
    words[w + 5] = this.device.hi
    words[w + 6] = address >>> 0
    words[w + 7] = Math.floor(address / 0x1_0000_0000)
    words[w + 8] = run.write >>> 0
    words[w + 9] = Math.floor(run.write / 0x1_0000_0000)
    words[w + 10] = index
    words[w + 11] = run.count
    words[w + 12] = run.epoch
    let hash = this.#fixedHash
    for (let i = w + FIXED_WORDS; i < w + CHECK; i++) hash = hashStep(hash, words[i] ?? 0)
    const check = hashFinish(hash, CHECK * 4)
    words[w + CHECK] = check
    words[w + TAIL_CHECK] = check
    words[w + TAIL] = TAIL_MAGIC
  }
}

/** The write number in the stamp of a sector of this run at this address, or -1: a guess to be confirmed by comparing. */
export function peekWrite(words: Uint32Array, sector: number, run: Key64, address: number): number {
  const w = sector * WORDS
  const matches =
    words[w] === MAGIC &&
    words[w + 2] === run.lo >>> 0 &&
    words[w + 3] === run.hi >>> 0 &&
    words[w + 6] === address >>> 0 &&
    words[w + 7] === Math.floor(address / 0x1_0000_0000)
  return matches ? (words[w + 8] ?? 0) + (words[w + 9] ?? 0) * 0x1_0000_0000 : -1
}

/** Whether the stamp of a sector names that write, if it is a stamp at all: less of a guess, for the sectors after one that was peeked at. */
export function namesWrite(words: Uint32Array, sector: number, write: number): boolean {
  const w = sector * WORDS
  return words[w] === MAGIC && words[w + 8] === write >>> 0
}

/** Decodes the stamp of one sector, or `undefined` where there is none whose check word holds at both ends. */
export function decodeStamp(words: Uint32Array, sector: number): Stamp | undefined {
  const w = sector * WORDS
  const word = (i: number): number => words[w + i] ?? 0
  if (word(0) !== MAGIC || word(1) !== VERSION_WORD || word(TAIL) !== TAIL_MAGIC) return undefined
  if (word(CHECK) !== word(TAIL_CHECK) || word(CHECK) !== hashWords(words, w, CHECK)) return undefined
  return peekStamp(words, sector)
}

/** What the head of a sector says, whether or not the sector agrees with itself; `undefined` where no stamp begins it. */
export function peekStamp(words: Uint32Array, sector: number): Stamp | undefined {
  const w = sector * WORDS
  const word = (i: number): number => words[w + i] ?? 0
  if (word(0) !== MAGIC || word(1) !== VERSION_WORD) return undefined
  return {
    run: { lo: word(2), hi: word(3) },
    device: { lo: word(4), hi: word(5) },
    lba: word(6) + word(7) * 0x1_0000_0000,
    write: word(8) + word(9) * 0x1_0000_0000,
    index: word(10),
    count: word(11),
    epoch: word(12),
  }
}

/** What each eight bytes of a stamped sector are, by their offset; the rest is payload. */
export const STAMP_FIELDS: ReadonlyMap<number, string> = new Map([
  [0, 'PLUG, version'],
  [8, 'run'],
  [16, 'device'],
  [24, 'LBA'],
  [32, 'write'],
  [40, 'index, count'],
  [48, 'epoch, check word'],
  [SECTOR_BYTES - 8, 'check word, PULL'],
])
