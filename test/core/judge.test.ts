import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ToldOptions, judgeTold, tell } from '../support/history-language.ts'

/** Each line: a history, what the cut left, and what the model says of it. */
function table(
  name: string,
  rows: readonly (readonly [line: string, expected: string, options?: ToldOptions])[],
): void {
  describe(name, () => {
    for (const [line, expected, options = {}] of rows) {
      test(`${line} ${options.contract ?? ''} ${options.baseline ?? ''} ${options.logTail ?? ''}`, () => {
        assert.equal(tell(line, options), expected)
      })
    }
  })
}

table('stability: a flush counts from its issue, and only when it completed', [
  ['w1@0+2 F CUT 11', 'held: '],
  ['w1@0+2 F CUT ..', 'violation: lost! w1'],
  ['w1@0+2 f CUT ..', 'inconclusive: lost w1'],
  ['w1@0+2 f e CUT ..', 'inconclusive: lost w1'],
  ['i1@0+2 f c1 d CUT ..', 'inconclusive: lost w1'],
  ['i1@0+2 c1 f d CUT ..', 'violation: lost! w1'],
  ['w1@0+1! CUT .', 'violation: lost! w1'],
  ['w1@0+1! CUT 1', 'held: '],
  ['i1@0+1! CUT .', 'inconclusive: '],
  ['w1@0+1 CUT .', 'violation: lost! w1', { contract: 'write-through' }],
  ['w1@0+1 CUT 1', 'held: ', { contract: 'write-through' }],
  ['i1@0+1 e1 F CUT .', 'inconclusive: '],
])

table('lost: an intact older state where a stable write must be', [
  ['w1@0+1 F w2@0+1 F CUT 1', 'violation: lost! w2'],
  ['w1@0+1 F w2@0+1 CUT 1', 'held: lost w2'],
  ['w1@0+1 F w2@0+1 F CUT .', 'violation: lost! w2'],
  ['w1@0+1 F CUT z', 'violation: lost! w1'],
  ['w1@0+1 F CUT o', 'violation: lost! w1'],
  ['w1@0+1 F w2@0+1 CUT 2', 'inconclusive: '],
  ['w1@0+2 F w2@0+1 CUT 21', 'held: '],
  ['w1@0+1 w2@1+1 F CUT 1.', 'violation: lost! w2'],
  ['w1@0+1 w2@1+1 w3@2+1 F CUT 1..', 'violation: lost! w2, lost! w3'],
])

table('torn: some of a write is there and some is missing', [
  ['w1@1+2 F w2@0+2 CUT .21', 'held: torn w2'],
  ['w1@1+2 F i2@0+2 CUT .21', 'held: torn w2'],
  ['w1@0+2 F CUT 1.', 'violation: torn! w1'],
  ['w1@0+1 F i2@1+2 CUT 12.', 'held: torn w2'],
  ['w1@0+1 F i2@1+2 CUT 12.', 'violation: torn! w2 atomic', { contract: 'volatile,atomic=4k' }],
  ['w1@0+9 F i2@7+2 CUT 11111112.', 'violation: torn! w1, torn w2', { contract: 'volatile,atomic=4k' }],
  ['w1@0+1 F w2@0+1 CUT m12', 'violation: torn! w2'],
  ['w1@0+1 F w2@0+1 CUT m21', 'violation: torn! w2'],
  ['w1@0+1 w2@0+1 w3@0+1 F CUT m12', 'violation: lost! w3'],
  ['w1@0+1 F i2@0+1 CUT m12', 'violation: torn! w2'],
  ['w1@0+1 F i2@0+1 CUT m12', 'inconclusive: torn w2', { contract: 'virtio-strict' }],
  ['i1@0+1 w2@1+1 F CUT m012', 'violation: torn! w1', { baseline: 'format' }],
  ['w1@0+2 F w2@0+2 w3@0+1 CUT 32', 'inconclusive: '],
  ['w1@0+2 F w2@0+2 w3@0+1 CUT 31', 'held: lost w2, reordered w2'],
])

table('reordered: a later write survived and one that was complete before its issue did not', [
  ['w1@0+1 F w2@1+1 w3@2+1 CUT 1.3', 'held: lost w2, reordered w2'],
  ['w1@0+1 F w2@1+1 w3@2+1 CUT 12.', 'held: lost w3'],
  ['w1@0+1 F i2@1+1 i3@2+1 c2 c3 CUT 1.3', 'held: lost w2'],
  ['w1@0+1 F w2@1+1 w3@2+1 CUT 1.3', 'violation: reordered! w2, lost w2', { contract: 'ordered' }],
  ['w1@0+1 F w2@1+1 i3@2+1 CUT 1.3', 'held: lost w2, reordered w2'],
])

