/** Moving about a map, and the map at every scale. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  afterKey,
  movedTo,
  type Place,
  placeFrom,
  scaleAt,
  scrolled,
  type World,
  zoomed,
} from '../../../src/core/map/navigation.ts'
import { Pyramid } from '../../../src/core/map/pyramid.ts'
import {
  blockAt,
  blocksOfRow,
  cellOfBlock,
  rowOfBlock,
  rowsOf,
  rowsShown,
  scalesOf,
} from '../../../src/core/map/viewport.ts'

const worldOf = (blocks: number, width = 1100, height = 420): World => ({
  blocks,
  height,
  scales: scalesOf(blocks, { width, height }),
})

const BIG = worldOf(4_194_304)
const ALL: Place = { step: 0, top: 0 }

describe('the scales of a map', () => {
  it('begin with all of it and end with blocks that can be pointed at', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 24 }), fc.integer({ min: 200, max: 3000 }), (blocks, width) => {
        const { scales } = worldOf(blocks, width)
        const [first] = scales
        const last = scales.at(-1)
        assert.ok(first !== undefined && last !== undefined)
        assert.ok(rowsOf(blocks, first) * first.cellHeight <= 421, 'all rows are to be seen')
        assert.equal(last.level, 0)
        assert.equal(last.columns, 16)
        scales.slice(1).forEach((scale, i) => {
          const before = scales[i]
          assert.equal(before === undefined ? 0 : blocksOfRow(before) / blocksOfRow(scale), 2)
        })
      }),
    )
  })
})

describe('moving about', () => {
  it('keeps the block under the pointer in its row when zooming', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4_194_303 }), fc.integer({ min: 1, max: 9 }), (block, steps) => {
        let place = movedTo(ALL, block, BIG)
        for (let i = 0; i < steps; i++) place = zoomed(place, 1, BIG)
        const scale = scaleAt(BIG, place.step)
        const row = rowOfBlock(block, scale)
        assert.ok(row >= place.top && row < place.top + rowsShown(scale, BIG.height), 'the cursor stays in sight')
        assert.equal(place.cursor, block)
      }),
    )
  })

  it('never shows what lies beyond the ends', () => {
    const close = zoomed(ALL, 100, BIG)
    assert.equal(close.step, BIG.scales.length - 1)
    const scale = scaleAt(BIG, close.step)
    assert.equal(scrolled(close, -1e9, BIG).top, 0)
    assert.equal(scrolled(close, 1e9, BIG).top, rowsOf(BIG.blocks, scale) - rowsShown(scale, BIG.height))
    assert.equal(zoomed(close, -100, BIG).step, 0)
  })

  it('knows its keys and leaves the others alone', () => {
    const at = movedTo(zoomed(ALL, 100, BIG), 1000, BIG)
    const cursor = (key: string, from = at): number | undefined => afterKey(from, key, BIG)?.cursor
    assert.deepEqual(
      ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'Home', 'End'].map((key) => cursor(key)),
      [1001, 999, 1016, 984, 0, 4_194_303],
    )
    assert.equal(afterKey(at, 'Tab', BIG), undefined)
    assert.equal(afterKey(at, '0', BIG)?.step, 0)
    assert.equal(cursor('ArrowLeft', movedTo(at, 0, BIG)), 0)
    // The first press of an arrow shows the cursor where the eye is.
    assert.equal(cursor('ArrowRight', { step: at.step, top: 10 }), 160)
  })

  it('comes back to a shared place on a screen of another size', () => {
    const place = movedTo(zoomed(ALL, 6, BIG), 2_000_000, BIG)
    const row = blocksOfRow(scaleAt(BIG, place.step))
    assert.deepEqual(placeFrom({ row, from: place.top * row, at: 2_000_000 }, BIG), place)
    const narrow = worldOf(BIG.blocks, 280)
    const there = placeFrom({ row, at: 2_000_000 }, narrow)
    const scale = scaleAt(narrow, there.step)
    const shown = rowOfBlock(2_000_000, scale)
    assert.ok(shown >= there.top && shown < there.top + rowsShown(scale, narrow.height))
    assert.equal(placeFrom({ at: 1e12 }, BIG).cursor, BIG.blocks - 1)
  })

  it('finds the block at a place of the screen', () => {
    const scale = scaleAt(BIG, BIG.scales.length - 1)
    assert.equal(blockAt(scale.cellWidth * 2.5, scale.cellHeight * 1.5, 3, BIG.blocks, scale), 4 * 16 + 2)
    assert.equal(blockAt(scale.cellWidth * 16.1, 0, 0, BIG.blocks, scale), undefined)
    assert.equal(blockAt(0, 0, 1e9, BIG.blocks, scale), undefined)
    assert.deepEqual(cellOfBlock(21, 30, { ...scale, level: 4 }), { from: 16, to: 30 })
  })
})

describe('the map at every scale', () => {
  it('has the worst of any blocks', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(300), fc.nat(300), (states, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const pyramid = new Pyramid(states)
        assert.equal(pyramid.worst(from, to), Math.max(0, ...states.slice(from, to)))
        pyramid.levels.forEach((level, k) =>
          level.forEach((state, i) => assert.equal(state, Math.max(...states.slice(i * 2 ** k, (i + 1) * 2 ** k)))),
        )
      }),
    )
  })
})
