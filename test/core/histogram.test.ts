import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Counter,
  SpreadCounter,
  boundOfShare,
  classOf,
  endOfClass,
  sumHistograms,
  sumSpreads,
  totalOf,
} from '../../src/core/histogram.ts'

test('classes are 1-2-5, and meet', () => {
  const of = [0, 0.9, 1, 1.9, 2, 4.99, 5, 9.9, 10, 999, 1000, 4_294_967_295].map(classOf)
  assert.deepEqual(of, [0, 0, 1, 1, 2, 2, 5, 5, 10, 500, 1000, 2_000_000_000])
  for (let lower = 0, count = 0; count < 30; count++, lower = endOfClass(lower)) {
    assert.equal(classOf(lower), lower)
    assert.equal(classOf(endOfClass(lower) - 0.001), lower)
  }
})

test('histograms keep what was counted, in ascending order', () => {
  const counter = new Counter()
  for (const key of [1024, 512, 1024]) counter.add(key)
  assert.equal(JSON.stringify(counter.histogram()), '{"512":1,"1024":2}')
  const sum = sumHistograms([counter.histogram(), { 512: 4, 7: 1 }])
  assert.deepEqual(sum, { 7: 1, 512: 5, 1024: 2 })
  assert.equal(totalOf(sum), 8)
})

test('a share is bounded by the end of its class, and by the largest value', () => {
  const counter = new SpreadCounter()
  for (const value of [0.5, 3, 3, 40, 870]) counter.add(value)
  const spread = counter.spread()
  assert.deepEqual(spread, { classes: { 0: 1, 2: 2, 20: 1, 500: 1 }, most: 870 })
  assert.deepEqual(
    [0.2, 0.5, 0.8, 0.95].map((share) => boundOfShare(spread, share)),
    [1, 5, 50, 870],
  )
  assert.deepEqual(sumSpreads([spread, { classes: { 0: 1 }, most: 0.4 }]), {
    classes: { 0: 2, 2: 2, 20: 1, 500: 1 },
    most: 870,
  })
  assert.equal(boundOfShare({ classes: {}, most: 0 }, 0.5), 0)
})
