import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { BaselineDigests, BaselineEncoder, digestSectors } from '../../src/core/baseline.ts'
import { FRAME_PAYLOAD_BYTES_MAX } from '../../src/core/wire.ts'

/** Digests with runs in them: each a value and how often it stands there. */
const runs = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 300 })), { maxLength: 60 })

function digestsOf(drawn: readonly (readonly [number, number])[]): { lo: Uint32Array; hi: Uint32Array } {
  const values = drawn.flatMap(([value, count]) => Array.from({ length: count }, () => value * 0x1234_5678))
  return { lo: Uint32Array.from(values), hi: Uint32Array.from(values, (value) => value ^ 0xffff) }
}

function encode(lba: number, lo: Uint32Array, hi: Uint32Array, piece: number): Uint8Array[] {
  const payloads: Uint8Array[] = []
  const encoder = new BaselineEncoder(lba, (payload) => payloads.push(payload))
  for (let at = 0; at < lo.length; at += piece) {
    encoder.add(Math.min(piece, lo.length - at), lo.subarray(at, at + piece), hi.subarray(at, at + piece))
  }
  encoder.end()
  return payloads
}

function collect(payloads: readonly Uint8Array[]): BaselineDigests {
  const digests = new BaselineDigests()
  for (const payload of payloads) assert(digests.add(payload))
  return digests
}

test('digests come back, whole and by any range', () => {
  fc.assert(
    fc.property(
      runs,
      fc.integer({ min: 1, max: 700 }),
      fc.nat(2 ** 40),
      fc.nat(),
      fc.nat(),
      (drawn, piece, lba, a, b) => {
        const { lo, hi } = digestsOf(drawn)
        const digests = collect(encode(lba, lo, hi, piece))
        assert.equal(digests.covers(lba, lo.length), lo.length > 0)
        if (lo.length === 0) return
        const from = a % lo.length
        const count = 1 + (b % (lo.length - from))
        const [readLo, readHi] = [new Uint32Array(count), new Uint32Array(count)]
        digests.read(lba + from, count, readLo, readHi)
        assert.deepEqual(readLo, lo.slice(from, from + count))
        assert.deepEqual(readHi, hi.slice(from, from + count))
        assert(!digests.covers(lba, lo.length + 1))
      },
    ),
  )
})

test('what repeats costs nothing, and what does not goes into payloads that fit a frame', () => {
  const zeros = new Uint32Array(2048)
  const payloads: Uint8Array[] = []
  const encoder = new BaselineEncoder(0, (payload) => payloads.push(payload))
  for (let piece = 0; piece < 1000; piece++) encoder.add(2048, zeros, zeros)
  encoder.end()
  assert.equal(payloads.length, 1)
  assert((payloads[0]?.length ?? 0) < 32)
  const noise = Uint32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 0x9e37_79b1))
  const many = encode(0, noise, noise, 2048)
  assert(many.length > 2 && many.every((payload) => payload.length <= FRAME_PAYLOAD_BYTES_MAX))
  const back = new Uint32Array(noise.length)
  collect(many).read(0, noise.length, back, new Uint32Array(noise.length))
  assert.deepEqual(back, noise)
})

test('a payload out of its place is refused', () => {
  const noise = Uint32Array.from({ length: 100_000 }, (_, i) => i)
  const [first, , third] = encode(0, noise, noise, 2048)
  assert(first !== undefined && third !== undefined)
  const digests = new BaselineDigests()
  assert(digests.add(first))
  assert(!digests.add(third))
  assert(!digests.add(Uint8Array.of(1, 2, 3)))
})

test('sectors outside the scan keep what they hold', () => {
  const digests = collect(encode(10, Uint32Array.of(1, 2, 3), Uint32Array.of(4, 5, 6), 3))
  const lo = new Uint32Array(6).fill(9)
  digests.read(8, 6, lo, new Uint32Array(6))
  assert.deepEqual([...lo], [9, 9, 1, 2, 3, 9])
})

test('the digest of zeros is 0, and every bit of a sector counts', () => {
  const words = new Uint32Array(256)
  const [lo, hi] = [new Uint32Array(2).fill(7), new Uint32Array(2).fill(7)]
  digestSectors(words, 2, lo, hi)
  assert.deepEqual([...lo, ...hi], [0, 0, 0, 0])
  const seen = new Set<string>()
  for (let bit = 0; bit < 4096; bit++) {
    words.fill(0)
    words[bit >> 5] = 1 << (bit & 31)
    digestSectors(words, 1, lo, hi)
    seen.add(`${lo[0]}-${hi[0]}`)
  }
  assert.equal(seen.size, 4096)
})