table('order: concurrent writes to one sector may land either way', [
  ['i1@0+1 i2@0+1 c1 c2 F CUT 1', 'held: '],
  ['i1@0+1 i2@0+1 c1 c2 F CUT 2', 'held: '],
  ['i1@0+1 c1 i2@0+1 c2 F CUT 1', 'violation: lost! w2'],
  ['i1@0+1 i2@0+1 c1 c2 F CUT .', 'violation: lost! w1 lie, lost! w1, lost! w2'],
  ['i1@0+1 i2@0+1 c2 F CUT 1', 'inconclusive: '],
  ['i1@0+1 i2@0+1 c1 c2 F CUT 2', 'held: '],
])

table('what should not be there at all', [
  ['w1@0+1 F CUT 1z', 'violation: collateral! @1'],
  ['w1@0+1 F CUT 1o', 'violation: collateral! @1'],
  ['w1@0+1 F CUT 1g', 'violation: collateral! @1'],
  ['w1@0+1 F CUT 1x1', 'violation: misdirected! @1'],
  ['w1@1+1 F CUT x1.', 'violation: misdirected! @0'],
  ['w1@0+1 F CUT b1', 'violation: corrupt! @0'],
  ['w1@0+1 F CUT g', 'violation: corrupt! @0'],
  ['w1@0+1 F CUT u', 'violation: unreadable! @0'],
  ['w1@0+1 F CUT 1u', 'violation: unreadable! @1'],
  ['w1@0+1 F END CUT 1P9', 'violation: phantom! @1'],
  ['w1@0+1 w2@1+1 F w3@0+1 w4@1+1 CUT zg', 'violation: lost! w1, corrupt! @1, lost w3'],
  ['w1@0+1 F w2@1+1 CUT 1g', 'violation: corrupt! @1'],
  ['w1@0+1 F w2@1+1 CUT 1z', 'violation: corrupt! @1'],
  ['w1@0+1 F w2@1+1 CUT 1z', 'held: lost w2', { baseline: 'zeros' }],
  ['w1@0+1 F CUT 1z', 'held: ', { baseline: 'zeros' }],
  ['w1@0+1 F CUT 1.', 'held: ', { baseline: 'format' }],
  ['w1@0+1 F w2@1+1 CUT 1g', 'held: corrupt @1', { contract: 'virtio-strict' }],
  ['w1@0+1 F w2@0+1 CUT g', 'inconclusive: corrupt @0', { contract: 'virtio-strict' }],
  ['w1@0+1 F CUT g', 'violation: corrupt! @0', { contract: 'virtio-strict' }],
])

table('a flush that lied: at least two of its writes, and none of them is there', [
  ['w1@0+1 w2@1+1 F CUT ..', 'violation: lost! w1 lie, lost! w1, lost! w2'],
  ['w1@0+1 w2@1+1 F CUT 1.', 'violation: lost! w2'],
  ['w1@0+1 F w2@1+1 w3@2+1 F CUT 1..', 'violation: lost! w2 lie, lost! w2, lost! w3'],
])

table('a write that stands elsewhere is one fault, unless that proves nothing', [
  ['w1@0+1 F w2@2+1 F CUT .x12', 'violation: misdirected! @1'],
  ['w1@0+1 F w2@2+1 F i3@1+1 CUT .x12', 'violation: misdirected! @1'],
  ['w1@0+1 F w2@2+1 F i3@1+1 CUT .x12', 'violation: lost! w1, corrupt @1', { contract: 'virtio-strict' }],
  ['w1@0+1 F w2@2+1 F CUT m10x12', 'violation: torn! w1, misdirected! @1', { baseline: 'format' }],
  ['w1@0+1 F CUT .X1', 'violation: lost! w1, misdirected! @1'],
])

table('windows and damaged logs', [
  ['N3 w1@0+1 F i2@1+1 CUT 12', 'held: '],
  ['N2 w1@0+1 F i2@1+1 END CUT 12', 'held: '],
  ['N1 w1@0+1 F i2@1+1 CUT 12', 'held: '],
  ['w1@0+1 F END CUT 1', 'held: '],
  ['w1@0+1 F CUT 1', 'held: ', { logTail: 'truncated' }],
  ['w1@0+1 F CUT 1', 'inconclusive: ', { logTail: 'corrupt' }],
  ['w1@0+1 F CUT .', 'violation: lost! w1', { logTail: 'corrupt' }],
  // In the gap a write may have been announced that leaves the sector undefined; where the plan has no more, none can.
  ['N1 w1@0+1 F CUT .', 'inconclusive: lost w1', { logTail: 'corrupt', contract: 'virtio-strict', more: 'w 0+1' }],
  ['w1@0+1 F CUT .', 'violation: lost! w1', { logTail: 'corrupt', contract: 'virtio-strict' }],
])

