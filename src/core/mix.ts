/**
 * A sector that is no known version as a whole: is it the head of one and the tail of another, byte for byte, or garbage?
 */
import type { Content } from './finding.ts'
import { SECTOR_BYTES } from './units.ts'

/** One known version of a sector. The bytes are only valid until the next one is asked for. */
export interface Candidate {
  readonly write: number
  readonly bytes: Uint8Array
}

interface Best {
  readonly write: number
  readonly length: number
}

/** Bytes that must agree before a mix with a baseline that cannot be made again is believed. */
const OPAQUE_MATCH_BYTES = 64
const NONE: Best = { write: -1, length: 0 }

/**
 * `mix` where some version's head and another's tail make up the whole sector, or where a version's head or tail is
 * there and the rest may be the opaque baseline; `garbage` with the distance in bits to the nearest version otherwise.
 */
export function compareMix(bytes: Uint8Array, candidates: Iterable<Candidate>, opaqueBaseline: boolean): Content {
  let head = NONE
  let tail = NONE
  let nearest = { write: -1, bits: SECTOR_BYTES * 8 + 1 }
  for (const candidate of candidates) {
    const prefix = commonPrefix(bytes, candidate.bytes)
    const suffix = commonSuffix(bytes, candidate.bytes)
    if (prefix > head.length) head = { write: candidate.write, length: prefix }
    if (suffix > tail.length) tail = { write: candidate.write, length: suffix }
    const bits = bitDistance(bytes, candidate.bytes)
    if (bits < nearest.bits) nearest = { write: candidate.write, bits }
  }
  if (head.write !== tail.write && head.length + tail.length >= SECTOR_BYTES) {
    return {
      kind: 'mix',
      offset: roundest(SECTOR_BYTES - tail.length, head.length),
      head: head.write,
      tail: tail.write,
    }
  }
  const opaque = opaqueBaseline ? mixWithOpaque(head, tail, nearest) : undefined
  return opaque ?? { kind: 'garbage', bitDistance: nearest.write < 0 ? -1 : nearest.bits, nearestWrite: nearest.write }
}

function mixWithOpaque(
  head: Best,
  tail: Best,
  nearest: { readonly write: number; readonly bits: number },
): Content | undefined {
  const known = head.length >= tail.length ? head : tail
  const restBits = (SECTOR_BYTES - known.length) * 8
  const unrelated = known.write === nearest.write && nearest.bits * 4 > restBits
  if (known.length < OPAQUE_MATCH_BYTES || !unrelated) return undefined
  return known === head
    ? { kind: 'mix', offset: head.length, head: head.write, tail: 0 }
    : { kind: 'mix', offset: SECTOR_BYTES - tail.length, head: 0, tail: tail.write }
}

/** The number in [low, high] with the largest power of two in it: where both versions agree, the likelier boundary. */
function roundest(low: number, high: number): number {
  for (let step = SECTOR_BYTES; step > 1; step /= 2) {
    const candidate = Math.ceil(low / step) * step
    if (candidate <= high && candidate > 0 && candidate < SECTOR_BYTES) return candidate
  }
  return low
}

function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  let length = 0
  while (length < SECTOR_BYTES && a[length] === b[length]) length++
  return length
}

function commonSuffix(a: Uint8Array, b: Uint8Array): number {
  let length = 0
  while (length < SECTOR_BYTES && a[SECTOR_BYTES - 1 - length] === b[SECTOR_BYTES - 1 - length]) length++
  return length
}

function bitDistance(a: Uint8Array, b: Uint8Array): number {
  let bits = 0
  for (let i = 0; i < SECTOR_BYTES; i++) {
    let differing = (a[i] ?? 0) ^ (b[i] ?? 0)
    while (differing !== 0) {
      differing &= differing - 1
      bits++
    }
  }
  return bits
}
