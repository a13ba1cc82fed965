/**
 * Deterministic randomness: the plan, the payload and the simulator draw from here and nowhere else.
 * `hashWords` is MurmurHash3_x86_32 (Appleby, 2011) over 32-bit words; used as a counter-based generator it gives
 * write n at the same cost for n = 1 and n = 10^9. `Prng` is xoshiro128** (Blackman and Vigna, 2018) for streams.
 */
import assert from 'node:assert/strict'

/** A 64-bit key as two unsigned 32-bit halves. */
export interface Key64 {
  readonly lo: number
  readonly hi: number
}

/** Sixteen hexadecimal digits to a key; throws on anything else. */
export function keyOf(hex: string): Key64 {
  assert(/^[0-9a-f]{16}$/.test(hex), `a key is 16 hexadecimal digits, got ${JSON.stringify(hex)}`)
  return { hi: Number.parseInt(hex.slice(0, 8), 16), lo: Number.parseInt(hex.slice(8), 16) }
}

/** A key as sixteen hexadecimal digits. */
export const hexOf = (key: Key64): string =>
  (key.hi >>> 0).toString(16).padStart(8, '0') + (key.lo >>> 0).toString(16).padStart(8, '0')

function scramble(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51)
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}

/** One MurmurHash3 body step: folds a 32-bit word into the running hash. */
export function hashStep(hash: number, word: number): number {
  const h = hash ^ scramble(word)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** MurmurHash3's finaliser over a running hash of `bytes` bytes; an unsigned 32-bit number. */
export function hashFinish(hash: number, bytes: number): number {
  let h = hash ^ bytes
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** MurmurHash3_x86_32 of `count` little-endian words starting at `from`; an unsigned 32-bit number. */
export function hashWords(words: Uint32Array, from: number, count: number, seed = 0): number {
  let h = seed
  for (let i = from; i < from + count; i++) h = hashStep(h, words[i] ?? 0)
  return hashFinish(h, count * 4)
}

/** 32 random bits for (key, counter, lane): MurmurHash3 of the five words. */
export function randomBits(key: Key64, counter: number, lane: number): number {
  let h = hashStep(0, key.lo)
  h = hashStep(h, key.hi)
  h = hashStep(h, counter >>> 0)
  h = hashStep(h, Math.floor(counter / 0x1_0000_0000))
  return hashFinish(hashStep(h, lane), 20)
}

/** A uniform whole number in [0, bound) for (key, counter, lane); bound up to 2^53, bias below bound / 2^53. */
export function randomBelow(key: Key64, counter: number, lane: number, bound: number): number {
  assert(bound >= 1, 'randomBelow needs a bound from 1')
  const low = randomBits(key, counter, lane)
  if (bound <= 0x20_0000) return Math.floor((low * bound) / 0x1_0000_0000)
  const high = randomBits(key, counter, lane + 0x8000)
  return ((high >>> 5) * 0x400_0000 + (low >>> 6)) % bound
}

/** A seeded stream of random numbers: xoshiro128**. */
export class Prng {
  readonly #s: Uint32Array

  constructor(key: Key64) {
    this.#s = Uint32Array.from([1, 2, 3, 4], (lane) => randomBits(key, lane, 0xfeed))
    if (this.#s.every((word) => word === 0)) this.#s[0] = 1
  }

  /** The next 32 bits, unsigned. */
  bits(): number {
    const s = this.#s
    const s0 = s[0] ?? 0
    const s1 = s[1] ?? 0
    const s2 = (s[2] ?? 0) ^ s0
    const s3 = (s[3] ?? 0) ^ s1
    const product = Math.imul(s1, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    s[0] = s0 ^ s3
    s[1] = s1 ^ s2
    s[2] = s2 ^ (s1 << 9)
    s[3] = (s3 << 11) | (s3 >>> 21)
    return result
  }

  /** Puts into the words what as many calls of `bits` would give and sooner: the state stays in registers. */
  bitsInto(words: Uint32Array): void {
    const s = this.#s
    let [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s
    for (let i = 0; i < words.length; i++) {
      const product = Math.imul(s1, 5)
      words[i] = Math.imul((product << 7) | (product >>> 25), 9)
      const shifted = s1 << 9
      s2 ^= s0
      s3 ^= s1
      s1 ^= s2
      s0 ^= s3
      s2 ^= shifted
      s3 = (s3 << 11) | (s3 >>> 21)
    }
    s.set([s0, s1, s2, s3])
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.bits() / 0x1_0000_0000
  }

  /** A whole number in [0, bound), bound up to 2^32. */
  below(bound: number): number {
    assert(Number.isInteger(bound) && bound >= 1, 'below needs a whole bound from 1')
    return Math.floor(this.unit() * bound)
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.unit() < p
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    assert(item !== undefined, 'pick needs at least one item')
    return item
  }

  /** A key drawn from this stream. */
  key(): Key64 {
    return { lo: this.bits(), hi: this.bits() }
  }
}