table('what nobody knows is held against nobody, but for what no baseline explains', [
  ['N1 w1@0+1 F CUT 12', 'inconclusive: ', { more: 'w 1+1' }],
  ['w1@0+1 F END CUT 12', 'violation: phantom! @1', { more: 'w 1+1' }],
  ['N0 CUT g', 'inconclusive: ', { more: 'w 0+1' }],
  ['N0 CUT u', 'violation: unreadable! @0', { more: 'w 0+1' }],
  ['w1@0+1 F i2@1+1 CUT 1m20', 'violation: torn! w2', { baseline: 'scan' }],
])

describe('consistentWith', () => {
  const consistent = (line: string, contract = 'volatile'): string =>
    judgeTold(line, { contract }).consistentWith.join(' ')
  test('nothing lost: everything', () =>
    assert.equal(consistent('w1@0+1 F w2@1+1 CUT 12'), 'write-through ordered volatile virtio-strict'))
  test('the tail lost: not write-through', () =>
    assert.equal(consistent('w1@0+1 F w2@1+1 CUT 1.'), 'ordered volatile virtio-strict'))
  test('a hole: not ordered', () =>
    assert.equal(consistent('w1@0+1 F w2@1+1 w3@2+1 CUT 1.3'), 'volatile virtio-strict'))
  test('garbage under an unstable write: virtio-strict alone', () =>
    assert.equal(consistent('w1@0+1 F w2@0+1 CUT g'), 'virtio-strict'))
  test('a stable write lost: nothing', () => assert.equal(consistent('w1@0+1 F CUT .'), ''))
  test('a phantom in an undefined sector: nothing', () => assert.equal(consistent('w1@0+1 F i2@0+1 END CUT P9'), ''))
  test('all or nothing, where no such write is torn', () => {
    const whole = consistent('w1@0+2 F i2@0+2 CUT 22', 'volatile,atomic=1k')
    assert.equal(whole, 'write-through ordered volatile virtio-strict atomic=1024')
    const torn = consistent('w1@0+2 F i2@0+2 CUT 12', 'volatile,atomic=1k')
    assert.equal(torn, 'write-through ordered volatile virtio-strict')
  })
  test('the same whatever the contract asked for', () => {
    for (const contract of ['write-through', 'ordered', 'volatile', 'virtio-strict']) {
      assert.equal(consistent('w1@0+1 F w2@1+1 w3@2+1 CUT 1.3', contract), 'volatile virtio-strict')
    }
  })
})

test('a verdict that cannot acquit says why', () => {
  const why = (line: string): readonly string[] => judgeTold(line).inconclusiveBecause
  assert.match(why('w1@0+1 CUT 1').join('; '), /^no write was stable when the cut came/)
  assert.match(why('w1@0+1 F w2@0+1 CUT 2').join('; '), /^every stable sector was overwritten by a later write/)
})

describe('a verdict says how much it checked', () => {
  test('sectors, stable and superseded', () => {
    const { checked, exposure } = judgeTold('w1@0+2 F w2@0+1 w3@2+1 CUT 21.3')
    assert.deepEqual(checked, {
      sectors: 4,
      stableSectors: 2,
      supersededSectors: 1,
      stableWrites: 1,
      completeWrites: 3,
      issuedWrites: 3,
      flushes: 1,
    })
    assert.equal(exposure.lostWrites, 1)
  })
  test('missing sectors and the boundary of a tear', () => {
    const [finding] = judgeTold('w1@8+16 F w2@0+16 CUT ........2222222211111111').findings
    assert.deepEqual(finding?.missingSectors, [0, 1, 2, 3, 4, 5, 6, 7])
    assert.deepEqual(finding?.boundaries, [4096])
    assert.deepEqual(finding?.boundaryAlignments, [4096])
  })
})

table('all or nothing, with and without undefined sectors', [
  // An atomic write that is not stable leaves nothing undefined below it.
  ['w1@0+1 F i2@0+2 CUT g2', 'violation: corrupt! @0', { contract: 'virtio-strict,atomic=1k' }],
  ['w1@0+1 F i2@0+2 CUT g2', 'inconclusive: corrupt @0', { contract: 'virtio-strict' }],
  ['w1@0+1 F i2@0+2 CUT 12', 'violation: torn! w2 atomic', { contract: 'virtio-strict,atomic=1k' }],
  // A sector that another write leaves undefined proves no tear, neither by what it holds nor by what it lacks.
  ['w1@0+1 F i2@0+2 i3@0+3 CUT 12.', 'inconclusive: torn w2', { contract: 'virtio-strict,atomic=1k' }],
  ['w1@0+1 F i2@0+2 i3@1+3 CUT 12..', 'held: torn w2', { contract: 'virtio-strict,atomic=1k' }],
  // Two in flight together may stand side by side.
  ['i1@0+2 i2@0+2 CUT 12', 'inconclusive: ', { contract: 'volatile,atomic=1k' }],
])
