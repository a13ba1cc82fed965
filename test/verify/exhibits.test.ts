/** Which sectors the verifier keeps: of every finding before two of any, and never more than its bound. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { byteRows } from '../../src/core/telling/byte-rows.ts'
import type { Finding } from '../../src/core/finding.ts'
import { keyOf } from '../../src/core/prng.ts'
import { exhibitPlaces } from '../../src/core/telling/exhibit-places.ts'
import { EXHIBITS_MAX, chooseExhibits } from '../../src/verify/exhibits.ts'
import { sectorLines } from '../../src/verify/explain/bytes-text.ts'
import { paintOf } from '../../src/verify/report/colour.ts'
import { judgeTold } from '../support/history-language.ts'

function places(line: string, kind: Finding['kind']): readonly number[] {
  const finding = judgeTold(line).findings.find((one) => one.kind === kind && one.runs.length > 0)
  assert.ok(finding)
  return exhibitPlaces(finding)
}

describe('exhibits', () => {
  it('are the first sectors that disagree, one of each stretch', () => {
    assert.deepEqual(places('w1@1+2 F w2@0+2 CUT .21', 'torn'), [0], 'the old sector; write 2 itself is in order')
    assert.deepEqual(places('w1@0+4 F w2@0+4 F CUT 1.12', 'torn'), [0, 1], 'write 1, then the baseline')
    assert.deepEqual(places('w1@0+3 F CUT ...', 'lost'), [0], 'sectors of one old version look alike')
    assert.deepEqual(places('w1@0+3 F CUT ggg', 'corrupt'), [0, 1], 'garbage does not')
    assert.deepEqual(places('w1@0+1 F CUT u', 'unreadable'), [], 'what cannot be read cannot be kept')
  })
  it('are bounded, and every finding has one before any has two', () => {
    const [finding] = judgeTold('w1@0+3 F CUT ggg').findings
    assert.ok(finding)
    const many = Array.from({ length: 40 }, () => ({ ...finding }))
    const chosen = [...chooseExhibits(many).values()]
    assert.equal(chosen.length, 40)
    assert.equal(chosen.flat().length, EXHIBITS_MAX)
    const most = [...chooseExhibits(Array.from({ length: 100 }, () => ({ ...finding }))).values()]
    assert.deepEqual([most.length, most.flat().length], [EXHIBITS_MAX, EXHIBITS_MAX])
  })
})

describe('the bytes of an explanation', () => {
  const paint = paintOf({ colour: false })
  const stamp = { run: keyOf('00000000000000aa'), device: keyOf('00000000000000dd') }
  const lines = (isExpectedStamped: boolean, isFoundStamped: boolean): string => {
    const [finding] = judgeTold('w1@0+1 F CUT 1g').findings
    assert.ok(finding)
    const sector = {
      lba: 1,
      found: { kind: 'garbage', bitDistance: -1, nearestWrite: -1 },
      isZeros: false,
      expected: isExpectedStamped ? 1 : 0,
      isExpectedStamped,
      bytes: byteRows(new Uint8Array(512), new Uint8Array(512).fill(7)),
      ...(isFoundStamped ? { stamp: { ...stamp, lba: 1, write: 1, index: 0, count: 1, epoch: 0, whole: false } } : {}),
    } as const
    return sectorLines(sector, finding, { run: '00000000000000aa', device: '00000000000000dd' }, paint).join('\n')
  }
  it('name the fields of a stamp only on the side that has one', () => {
    assert.doesNotMatch(lines(false, false), /PLUG|check word/)
    assert.match(lines(true, false), / {3}expected: PLUG, version$/m)
    assert.match(lines(false, true), / {3}found: PLUG, version$/m)
    assert.match(lines(true, true), / {3}PLUG, version$/m)
  })
})
