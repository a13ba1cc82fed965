/**
 * The judge against the independent model over small histories: the share of `npm run trust -- exhaustive` that every run of the tests
 * affords.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkHistory, noCounts } from '../../trust/exhaustive/check.ts'
import { compareAll } from '../../trust/exhaustive/command.ts'
import { sum } from '../../trust/exhaustive/data.ts'
import { type Skeleton, layouts } from '../../trust/exhaustive/history.ts'
import { sectorStates } from '../../trust/exhaustive/machine.ts'
import { SkeletonTables } from '../../trust/exhaustive/tables.ts'

/** Of the layouts of each log one in so many; every log has some. */
const LAYOUTS_EVERY = { raw: 7, classes3: 5, classes4: 127 }

const w = (write: number) => ({ kind: 'issue', write }) as const
const c = (write: number) => ({ kind: 'complete', write }) as const
const F = [{ kind: 'flush-issue' }, { kind: 'flush-complete' }] as const

/** Contents that a sector may hold at the end, where every write covers it. */
function contents(promised: 'nothing' | 'flush' | 'complete', skeleton: Skeleton): number[] {
  const covering = ((1 << skeleton.writes) - 1) << 1
  return [...new Set(sectorStates(skeleton, promised, covering).map(({ content }) => content))].toSorted(
    (a, b) => a - b,
  )
}

describe('the machine of one sector', () => {
  test('a write that nothing promised is there or not', () => {
    assert.deepEqual(contents('flush', { writes: 1, events: [w(1), c(1)], fua: 0 }), [0, 1])
  })
  test('a flush promises what was complete when it was issued', () => {
    assert.deepEqual(contents('flush', { writes: 1, events: [w(1), c(1), ...F], fua: 0 }), [1])
    assert.deepEqual(contents('flush', { writes: 1, events: [w(1), F[0], c(1), F[1]], fua: 0 }), [0, 1])
    assert.deepEqual(contents('flush', { writes: 1, events: [w(1), c(1), F[0]], fua: 0 }), [0, 1])
  })
  test('FUA and write-through promise at completion', () => {
    assert.deepEqual(contents('flush', { writes: 1, events: [w(1), c(1)], fua: 2 }), [1])
    assert.deepEqual(contents('complete', { writes: 1, events: [w(1), c(1)], fua: 0 }), [1])
    assert.deepEqual(contents('flush', { writes: 1, events: [w(1)], fua: 2 }), [0, 1])
  })
  test('what is before a stable write never comes back', () => {
    assert.deepEqual(contents('flush', { writes: 2, events: [w(1), c(1), w(2), c(2), ...F], fua: 0 }), [2])
    assert.deepEqual(contents('flush', { writes: 2, events: [w(1), w(2), c(1), c(2), ...F], fua: 0 }), [1, 2])
  })
  test('what a stable write was overtaken by keeps the older ones away too', () => {
    const events = [w(1), w(2), c(1), w(3), c(3)]
    assert.deepEqual(contents('complete', { writes: 3, events, fua: 0 }), [2, 3])
  })
  test('announced writes may have been issued after the end of the log', () => {
    assert.deepEqual(contents('flush', { writes: 2, events: [w(1), c(1), ...F], fua: 0 }), [1, 2])
  })
})

test('a disagreement is told: the comparison can fail', () => {
  const skeleton: Skeleton = { writes: 1, events: [w(1), c(1), ...F], fua: 0 }
  // Tables of a log without its flush: a reference that knows less than the judge.
  const lied = new SkeletonTables({ ...skeleton, events: [w(1), c(1)] })
  const told = checkHistory(lied, { skeleton, extents: [{ from: 0, sectors: 1 }] }, noCounts(), {
    atomic: false,
    odd: false,
    bytesEvery: 0,
  })
  assert.match(told ?? '', /i1@0\+1 c1 f d CUT 000 under /)
})

test('every layout has its place', () => {
  assert.equal([...layouts(4)].length, 6 ** 4)
})

test('judge and reference say the same of every small history in this share', async (t) => {
  const options = { layoutsEvery: LAYOUTS_EVERY, samples: 500, seed: '0000000000000001' }
  const results = await compareAll(options, 2, new AbortController().signal)
  assert.deepEqual(
    results.flatMap(({ disagreements }) => disagreements),
    [],
  )
  const total = results.flatMap(({ counts }) => Object.values(counts)).reduce(sum, noCounts())
  t.diagnostic(`${total.verdicts + total.odd} verdicts on ${total.states} states of ${total.histories} histories`)
  for (const word of ['violation', 'held', 'inconclusive'] as const) assert.ok(total[word] > 50_000, word)
  assert.ok(total.listed > 0 && total.throughBytes > 0 && total.odd > 0)
})
