/** The stream of random numbers, whether it is asked for word by word or all at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/core/prng.ts'

test('filling gives the words that asking one by one gives, and goes on after them', () => {
  for (const key of [
    { lo: 0, hi: 0 },
    { lo: 0xdead_beef, hi: 0x7fff_ffff },
  ]) {
    const [one, all] = [new Prng(key), new Prng(key)]
    const words = new Uint32Array(1000)
    all.bitsInto(words)
    assert.deepEqual(
      [...words],
      Array.from(words, () => one.bits()),
    )
    assert.equal(all.bits(), one.bits())
  }
})
