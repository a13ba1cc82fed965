/** What a run measures besides its verdict, as histories of one line. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Measures, unitOf } from '../../src/core/measures.ts'
import { type ToldOptions, judgeTold } from '../support/history-language.ts'

function measured(line: string, options: ToldOptions = {}): Measures {
  const { measures } = judgeTold(line, options)
  assert.ok(measures !== undefined)
  return measures
}

const atRisk = (line: string, options?: ToldOptions): readonly number[] => {
  const { completeWrites, tellingWrites, inFlightWrites, multiSectorWrites, sectors } = measured(line, options).atRisk
  return [completeWrites, tellingWrites, inFlightWrites, multiSectorWrites, sectors]
}

/** `unit: exposed/whole/torn`. */
const atomicity = (line: string, options?: ToldOptions): string =>
  Object.entries(measured(line, options).atomicity)
    .map(([unit, { exposed, whole, torn }]) => `${unit}: ${exposed}/${whole}/${torn}`)
    .join(', ')

describe('what was at risk: complete, telling, in flight, of several sectors, sectors', () => {
  const stories: readonly (readonly [string, readonly number[], ToldOptions?])[] = [
    ['w1@0+2 CUT 11', [1, 1, 0, 1, 2]],
    ['w1@0+1 F CUT 1', [0, 0, 0, 0, 0]],
    ['w1@0+1! CUT 1', [0, 0, 0, 0, 0]],
    ['w1@0+1 CUT 1', [0, 0, 0, 0, 0], { contract: 'write-through' }],
    // A flush that was issued before the write completed, or that never completed, makes nothing stable.
    ['i1@0+1 f c1 d CUT 1', [1, 1, 0, 0, 1]],
    ['w1@0+1 f CUT 1', [1, 1, 0, 0, 1]],
    ['i1@0+2 CUT ..', [0, 0, 1, 1, 2]],
    // Announced and not on the disk: for all that is known it was never issued. On the disk: it was.
    ['w1@0+1 N1 CUT 1', [1, 1, 0, 0, 1]],
    ['i1@0+1 e1 CUT .', [0, 0, 1, 0, 1]],
    // A later write stands there: at risk, and nothing is told of it.
    ['w1@0+1 w2@0+1 CUT 2', [2, 1, 0, 0, 2]],
    // A later stable write overwrote it: it was at risk no longer.
    ['w1@0+1 w2@0+1! CUT 2', [0, 0, 0, 0, 0]],
  ]
  for (const [line, expected, options] of stories) test(line, () => assert.deepEqual(atRisk(line, options), expected))
})

describe('atomicity: whose tear would have been seen', () => {
  const stories: readonly (readonly [string, string, ToldOptions?])[] = [
    ['w1@0+2 CUT 11', '1024: 1/1/0'],
    ['w1@0+2 CUT ..', '1024: 1/0/0'],
    ['w1@0+2 CUT 1.', '1024: 1/0/1'],
    // The smallest unit that holds it between two of its own multiples.
    ['w1@1+2 CUT .11', '2048: 1/1/0'],
    ['w1@3+2 CUT ...11', '4096: 1/1/0'],
    ['w1@0+1 CUT 1', '512: 1/1/0'],
    ['w1@0+1 CUT m01', '512: 1/0/1', { baseline: 'format' }],
    // Stable: an honest cut cannot tear it.
    ['w1@0+2 F CUT 11', ''],
    ['w1@0+2 F CUT 1.', '1024: 1/0/1'],
    // One sector of two says something: no tear could be seen.
    ['w1@0+2 w2@1+1 CUT 12', '512: 1/1/0'],
    ['w1@0+3 w2@2+1 CUT 1.2', '512: 1/1/0, 2048: 1/0/1'],
    // A tear at a silent sector would not be seen, however many others say something.
    ['w1@0+3 w2@1+1 CUT 121', '512: 1/1/0'],
    ['w1@8+1 F i2@0+8 i3@4+4 CUT 222233331', '2048: 1/1/0', { baseline: 'format' }],
    // In flight counts as well; announced alone does not.
    ['i1@0+2 CUT ..', '1024: 1/0/0'],
    ['w1@0+2 i2@2+2 CUT 11..', '1024: 2/1/0'],
  ]
  for (const [line, expected, options] of stories) test(line, () => assert.equal(atomicity(line, options), expected))
})

