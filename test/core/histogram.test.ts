import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  Counter,
  FineSpreadCounter,
  SpreadCounter,
  boundOfShare,
  classOf,
  endOfClass,
  endOfFineClass,
  fineClassOf,
  percentileOf,
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

test('log-linear classes meet, name themselves, and are at most 1/16 of their lower bound wide', () => {
  let classes = 0
  for (let lower = 0; lower < 2 ** 32; lower = endOfFineClass(lower), classes++) {
    const end = endOfFineClass(lower)
    assert.deepEqual([fineClassOf(lower), fineClassOf(end - 1)], [lower, lower])
    assert.ok(end - lower === 1 || (end - lower) * 16 <= lower, `${lower}..${end}`)
  }
  assert.equal(classes, 464)
  assert.equal(fineClassOf(2 ** 32 - 1), 0xf8000000)
})

const whole = fc.oneof(fc.nat(40), fc.nat(100_000), fc.nat(2 ** 32 - 1))
const PERMILLES = [500, 950, 990, 999] as const

function spreadOf(values: readonly number[]): ReturnType<FineSpreadCounter['spread']> {
  const counter = new FineSpreadCounter()
  for (const value of values) counter.add(value)
  return counter.spread()
}

test('a percentile lies between its bounds, which are close, however the values are spread over runs', () => {
  fc.assert(
    fc.property(fc.array(whole, { minLength: 1, maxLength: 300 }), fc.nat(), (values, cut) => {
      const at = cut % (values.length + 1)
      const spread = sumSpreads([spreadOf(values.slice(0, at)), spreadOf(values.slice(at))])
      const sorted = values.toSorted((a, b) => a - b)
      for (const permille of PERMILLES) {
        const truth = sorted.find((_, i) => (i + 1) * 1000 >= permille * sorted.length) ?? Number.NaN
        const bounds = percentileOf(spread, permille / 1000)
        assert.ok(bounds !== undefined)
        assert.ok(bounds.atLeast <= truth && truth <= bounds.atMost, `${permille} ‰: ${truth}`)
        assert.ok(bounds.atMost - bounds.atLeast <= bounds.atLeast / 16, `${bounds.atLeast} to ${bounds.atMost}`)
      }
    }),
    { seed: 0x1a7e, numRuns: 400 },
  )
})

test('percentiles of nothing, of one value, and where rounding could go wrong', () => {
  assert.equal(percentileOf({ classes: {}, most: 0 }, 0.5), undefined)
  assert.deepEqual(percentileOf(spreadOf([1234]), 0.5), { atLeast: 1234, atMost: 1234 })
  // 0.07 × 100 is a little more than 7: still the seventh value of a hundred.
  const hundred = spreadOf(Array.from({ length: 100 }, (_, i) => i))
  assert.deepEqual(percentileOf(hundred, 0.07), { atLeast: 6, atMost: 6 })
  assert.deepEqual(percentileOf(hundred, 0.999), { atLeast: 99, atMost: 99 })
})
