/** Intervals and tests against published values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fisherExact, formatProportion, proportion, ruleOfThree, wilsonInterval } from '../../src/core/statistics.ts'

function near(actual: number, expected: number, digits: number): void {
  assert(Math.abs(actual - expected) <= 0.5 * 10 ** -digits, `${actual} is not ${expected} to ${digits} digits`)
}

test("Wilson's interval: Newcombe 1998, table I, method 3", () => {
  const published = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const
  for (const [count, of, low, high] of published) {
    const interval = wilsonInterval(count, of)
    near(interval.low, low, 4)
    near(interval.high, high, 4)
  }
})

test('the interval stays inside 0..1, holds the rate, and mirrors', () => {
  for (let of = 1; of <= 60; of++) {
    for (let count = 0; count <= of; count++) {
      const { low, high } = wilsonInterval(count, of)
      assert(low >= 0 && low <= count / of && count / of <= high && high <= 1, `${count} of ${of}`)
      near(wilsonInterval(of - count, of).high, 1 - low, 12)
    }
  }
  assert.deepEqual(wilsonInterval(0, 0), { low: 0, high: 1 })
  assert.deepEqual([wilsonInterval(0, 7).low, wilsonInterval(7, 7).high], [0, 1])
})

test('the rule of three', () => {
  assert.equal(ruleOfThree(300), 0.01)
  assert.deepEqual([ruleOfThree(0), ruleOfThree(2)], [1, 1])
})

test('how a rate is said', () => {
  assert.equal(formatProportion(3, 20), '3 of 20: 15.0 % (5.2–36.0 %)')
  assert.equal(formatProportion(0, 20), '0 of 20: below 3/20 (15.0 %)')
  assert.equal(formatProportion(0, 3), '0 of 3: too few to tell')
  assert.equal(formatProportion(2, 2), '2 of 2: 100.0 % (34.2–100.0 %)')
  assert.equal(formatProportion(0, 0), 'no runs')
  assert.deepEqual(proportion(0, 4), { count: 0, of: 4, ...wilsonInterval(0, 4), text: '0 of 4: below 3/4 (75.0 %)' })
})

test("Fisher's exact test: the lady tasting tea, and values of R and SciPy", () => {
  const tables = [
    [3, 4, 1, 4, 0.4857143, 7], // Fisher 1935; R: fisher.test(TeaTasting), two-sided
    [2, 12, 15, 18, 0.0005367, 7], // R: fisher.test(Convictions)
    [8, 10, 1, 6, 0.034965, 6], // SciPy: fisher_exact([[8, 2], [1, 5]])
    [1, 10, 11, 14, 0.002759456, 9], // studying men and women
    [10, 10, 0, 10, 2 / 184_756, 12],
    [0, 20, 0, 20, 1, 12],
    [0, 0, 3, 5, 1, 12],
  ] as const
  for (const [count, of, count2, of2, p, digits] of tables) {
    near(fisherExact({ count, of }, { count: count2, of: of2 }), p, digits)
    near(fisherExact({ count: count2, of: of2 }, { count, of }), p, digits)
  }
})

test('no p lies beyond 0..1, also for large campaigns', () => {
  for (const count of [0, 1, 500, 999, 1000]) {
    const p = fisherExact({ count, of: 1000 }, { count: 500, of: 1000 })
    assert(p >= 0 && p <= 1)
  }
  assert.equal(fisherExact({ count: 500, of: 1000 }, { count: 500, of: 1000 }), 1)
})

test('impossible counts are a fault of the caller', () => {
  assert.throws(() => wilsonInterval(2, 1), /a count lies in 0\.\.1, got 2/)
  assert.throws(() => wilsonInterval(0.5, 1), /count/)
  assert.throws(() => fisherExact({ count: 0, of: -1 }, { count: 0, of: 1 }), /number of trials/)
})
