/** The sentences over the matrix: what they say of what was counted, and what they admit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matrixView } from '../../src/collector/view/matrix.ts'
import { type CellCounts, FACETS } from '../../src/core/campaign/facts.ts'
import { cellState, type MatrixView } from '../../src/core/view/matrix-view.ts'

const counts = (changes: Partial<CellCounts>): CellCounts => ({
  rig: 'qemu',
  cache: 'none',
  image: 'raw',
  cut: 'sigkill',
  fault: '',
  control: '',
  campaign: 'c',
  runs: 0,
  verified: 0,
  withoutCut: 0,
  violationWithoutCut: 0,
  held: 0,
  violation: 0,
  inconclusive: 0,
  telling: 0,
  lost: 0,
  torn: 0,
  reordered: 0,
  other: 0,
  lostBytes: 0,
  oldestLostMs: 0,
  lastAt: '2026-01-01T00:00:00.000Z',
  ...changes,
})

const held = (runs: number, changes: Partial<CellCounts> = {}): CellCounts =>
  counts({ runs, verified: runs, held: runs, telling: runs, ...changes })

const broken = (runs: number, changes: Partial<CellCounts> = {}): CellCounts =>
  counts({ runs, verified: runs, violation: runs, telling: runs, lost: runs, ...changes })

// Facets only go through.
const NO_FACETS: MatrixView['facets'] = JSON.parse(JSON.stringify(Object.fromEntries(FACETS.map((name) => [name, []]))))
const view = (...cells: CellCounts[]): MatrixView => matrixView(cells, NO_FACETS)
const told = (...cells: CellCounts[]): string[] => {
  const { sentence, more } = view(...cells)
  return [sentence, ...more]
}

test('the state of a configuration is the worst that is known of it', () => {
  const state = (changes: Partial<CellCounts>): string => cellState(counts(changes))
  assert.equal(state({}), 'none')
  assert.equal(state({ inconclusive: 3 }), 'inconclusive')
  assert.equal(state({ inconclusive: 3, held: 1 }), 'held')
  assert.equal(state({ held: 9, torn: 1 }), 'hazard')
  assert.equal(state({ inconclusive: 1, lost: 1 }), 'hazard')
  assert.equal(state({ held: 9, violation: 1, lost: 1 }), 'violation')
  assert.equal(state({ held: 9, violationWithoutCut: 1 }), 'violation')
})

test('campaigns of one configuration are one cell, whose rates are of their sums', () => {
  const { cells, runs, verified } = view(
    held(8, { campaign: 'a', lastAt: '2026-01-01T00:00:00.000Z', oldestLostMs: 5 }),
    broken(2, { campaign: 'b', lastAt: '2026-01-02T00:00:00.000Z', oldestLostMs: 9, lostBytes: 512 }),
    held(3, { image: 'qcow2' }),
  )
  assert.deepEqual([cells.length, runs, verified], [2, 13, 13])
  const [both] = cells
  assert.equal(both?.state, 'violation')
  assert.deepEqual([both?.rates.violation.count, both?.rates.violation.of], [2, 10])
  assert.deepEqual([both?.oldestLostMs, both?.lostBytes, both?.lastAt], [9, 512, '2026-01-02T00:00:00.000Z'])
  assert.deepEqual(
    both?.campaigns.map(({ campaign, state }) => [campaign, state]),
    [
      ['b', 'violation'],
      ['a', 'held'],
    ],
  )
})

test('what broke is named by how it was set up, the surest first, and what it showed', () => {
  assert.deepEqual(
    told(
      broken(1, { cache: 'writeback', cut: 'host-power' }),
      broken(9, { cache: 'unsafe', image: 'raw' }),
      broken(9, { cache: 'unsafe', image: 'qcow2', torn: 2 }),
      held(60),
    ),
    [
      '3 of 4 tested configurations broke the promise made to the guest: cache unsafe, cut by sigkill, on raw and qcow2 (18 of 18 cuts: lost, torn) and cache writeback, cut by host-power, on raw (1 of 1 cut: lost).',
      '1 kept every promise and lost nothing.',
      'In 60 cuts, up to 4.9 % of its cuts could break a promise unseen.',
    ],
  )
})

test('where nothing broke, the sentence says in how many cuts, and how much those could have missed', () => {
  assert.deepEqual(told(held(40), held(3, { cache: 'unsafe', lost: 1, reordered: 2 })), [
    'None of 2 tested configurations broke a promise in 43 cuts that acquit or convict.',
    '1 kept it but lost or reordered writes that no flush had covered.',
    '1 kept every promise and lost nothing.',
    'The least tested of them was cut 3 times: up to 63.2 % of its cuts could break a promise unseen.',
  ])
  assert.equal(
    told(held(1))[0],
    'The one configuration that was tested broke no promise in 1 cut that acquits or convicts.',
  )
})

test('a sentence over nothing claims nothing', () => {
  assert.deepEqual(told(), ['There is no run that these filters let through.'])
  assert.deepEqual(told(counts({ runs: 2 }), counts({ runs: 1, inconclusive: 1, image: 'qcow2' })), [
    'Nothing can be said yet: none of 3 runs in 2 configurations was cut and then acquitted or convicted.',
  ])
  assert.equal(told(held(3), counts({ runs: 1, image: 'qcow2' })).at(-1), 'Of 1 nothing can be said yet.')
})

const open = (runs: number, changes: Partial<CellCounts> = {}): CellCounts =>
  counts({ runs, verified: runs, inconclusive: runs, telling: runs, ...changes })

test('what was lost where no cut acquits is told without a promise that was kept', () => {
  assert.deepEqual(told(open(3, { lost: 3 })), [
    'No promise could be checked: none of 3 runs in 1 configuration was cut and then acquitted or convicted.',
    '1 lost writes; no promise could be checked.',
  ])
  assert.deepEqual(
    told(open(3, { lost: 3, torn: 1 }), held(30, { image: 'qcow2', lost: 1 }), held(60, { image: 'qed' })),
    [
      'None of 2 tested configurations broke a promise in 90 cuts that acquit or convict.',
      '1 kept it but lost writes that no flush had covered.',
      '1 kept every promise and lost nothing.',
      'The least tested of them was cut 30 times: up to 9.5 % of its cuts could break a promise unseen.',
      '1 lost or tore writes; no promise could be checked.',
    ],
  )
})

test('configurations are counted that were tested, and cuts that tested them', () => {
  assert.deepEqual(
    told(broken(2, { inconclusive: 5, runs: 7 }), open(4, { image: 'qcow2' }), counts({ image: 'qed' })),
    [
      '1 of 1 tested configuration broke the promise made to the guest: cache none, cut by sigkill, on raw (2 of 2 cuts: lost).',
      'Counted are the cuts that acquit or convict; 5 more did neither.',
      'Of 2 nothing can be said yet.',
    ],
  )
})

test('a promise that was broken without a cut is told, though it is in no rate', () => {
  const { cells } = view(held(9, { runs: 11, verified: 11, withoutCut: 2, violationWithoutCut: 2 }))
  assert.deepEqual([cells[0]?.state, cells[0]?.rates.violation.count], ['violation', 0])
  assert.equal(
    told(held(9, { withoutCut: 2, violationWithoutCut: 2 }))[0],
    '1 of 1 tested configuration broke the promise made to the guest: cache none, cut by sigkill, on raw (0 of 9 cuts and 2 runs without a cut).',
  )
  assert.equal(
    told(counts({ runs: 1, verified: 1, withoutCut: 1, violationWithoutCut: 1 }))[0],
    '1 of 1 tested configuration broke the promise made to the guest: cache none, cut by sigkill, on raw (1 run without a cut).',
  )
})

test('a disk that was told to lie is a cell of its own, says what made it lie, and comes last', () => {
  const cells = [
    broken(9, { fault: 'drop-flush' }),
    broken(9, { control: 'yes' }),
    broken(1),
    held(2, { campaign: 'd' }),
  ]
  assert.equal(view(...cells).cells.length, 3)
  assert.deepEqual(told(...cells), [
    '3 of 3 tested configurations broke the promise made to the guest: cache none, cut by sigkill, on raw (1 of 3 cuts: lost); cache none, cut by sigkill, injected fault drop-flush, on raw (9 of 9 cuts: lost) and cache none, cut by sigkill, positive control, on raw (9 of 9 cuts: lost).',
    '2 of those that broke it were told to lie.',
  ])
})
