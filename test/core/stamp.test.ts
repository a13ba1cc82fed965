import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { keyOf } from '../../src/core/prng.ts'
import { SectorBuffer, Stamper, decodeStamp, peekWrite } from '../../src/core/stamp.ts'

const RUN = keyOf('0123456789abcdef')
const DEVICE = keyOf('fedcba9876543210')
const stamper = new Stamper(RUN, DEVICE)

const writes = fc.record({
  write: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_fff0 })),
  lba: fc.integer({ min: 0, max: 2 ** 42 }),
  count: fc.integer({ min: 1, max: 64 }),
  epoch: fc.nat(0xffff_ffff),
})

test('every sector says what it is', () => {
  fc.assert(
    fc.property(writes, (write) => {
      const buffer = SectorBuffer.ofSectors(write.count)
      stamper.fill(buffer, 0, write, 0, write.count)
      for (let index = 0; index < write.count; index++) {
        const { write: number, count, epoch } = write
        assert.deepEqual(decodeStamp(buffer.words, index), {
          run: RUN,
          device: DEVICE,
          lba: write.lba + index,
          write: number,
          index,
          count,
          epoch,
        })
        assert.equal(peekWrite(buffer.words, index, RUN, write.lba + index), number)
        assert.equal(peekWrite(buffer.words, index, RUN, write.lba + index + 1), -1)
      }
    }),
  )
})

test('a sector is the same however it is made: at once, alone, or in the middle', () => {
  fc.assert(
    fc.property(writes, fc.nat(), fc.nat(), (write, a, b) => {
      const whole = SectorBuffer.ofSectors(write.count)
      stamper.fill(whole, 0, write, 0, write.count)
      const index = a % write.count
      const sectors = 1 + (b % (write.count - index))
      const part = SectorBuffer.ofSectors(sectors + 2)
      new Stamper(RUN, DEVICE).fill(part, 1, write, index, sectors)
      for (let i = 0; i < sectors; i++) assert.deepEqual(part.sector(1 + i), whole.sector(index + i))
      assert(
        part.sector(0).every((byte) => byte === 0) && part.sector(sectors + 1).every((byte) => byte === 0),
        'nothing beside it',
      )
    }),
  )
})

test('any bit flipped in the stamp, or any tear inside the sector, is seen', () => {
  const one = SectorBuffer.ofSectors(1)
  const other = SectorBuffer.ofSectors(1)
  stamper.fill(one, 0, { write: 7, lba: 100, count: 1, epoch: 2 }, 0, 1)
  stamper.fill(other, 0, { write: 9, lba: 100, count: 1, epoch: 2 }, 0, 1)
  for (let bit = 0; bit < 512 * 8; bit++) {
    const at = bit >> 3
    const inStamp = at < 56 || at >= 504
    one.bytes[at] = (one.bytes[at] ?? 0) ^ (1 << (bit & 7))
    assert.equal(decodeStamp(one.words, 0) === undefined, inStamp, `bit ${bit}`)
    one.bytes[at] = (one.bytes[at] ?? 0) ^ (1 << (bit & 7))
  }
  for (let at = 33; at < 508; at++) {
    const torn = SectorBuffer.ofSectors(1)
    torn.bytes.set(other.bytes.subarray(0, at))
    torn.bytes.set(one.bytes.subarray(at), at)
    assert.equal(decodeStamp(torn.words, 0), undefined, `torn at ${at}`)
  }
})

test('payloads differ between writes, runs and neighbours', () => {
  const buffer = SectorBuffer.ofSectors(4)
  stamper.fill(buffer, 0, { write: 1, lba: 0, count: 2, epoch: 0 }, 0, 2)
  stamper.fill(buffer, 2, { write: 2, lba: 0, count: 1, epoch: 0 }, 0, 1)
  new Stamper(keyOf('0000000000000001'), DEVICE).fill(buffer, 3, { write: 1, lba: 0, count: 1, epoch: 0 }, 0, 1)
  const payloads = [0, 1, 2, 3].map((index) => Buffer.from(buffer.sector(index).slice(56, 504)).toString('hex'))
  assert.equal(new Set(payloads).size, 4)
})

test('zeros and noise carry no stamp', () => {
  const buffer = SectorBuffer.ofSectors(1)
  assert.equal(decodeStamp(buffer.words, 0), undefined)
  buffer.bytes.fill(0xa5)
  assert.equal(decodeStamp(buffer.words, 0), undefined)
})
