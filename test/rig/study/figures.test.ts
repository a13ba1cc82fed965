import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CycleData, PointData } from '../../../src/rig/study/data.ts'
import { drawnOf, figuresOf, spreadOf } from '../../../src/rig/study/figures.ts'
import { compare, trend } from '../../../src/rig/study/words.ts'

const CYCLE: CycleData = {
  verdict: 'held',
  violations: 0,
  lost: 0,
  torn: 0,
  reordered: 0,
  completeWrites: 10,
  lostWrites: 0,
  lostBytes: 0,
  oldestLostMs: 0,
}

const pointWith = (label: string, cycles: readonly Partial<CycleData>[]): PointData => ({
  panel: 0,
  series: 's',
  x: label,
  label,
  options: {},
  cycles: cycles.map((changes) => ({ ...CYCLE, ...changes })),
  problems: [],
})
const withBytes = (label: string, ...bytes: readonly number[]) =>
  figuresOf(
    pointWith(
      label,
      bytes.map((lostBytes) => ({ lostBytes })),
    ),
  )

describe('figures of a study', () => {
  it('gives a median an interval only where the cycles suffice for 95 %', () => {
    assert.equal(spreadOf([1, 2, 3, 4, 5]).interval, undefined)
    // 1 − 2·(1/2)⁶ = 96.9 %
    assert.deepEqual(spreadOf([6, 1, 5, 2, 4, 3]), { median: 3.5, least: 1, most: 6, interval: { low: 1, high: 6 } })
    // Of 20, the 6th and the 15th: 95.9 % (Conover, table A3)
    assert.deepEqual(spreadOf(Array.from({ length: 20 }, (_, index) => index + 1)).interval, { low: 6, high: 15 })
  })

  it('counts a loss whether it was permitted or not, a violation only where it was not', () => {
    const { shares, n } = figuresOf(
      pointWith('p', [{ lostWrites: 3, lost: 3 }, { lostWrites: 1, violations: 1 }, {}, {}]),
    )
    assert.equal(n, 4)
    assert.equal(shares.lost.count, 2)
    assert.equal(shares.violation.count, 1)
  })

  it('draws shares in percent, the rest cycle by cycle, and a point without cycles not at all', () => {
    const point = figuresOf(pointWith('p', [{ lostWrites: 3, torn: 1 }, {}]))
    assert.equal(drawnOf(point, 'torn')?.value, 50)
    assert.deepEqual(drawnOf(point, 'lostWrites'), { value: 1.5, low: 0, high: 3, cycles: [3, 0] })
    assert.equal(drawnOf(figuresOf(pointWith('p', [])), 'torn'), undefined)
  })

  it('sees a difference only where the intervals do not meet', () => {
    const few = withBytes('few', 1, 2, 3, 4, 5, 6)
    const many = withBytes('many', 7, 8, 9, 10, 11, 12)
    const some = withBytes('some', 5, 8, 9, 10, 11, 12)
    assert.equal(compare(few, many, 'lostBytes'), 'more')
    assert.equal(compare(many, few, 'lostBytes'), 'less')
    assert.equal(compare(few, some, 'lostBytes'), 'no difference seen')
    assert.equal(compare(withBytes('one', 1), withBytes('other', 9), 'lostBytes'), 'no difference seen')
    assert.match(trend([few, many], 'lostBytes', 'It'), /^It grows from 3\.5|^It grows from 4 B/)
    assert.match(trend([few, some], 'lostBytes', 'It'), /^It shows no difference/)
    assert.match(trend([few], 'lostBytes', 'It'), /too few/)
  })
})
