/** What a folder says in the end: cells, verdict, and the page. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resultsPage } from '../../../src/rig/matrix/page.ts'
import { triesOn } from '../../../src/rig/matrix/controls.ts'
import { type BriefCycle, type StateRecord, stateOf } from '../../../src/rig/matrix/record.ts'
import { type MatrixResult, matrixResult } from '../../../src/rig/matrix/result.ts'
import { matrixJson } from '../../../src/rig/matrix/show.ts'
import { matrixText } from '../../../src/rig/matrix/text.ts'
import { type Found, begun, caught, cycle, failed, ran } from './examples.ts'

const SMALL = {
  rig: 'storage-daemon,host-power',
  image: 'qcow2',
  cache: 'none,unsafe',
  cut: 'sigkill,host-power',
  cycles: '4',
}
const LIAR = caught('host-power/qcow2/unsafe/host-power')
const LOST = { hazards: { lost: 3 } } as const
const KILLED = 'storage-daemon/qcow2/none/sigkill'
const KILLED_UNSAFE = 'storage-daemon/qcow2/unsafe/sigkill'
const DARK = 'host-power/qcow2/none/host-power'
const DARK_UNSAFE = 'host-power/qcow2/unsafe/host-power'

const four = (cell: string, found = {}): readonly StateRecord[] =>
  ran(cell, ...[1, 2, 3, 4].map((n) => cycle(n, found)))

const WHOLE: readonly StateRecord[] = [
  ...begun(SMALL),
  LIAR,
  ...four(KILLED, LOST),
  ...four(KILLED_UNSAFE, LOST),
  ...four(DARK, LOST),
  ...four(DARK_UNSAFE, { violations: { lost: 40 } }),
  { kind: 'machine', cell: KILLED, facts: { kernel: '6.1', nbdkit: 'nbdkit 1.32' } },
]
const resultOf = (records: readonly StateRecord[]): MatrixResult => matrixResult(stateOf(records))
const without = (cell: string): readonly StateRecord[] =>
  WHOLE.filter((record) => record.kind !== 'cycle' || record.cell !== cell)

describe('the result of a matrix', () => {
  it('is held where only the mode without a promise broke it', () => {
    const { verdict, cells, cyclesDone, cyclesWanted, controls, endedAt } = resultOf(WHOLE)
    assert.deepEqual([verdict, cyclesDone, cyclesWanted, cells.length, controls.length], ['held', 16, 16, 4, 1])
    assert.equal(cells.find(({ rig, cache }) => rig === 'host-power' && cache === 'unsafe')?.verdict, 'violation')
    assert.equal(endedAt, '2026-01-02T03:04:05.000Z')
  })

  it('is a violation where a mode with a promise broke it', () => {
    const { verdict } = resultOf([...without(DARK), ...four(DARK, { violations: { lost: 1 } })])
    assert.equal(verdict, 'violation')
  })

  const unclear: readonly (readonly [string, readonly StateRecord[], RegExp])[] = [
    ['cycles are missing', [...without(DARK), ...ran(DARK, cycle(1))], /1 of 4 cycles are done/],
    ['a cycle came to nothing', [...WHOLE, ...ran(DARK, failed(2, 'no disk'))], /1 of 4 cycles are inconclusive/],
    ['a cell was not run', without(DARK), /no cycle was run/],
    ['the liar was not caught', WHOLE.filter((record) => record !== LIAR), /the positive control was not caught/],
  ]
  for (const [what, records, reason] of unclear) {
    it(`is inconclusive where ${what}`, () => {
      const { verdict, cells } = resultOf(records)
      assert.equal(verdict, 'inconclusive')
      assert.match(
        cells.find(({ rig, cache }) => rig === 'host-power' && cache === 'none')?.inconclusiveBecause.join() ?? '',
        reason,
      )
    })
  }

  it('counts nothing for a document that inconclusive cycles did not see', () => {
    const blind = [1, 2, 3, 4].map((n): BriefCycle => {
      const { verdict, ...rest } = cycle(n)
      assert.ok(verdict !== undefined)
      return { ...rest, word: 'inconclusive', verdict: { ...verdict, verdict: 'inconclusive' } }
    })
    const raw = { ...SMALL, image: 'raw', cache: 'none', cut: 'sigkill', rig: 'storage-daemon' }
    const held = 'storage-daemon/raw/none/sigkill'
    const liar = caught('host-power/raw/unsafe/host-power')
    const words = (records: readonly StateRecord[]): readonly string[] | undefined =>
      resultOf([...begun(raw), liar, ...records]).cells[0]?.documents.map(({ word }) => word)
    assert.deepEqual(words(ran(held, ...blind)), ['cannot tell', 'cannot tell'])
    assert.deepEqual(words(four(held)), ['consistent with', 'consistent with'])
  })

  it('trusts no liar that was caught under other versions only', () => {
    const liar = (n: number, qemu: string, found: Found): StateRecord => ({
      kind: 'control',
      control: 'host-power/qcow2/unsafe/host-power',
      host: { qemu },
      cycle: cycle(n, found),
    })
    const rest = WHOLE.filter((record) => record !== LIAR)
    const old = liar(1, '7', { violations: { lost: 9 } })
    const views = (...liars: readonly StateRecord[]) =>
      resultOf([...rest, ...liars]).controls.map(({ caught: isCaught, cycles }) => [isCaught, cycles])
    assert.deepEqual(views(old), [[true, 1]])
    assert.deepEqual(views(old, liar(2, '8', {})), [[false, 1]])
    assert.deepEqual(views(old, liar(2, '8', {}), liar(3, '8', { violations: { lost: 1 } })), [[true, 2]])
    const records = [old, LIAR].flatMap((record) => (record.kind === 'control' ? [record] : []))
    assert.deepEqual(triesOn({ qemu: '7' }, records), [old])
    assert.deepEqual(triesOn({ qemu: '8' }, records), [], 'it is run again, also where no host was kept')
  })

  it('says why a cell proves nothing, in the text and on the page', () => {
    const result = resultOf([...without(DARK), ...ran(DARK, cycle(1), failed(2, 'no disk | no fun'))])
    assert.match(matrixText(result), /host-power\/qcow2\/none\/host-power: no disk \| no fun\n/)
    assert.match(resultsPage([result]), /- host-power\/qcow2\/none\/host-power: no disk \\\| no fun\n/)
  })

  it('is the same page from the folder and from its JSON', () => {
    const result = resultOf(WHOLE)
    const again: MatrixResult = JSON.parse(matrixJson(result))
    assert.deepEqual(again, JSON.parse(JSON.stringify(result)))
    assert.equal(resultsPage([again]), resultsPage([result]))
    assert.equal(matrixJson(result).split('\n').length, result.cells.length + 3, 'a line for each cell')
  })

  it('shows rates with their bounds, the machine, the command and the liar', () => {
    const page = resultsPage([resultOf(WHOLE)])
    for (const text of [
      '| none | qcow2 | held | 4 | 0/4 (<53 %) | 4/4 (47–100 %) | 0/4 (<53 %) | 0/4 (<53 %) | 3.0 ms | 12 writes, 48 KiB |',
      '| unsafe | qcow2 | VIOLATION | 4 | 4/4 (47–100 %) |',
      'plugpull matrix --output lab',
      'storage-daemon: kernel 6.1; nbdkit 1.32',
      'host-power/qcow2/unsafe/host-power: caught in 1 cycle',
      '### cache=none',
      'The guest is told, say the documents: write back. Not seen here',
    ])
      assert.ok(page.includes(text), text)
  })
})
