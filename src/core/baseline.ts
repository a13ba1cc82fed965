/**
 * What the target held before the run, as a digest of every sector, run-length coded: whatever was there before is
 * recognised after the cut (`--baseline scan`). The payloads travel as `baseline` frames of the log (docs/FORMAT.md).
 *
 * The digest is 64 bits (two MurmurHash3 of the sector with different seeds); an all-zero sector has digest 0.
 */
import assert from 'node:assert/strict'
import { hashFinish, hashStep } from './prng.ts'
import { SECTOR_BYTES } from './units.ts'

const WORDS = SECTOR_BYTES / 4
const SECOND_SEED = 0x5eed5eed
const PAYLOAD_TARGET_BYTES = 256 * 1024
const HEADER_BYTES = 12

/** Digests of `sectors` sectors of `words` into lo/hi, which hold at least that many. */
export function digestSectors(words: Uint32Array, sectors: number, lo: Uint32Array, hi: Uint32Array): void {
  for (let sector = 0; sector < sectors; sector++) {
    const from = sector * WORDS
    if (isZero(words, from)) {
      lo[sector] = 0
      hi[sector] = 0
      continue
    }
    let a = 0
    let b = SECOND_SEED
    for (let i = from; i < from + WORDS; i++) {
      const word = words[i] ?? 0
      a = hashStep(a, word)
      b = hashStep(b, word)
    }
    lo[sector] = hashFinish(a, SECTOR_BYTES)
    hi[sector] = hashFinish(b, SECTOR_BYTES)
  }
}

/** True where the 128 words from `from` are all zero. */
export function isZero(words: Uint32Array, from: number): boolean {
  for (let i = from; i < from + WORDS; i++) if (words[i] !== 0) return false
  return true
}

/**
 * Digests to payloads. A payload: first LBA (u64), sectors (u32), then runs: varint of `length × 2 + literal`, followed
 * by one digest (8 bytes, lo then hi) that repeats, or by `length` digests.
 */
export class BaselineEncoder {
  readonly #emit: (payload: Uint8Array) => void
  #start: number
  #sectors = 0
  #bytes: number[] = []
  #literal: number[] = []
  #last: readonly [number, number] | undefined
  #repeats = 0

  /** Starts at `lba`; hands over each payload as soon as it is full. */
  constructor(lba: number, emit: (payload: Uint8Array) => void) {
    this.#start = lba
    this.#emit = emit
  }

  /** The next `sectors` sectors' digests. */
  add(sectors: number, lo: Uint32Array, hi: Uint32Array): void {
    for (let i = 0; i < sectors; i++) this.#one(lo[i] ?? 0, hi[i] ?? 0)
    if (this.#bytes.length + this.#literal.length * 4 >= PAYLOAD_TARGET_BYTES) this.#close()
  }

  /** Hands over what is left. */
  end(): void {
    this.#close()
  }

  #one(lo: number, hi: number): void {
    if (this.#last !== undefined && this.#last[0] === lo && this.#last[1] === hi) {
      this.#repeats++
      return
    }
    this.#endRun()
    this.#last = [lo, hi]
    this.#repeats = 1
  }

  #endRun(): void {
    if (this.#last === undefined) return
    this.#sectors += this.#repeats
    if (this.#repeats === 1) this.#literal.push(this.#last[0], this.#last[1])
    else {
      this.#endLiteral()
      this.#varint(this.#repeats * 2)
      this.#digest(this.#last[0], this.#last[1])
    }
    this.#last = undefined
  }

  #endLiteral(): void {
    if (this.#literal.length === 0) return
    this.#varint((this.#literal.length / 2) * 2 + 1)
    for (let i = 0; i < this.#literal.length; i += 2) this.#digest(this.#literal[i] ?? 0, this.#literal[i + 1] ?? 0)
    this.#literal = []
  }

  #close(): void {
    this.#endRun()
    this.#endLiteral()
    if (this.#sectors === 0) return
    const payload = new Uint8Array(HEADER_BYTES + this.#bytes.length)
    const view = new DataView(payload.buffer)
    view.setBigUint64(0, BigInt(this.#start), true)
    view.setUint32(8, this.#sectors, true)
    payload.set(this.#bytes, HEADER_BYTES)
    this.#emit(payload)
    this.#start += this.#sectors
    this.#sectors = 0
    this.#bytes = []
  }

  #digest(lo: number, hi: number): void {
    for (const word of [lo, hi]) this.#bytes.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24)
  }

  #varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#bytes.push((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes.push(rest)
  }
}

/** The payloads of a log, decoded a range at a time: memory stays that of the coded form. */
export class BaselineDigests {
  readonly #payloads: { readonly from: number; readonly to: number; readonly bytes: Uint8Array }[] = []

  /** Takes one payload; false where it is not the one that follows. */
  add(payload: Uint8Array): boolean {
    if (payload.length < HEADER_BYTES) return false
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
    const from = Number(view.getBigUint64(0, true))
    const last = this.#payloads.at(-1)
    if (last !== undefined && from !== last.to) return false
    this.#payloads.push({ from, to: from + view.getUint32(8, true), bytes: payload })
    return true
  }

  /** Whether every sector of the range has a digest. */
  covers(lba: number, sectors: number): boolean {
    const first = this.#payloads[0]
    const last = this.#payloads.at(-1)
    return first !== undefined && last !== undefined && first.from <= lba && last.to >= lba + sectors
  }

  /** Digests of the range into lo/hi; sectors outside the scan keep what they hold. */
  read(lba: number, sectors: number, lo: Uint32Array, hi: Uint32Array): void {
    for (const payload of this.#payloads) {
      if (payload.to > lba && payload.from < lba + sectors) decodeInto(payload, lba, sectors, lo, hi)
    }
  }
}

function decodeInto(
  payload: { readonly from: number; readonly bytes: Uint8Array },
  lba: number,
  sectors: number,
  lo: Uint32Array,
  hi: Uint32Array,
): void {
  const { bytes } = payload
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let sector = payload.from
  let at = HEADER_BYTES
  while (at < bytes.length && sector < lba + sectors) {
    let head = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++] ?? 0
      head += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    const literal = head % 2 === 1
    const length = Math.floor(head / 2)
    assert(at + (literal ? length : 1) * 8 <= bytes.length, 'a baseline run lies within its payload')
    const first = Math.max(sector, lba)
    const end = Math.min(sector + length, lba + sectors)
    if (literal) {
      for (let s = first; s < end; s++) {
        const digestAt = at + (s - sector) * 8
        lo[s - lba] = view.getUint32(digestAt, true)
        hi[s - lba] = view.getUint32(digestAt + 4, true)
      }
    } else if (first < end) {
      lo.fill(view.getUint32(at, true), first - lba, end - lba)
      hi.fill(view.getUint32(at + 4, true), first - lba, end - lba)
    }
    at += (literal ? length : 1) * 8
    sector += length
  }
}
