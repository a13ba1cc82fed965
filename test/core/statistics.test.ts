/** Intervals and tests against published values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/core/prng.ts'
import {
  detectableCount,
  excludedAbove,
  fisherExact,
  formatProportion,
  holm,
  proportion,
  rateInterval,
  rateText,
  trialsToExclude,
  wilsonInterval,
} from '../../src/core/statistics.ts'

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

test('the interval of a rate: one-sided at both ends, the bound of the text, and Wilson between', () => {
  for (const of of [1, 4, 20, 300]) {
    assert.deepEqual(rateInterval(0, of), { low: 0, high: excludedAbove(of) })
    assert.equal(rateInterval(of, of).high, 1)
    near(rateInterval(of, of).low, 1 - excludedAbove(of), 12)
  }
  assert.deepEqual(rateInterval(3, 20), wilsonInterval(3, 20))
  assert.deepEqual(rateInterval(0, 0), { low: 0, high: 1 })
})

test('how a rate is said', () => {
  assert.equal(formatProportion(3, 20), '3 of 20: 15.0 % (5.2–36.0 %)')
  assert.equal(formatProportion(0, 20), '0 of 20: below 13.9 %')
  assert.equal(formatProportion(0, 3), '0 of 3: below 63.2 %')
  assert.equal(formatProportion(2, 2), '2 of 2: 100.0 % (22.4–100.0 %)')
  assert.equal(formatProportion(0, 0), 'no runs')
  assert.deepEqual(proportion(0, 4), { count: 0, of: 4, low: 0, high: excludedAbove(4), text: '0 of 4: below 52.7 %' })
})

test('how a rate is said beside what its campaign excludes: with the same bound', () => {
  assert.equal(rateText(proportion(0, 20)), '0 of 20: below 13.9 %')
  assert.equal(rateText(proportion(0, 1)), '0 of 1: below 95.0 %')
  assert.equal(rateText(proportion(3, 20)), proportion(3, 20).text)
  assert.equal(rateText({ ...proportion(0, 20), text: 'of another version' }), '0 of 20: below 13.9 %')
  assert.equal(rateText(proportion(0, 0)), 'no runs')
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

test('what 0 of n excludes: Hanley and Lippman-Hand 1983, and 3/n above it', () => {
  const published = [
    [10, 0.26],
    [20, 0.14],
    [30, 0.1],
    [50, 0.058],
    [100, 0.03],
  ] as const
  for (const [of, bound] of published) near(excludedAbove(of), bound, bound < 0.06 ? 3 : 2)
  assert.equal(excludedAbove(0), 1)
  near(excludedAbove(40), 0.0722, 4)
  for (let of = 1; of <= 2000; of++) assert.ok(excludedAbove(of) < 3 / of, String(of))
})

test('the bound is the rate at which 0 of n has a chance of 5 %, counted out', () => {
  for (const of of [1, 2, 7, 40, 300]) {
    const rate = excludedAbove(of)
    let chance = 1
    for (let trial = 0; trial < of; trial++) chance *= 1 - rate
    near(chance, 0.05, 12)
  }
  for (const rate of [0.5, 0.1, 0.01]) {
    const of = trialsToExclude(rate)
    assert.ok(excludedAbove(of) <= rate && excludedAbove(of - 1) > rate, String(rate))
  }
  assert.equal(trialsToExclude(0.1), 29)
})

test('Holm: the published worked example, order kept, never below p nor above 1', () => {
  assert.deepEqual(
    holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(6))),
    [0.03, 0.06, 0.06, 0.02],
  )
  assert.deepEqual(holm([]), [])
  assert.deepEqual(holm([0.9, 0.8]), [1, 1])
  assert.deepEqual(holm([0.2]), [0.2])
})

test('Holm rejects what the step-down procedure rejects, drawn at random', () => {
  const random = new Prng({ lo: 0x401, hi: 7 })
  for (let round = 0; round < 500; round++) {
    const ps = Array.from({ length: 1 + random.below(6) }, () => random.unit() * random.pick([1, 0.1, 0.02]))
    const ranked = ps.toSorted((a, b) => a - b)
    const stop = ranked.findIndex((p, rank) => p >= 0.05 / (ps.length - rank))
    const rejected = new Set(stop < 0 ? ranked : ranked.slice(0, stop))
    const adjusted = holm(ps)
    for (const [i, p] of ps.entries())
      assert.equal((adjusted[i] ?? 1) < 0.05, rejected.has(p), `round ${round}: ${ps.join()} → ${adjusted.join()}`)
  }
})

/** Fisher's p by going through every way in which the events can fall on the trials. */
function fisherByCounting(a: number, ofA: number, b: number, ofB: number): number {
  const trials = ofA + ofB
  const tally = new Map<number, number>()
  let all = 0
  const ones = (bits: number): number => {
    let count = 0
    for (let rest = bits; rest > 0; rest >>>= 1) count += rest & 1
    return count
  }
  for (let mask = 0; mask < 2 ** trials; mask++) {
    if (ones(mask) !== a + b) continue
    const here = ones(mask & (2 ** ofA - 1))
    tally.set(here, (tally.get(here) ?? 0) + 1)
    all++
  }
  const observed = tally.get(a) ?? 0
  return [...tally.values()].filter((ways) => ways <= observed).reduce((sum, ways) => sum + ways, 0) / all
}

test('the difference that could have been detected, by counting every outcome', () => {
  for (const [ofA, ofB] of [
    [5, 5],
    [4, 6],
    [7, 4],
  ] as const) {
    for (let a = 0; a <= ofA; a++) {
      const outcomes = Array.from({ length: ofB + 1 }, (_, count) => count)
      const seen = outcomes.filter((count) => fisherByCounting(a, ofA, count, ofB) < 0.05)
      const isLow = a * 2 <= ofA
      const beyond = seen.filter((count) => (isLow ? count / ofB >= a / ofA : count / ofB <= a / ofA))
      const nearest = isLow ? Math.min(...beyond) : Math.max(...beyond)
      const expected = beyond.length === 0 ? undefined : nearest
      assert.equal(detectableCount({ count: a, of: ofA }, ofB), expected, `${a} of ${ofA} against ${ofB}`)
    }
  }
  // 0 of 5 against 4 of 5: p = 0.0476; 0 of 3 differs from nothing that 3 cuts can show.
  assert.equal(detectableCount({ count: 0, of: 5 }, 5), 4)
  assert.equal(detectableCount({ count: 0, of: 3 }, 3), undefined)
  assert.equal(detectableCount({ count: 20, of: 20 }, 20), 15)
  assert.equal(detectableCount({ count: 0, of: 0 }, 5), undefined)
})
