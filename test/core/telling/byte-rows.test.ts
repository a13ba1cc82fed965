/** Rows of bytes side by side, and the comparison of a sector with the version that should be there. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ByteRow, byteRows } from '../../../src/core/telling/byte-rows.ts'
import { SectorComparer, type SectorComparison } from '../../../src/core/telling/sector-comparison.ts'
import { coveringWrites, runsFoundFor, stripOf } from '../../../src/core/telling/strip.ts'
import { type ToldOptions, runTold } from '../../support/history-language.ts'

const shape = (rows: readonly ByteRow[]): string =>
  rows
    .map((row) =>
      row.kind === 'gap' ? `…${row.rows}/${row.differing}` : `${row.offset}${row.differs.includes(true) ? '!' : ''}`,
    )
    .join(' ')

describe('byte rows', () => {
  const sector = (): Uint8Array => Uint8Array.from({ length: 512 }, (_, i) => i % 251)
  test('equal sectors have nothing to show', () => {
    const { rows, differingBytes, firstDifference } = byteRows(sector(), sector())
    assert.equal(shape(rows), '…64/0')
    assert.deepEqual([differingBytes, firstDifference], [0, undefined])
  })
  test('one byte that differs, with a row on either side', () => {
    const found = sector()
    found[300] = (found[300] ?? 0) ^ 4
    const { rows, differingBytes, firstDifference } = byteRows(sector(), found)
    assert.equal(shape(rows), '…36/0 288 296! 304 …25/0')
    assert.deepEqual([differingBytes, firstDifference], [1, 300])
  })
  test('a tear is seen from both sides, whatever differs', () => {
    const found = sector()
    found.fill(0xff, 256)
    assert.equal(
      shape(byteRows(sector(), found, 256).rows),
      '…30/0 240 248 256! 264! 272! 280! 288! 296! 304! 312! 320! …23/23',
    )
    assert.equal(shape(byteRows(sector(), sector(), 256).rows), '…30/0 240 248 256 264 …30/0')
  })
  test('many rows that differ are told by the first ones', () => {
    const { rows } = byteRows(sector(), new Uint8Array(512).fill(0xfe))
    assert.equal(shape(rows), '0! 8! 16! 24! 32! 40! 48! 56! 64! …55/55')
  })
})

describe('a sector compared', () => {
  function compared(line: string, lba: number, options: ToldOptions = {}): SectorComparison {
    const { verdict, history, buffer } = runTold(line, options)
    const [finding] = verdict.findings.filter((one) => one.lba <= lba && lba < one.lba + one.sectors)
    assert.ok(finding)
    const covering = coveringWrites(history, { name: 'volatile' }, finding)
    const cells = stripOf(history, finding, covering, runsFoundFor(finding, verdict.findings))
    return new SectorComparer(history).compare(lba, buffer.sector(lba), finding, cells, covering)
  }
  test('a mix of two versions is torn where they meet', () => {
    const { expected, tearAt, bytes, found, stamp } = compared('w1@0+1 F w2@0+1 CUT m12', 0)
    assert.deepEqual([expected, tearAt, found.kind], [2, 256, 'mix'])
    assert.deepEqual([stamp?.write, stamp?.whole], [1, false], 'the head is still of write 1')
    assert.ok((bytes?.firstDifference ?? 512) < 64, 'write 1 is not write 2 from its header on')
    const head = compared('w1@0+1 F w2@0+1 CUT m21', 0)
    assert.ok((head.bytes?.firstDifference ?? 0) >= 256, 'up to the tear it is write 2')
  })
  test('a flipped bit is one byte from the version it was', () => {
    const { expected, bytes, stamp } = compared('w1@0+1 F CUT b1', 0)
    assert.deepEqual([expected, bytes?.differingBytes, bytes?.firstDifference], [1, 1, 300])
    assert.equal(stamp?.whole, true)
  })
  test('a lost write is held against what stands there instead, with what that says of itself', () => {
    const { expected, stamp, bytes } = compared('w1@0+2 F w2@0+2 F CUT 11', 1)
    assert.deepEqual([expected, stamp?.write, stamp?.lba, stamp?.index, stamp?.whole], [2, 1, 1, 1, true])
    assert.ok((bytes?.differingBytes ?? 0) > 300)
    assert.equal(compared('w1@0+1 F CUT z', 0).isZeros, true)
  })
  test('a baseline is made again where it was formatted or zero, and else known by its digest alone', () => {
    const line = 'w1@0+1 F CUT 1g'
    assert.equal(compared(line, 1).bytes, undefined)
    assert.ok(compared(line, 1, { baseline: 'format' }).bytes)
    const zeros = compared(line, 1, { baseline: 'zeros' })
    assert.deepEqual([zeros.expected, zeros.bytes?.differingBytes], [0, 512])
  })
})