test('the unit of a write', () => {
  for (const lba of [0, 1, 7, 2047, 2048, 2 ** 40 - 8])
    for (const sectors of [1, 2, 3, 8, 127, 2048, 2049]) {
      const unit = unitOf(lba, sectors)
      const holds = (bytes: number): boolean =>
        Math.floor((lba * 512) / bytes) === Math.floor(((lba + sectors) * 512 - 1) / bytes)
      assert.ok(unit === 2 ** 21 ? !holds(2 ** 20) : holds(unit), `${lba}+${sectors}: ${unit}`)
      assert.ok(unit === 512 || !holds(unit / 2), `${lba}+${sectors}: ${unit} is not the smallest`)
    }
})

describe('tears', () => {
  test('by what their boundaries align to, and by size', () => {
    assert.deepEqual(measured('w1@0+2 w2@2+6 CUT 1.2222..').tears, {
      alignments: { 512: 1, 1024: 1 },
      writeSizes: { 1024: 1, 4096: 1 },
      unlocated: 0,
    })
  })

  test('inside a sector, and where nothing tells where', () => {
    const inside = measured('w1@0+1 CUT m01', { baseline: 'format' }).tears
    assert.deepEqual(inside, { alignments: { 0: 1 }, writeSizes: { 512: 1 }, unlocated: 0 })
    const between = measured('w1@0+3 w2@1+1 CUT 12.').tears
    assert.deepEqual(between, { alignments: {}, writeSizes: { 2048: 1 }, unlocated: 1 })
  })

  test('a write that stands whole elsewhere is misdirected, not torn', () => {
    // Sector 1 of write 1 is missing; only sector 0 stands elsewhere: that one stays torn.
    assert.equal(measured('w1@0+2 F CUT 1.x1').tears.unlocated, 0)
    const elsewhere = judgeTold('w1@0+2 F CUT .1x1')
    assert.deepEqual([elsewhere.violations.torn, elsewhere.violations.misdirected], [0, 1])
    assert.deepEqual(elsewhere.measures?.tears, { alignments: {}, writeSizes: {}, unlocated: 0 })
    assert.deepEqual(elsewhere.measures?.atomicity, {})
  })
})

describe('distances', () => {
  test('ages of lost and torn complete writes, violations among them', () => {
    // Complete at 2, 4 and 8 ms; the last record at 11 ms.
    const line = 'w1@0+1 w2@1+1 F w3@2+2 i4@4+1 CUT .23..'
    assert.deepEqual(measured(line).lostAgesMs, { classes: { 1: 1, 5: 1 }, most: 7 })
  })

  test('a survivor ahead, in writes and in ms', () => {
    const { reordered } = measured('w1@0+1 w2@1+1 w3@2+1 CUT ..3')
    assert.deepEqual(reordered.writesAhead, { classes: { 1: 1, 2: 1 }, most: 2 })
    assert.deepEqual(reordered.msAhead, { classes: { 1: 1, 2: 1 }, most: 3 })
  })
})

describe('latencies, in µs from the record of the issue to that of the completion', () => {
  // A record every ms; w is an issue and a completion, F a flush issued and completed.
  test('of writes and flushes that completed', () => {
    const { latencyUs } = measured('i1@0+1 i2@1+1 c1 c2 w3@2+1! F i4@3+1 f CUT 123.')
    assert.deepEqual(latencyUs, {
      write: { classes: { 992: 1, 1984: 2 }, most: 2000 },
      flush: { classes: { 992: 1 }, most: 1000 },
    })
  })

  test('of nothing where nothing completed', () => {
    const none = { classes: {}, most: 0 }
    assert.deepEqual(measured('i1@0+1 i2@1+1 e2 f CUT ..').latencyUs, { write: none, flush: none })
  })
})
