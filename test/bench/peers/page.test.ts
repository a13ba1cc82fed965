import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultCell, totalsOf } from '../../../bench/peers/cells.ts'
import { type FaultTrial, type HonestTrial, PEERS_SCHEMA, type PeersData, type Row } from '../../../bench/peers/data.ts'
import { pageText } from '../../../bench/peers/page.ts'

const SETTING = { flushEvery: 1, overwrites: true }

const trial = (over: Partial<FaultTrial> = {}): FaultTrial => ({
  repeat: 1,
  fault: 'flip-bit',
  word: 'faulty',
  detected: true,
  says: { 'crc32c: verify failed': 1 },
  named: true,
  changed: 1,
  found: 1,
  accused: 8,
  namesWrite: false,
  stray: 0,
  ms: 5,
  ...over,
})

const honest = (over: Partial<HonestTrial> = {}): HonestTrial => ({
  repeat: 1,
  word: 'sound',
  says: {},
  writes: 100,
  flushes: 6,
  writesAtRisk: 4,
  ms: 5,
  ...over,
})

const row = (over: Partial<Row> = {}): Row => ({
  name: 'fio',
  version: 'fio-3.33',
  setting: SETTING,
  fate: 'runs on',
  commands: ['fio --name=crash'],
  honest: [honest()],
  faults: [trial()],
  problems: [],
  ...over,
})

const MISSED = trial({ word: 'sound', detected: false, says: {}, named: false, found: 0, accused: 0 })
const FALSE_ALARM = honest({ word: 'faulty', says: { 'verify: bad magic header 0, wanted acca': 4 } })

describe('a cell of the table', () => {
  it('says how often, by what name and where', () => {
    assert.equal(faultCell(row(), 'flip-bit'), '1 of 1; named: “crc32c: verify failed”; those sectors and 7 more')
    assert.equal(
      faultCell(row({ faults: [trial({ accused: 1, namesWrite: true }), MISSED] }), 'flip-bit'),
      '1 of 2; named: “crc32c: verify failed”; the very sectors, and which write',
    )
  })

  it('marks a detection that a false alarm could be taken for', () => {
    const lost = trial({ says: { ...FALSE_ALARM.says } })
    assert.match(faultCell(row({ honest: [honest(), FALSE_ALARM], faults: [lost] }), 'flip-bit'), /^1 of 1 †;/)
    assert.match(faultCell(row({ faults: [lost] }), 'flip-bit'), /^1 of 1;/)
  })

  it('does not doubt one that is in other words than the false alarms', () => {
    assert.match(faultCell(row({ honest: [FALSE_ALARM] }), 'flip-bit'), /^1 of 1;/)
  })

  it('tells a miss from no result and from no trial', () => {
    assert.equal(faultCell(row({ faults: [MISSED] }), 'flip-bit'), '**0 of 1**')
    const undecided = trial({ ...MISSED, word: 'cannot tell', said: 'no state' })
    assert.equal(faultCell(row({ faults: [undecided] }), 'flip-bit'), '0 of 1: no result (no state)')
    assert.equal(faultCell(row(), 'torn-block'), 'no trial')
  })

  it('says what share was found', () => {
    assert.match(faultCell(row({ faults: [trial({ changed: 16, found: 8, accused: 8 })] }), 'flip-bit'), /50\.0 %/)
  })
})

const data = (rows: readonly Row[]): PeersData => ({
  schema: PEERS_SCHEMA,
  command: 'npm run bench -- peers',
  at: '2026-01-02T03:04:05Z',
  seed: '00000000000000aa',
  repeats: 1,
  machine: { kernel: '6.1' },
  faults: ['flip-bit'],
  rows,
  absent: [{ name: 'diskchecker.pl', why: 'not supplied', settings: [SETTING] }],
})

describe('the page', () => {
  it('adds up a tool over its settings', () => {
    const rows = [row(), row({ honest: [FALSE_ALARM], faults: [trial({ says: { ...FALSE_ALARM.says } }), MISSED] })]
    assert.deepEqual(totalsOf(data(rows), 'fio'), [
      'fio',
      'fio-3.33',
      '2 of 3',
      '1',
      '2 of 3',
      '0 of 3',
      '0 of 3',
      '1 of 2',
      '4',
    ])
  })

  it('never has a result for a tool that was not supplied', () => {
    const lines = pageText(data([row()])).split('\n')
    assert.ok(lines.includes('| fault | fio | diskchecker.pl |'))
    assert.ok(lines.some((line) => line.startsWith('| `flip-bit` | 1 of 1;') && line.endsWith('| not supplied |')))
    assert.ok(lines.includes('| diskchecker.pl | not supplied | – | – | – | – | – | – | – |'))
  })

  it('tells of trials that came to no end', () => {
    assert.match(
      pageText(data([row({ problems: ['run 1: timed out'] })])),
      /- fio, flush every write, overwrites: run 1: timed out/,
    )
  })
})
