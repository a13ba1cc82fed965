/** The life of a few writes out of a log: events in their order, lanes, and the strip with what may and must be there. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Life, LifeReader } from '../../../src/core/telling/life.ts'
import { legendOf, stripLines } from '../../../src/core/telling/strip-picture.ts'
import { type StripCell, coveringWrites, stripOf } from '../../../src/core/telling/strip.ts'
import { lanesOf } from '../../../src/core/telling/timeline-picture.ts'
import { orderOf, timelineOf } from '../../../src/core/telling/timeline.ts'
import { LogDecoder } from '../../../src/core/wire.ts'
import { type ToldRun, runTold } from '../../support/history-language.ts'

function lifeOf({ history, log }: ToldRun, ...writes: number[]): Life {
  const reader = new LifeReader(history, writes)
  const decoder = new LogDecoder(reader)
  decoder.push(log)
  return reader.finish()
}

const events = (life: Life): string =>
  timelineOf(life)
    .map(
      (event) =>
        `${event.number}:${event.kind}${'write' in event ? ` w${event.write}` : ` f${event.flush}`}@${event.ms}`,
    )
    .join(' ')

describe('life', () => {
  test('tells the events of the writes asked for, and of the flushes that matter to them', () => {
    const run = runTold('w1@0+1 F w2@1+1 F w3@0+1 f CUT 32')
    assert.equal(
      events(lifeOf(run, 1, 3)),
      '1:issue w1@1 2:complete w1@2 3:flush-issue f1@3 4:flush-complete f1@4 5:issue w3@9 6:complete w3@10 7:flush-issue f3@11',
    )
    assert.equal(lifeOf(run, 1, 3).writes[0]?.flushedBy, 1)
    assert.equal(lifeOf(run, 1, 3).writes[1]?.flushedBy, undefined)
    assert.equal(lifeOf(run, 1).last.ms, 11)
  })
  test('knows a write that failed, and one whose issue never arrived', () => {
    const life = lifeOf(runTold('i1@0+1 e1 CUT .'), 1)
    assert.deepEqual([life.writes[0]?.failure?.errno, life.writes[0]?.completion], [5, undefined])
    const unissued = lifeOf(runTold('w1@0+1 F N2 i2@0+1 CUT 1'), 1, 2)
    assert.equal(unissued.writes.length, 2)
  })
  test('a flush that was under way when a write completed does not count for it', () => {
    const life = lifeOf(runTold('i1@0+1 f c1 d F CUT .'), 1)
    assert.deepEqual(
      life.flushes.map(({ flush }) => flush),
      [2],
    )
  })
  test('says which write was before which', () => {
    const run = runTold('w1@0+1 i2@0+1 i3@0+1 c2 c3 CUT 1')
    const order = orderOf(run.history, lifeOf(run, 1, 2, 3).writes)
    assert.deepEqual(
      order.map(({ first, second, isBefore }) => [first, second, isBefore]),
      [
        [1, 2, true],
        [2, 3, false],
      ],
    )
  })
  test('is drawn in lanes, over the order of the events', () => {
    const run = runTold('w1@0+1 F i2@0+1 CUT 1')
    assert.deepEqual(lanesOf(lifeOf(run, 1, 2), { stableWhenComplete: false }), [
      '          1  2  3  4  5  ✂',
      'w1        I──C······═════',
      'flush 1         I──C',
      'w2                    I──',
    ])
    const through = lanesOf(lifeOf(run, 1), { stableWhenComplete: true })
    assert.match(through[1] ?? '', /I──C═+/)
  })
})

describe('strip', () => {
  const strip = (line: string): readonly StripCell[] => {
    const { history, verdict } = runTold(line)
    const place = history.plan.spec.region
    const covering = coveringWrites(history, { name: 'volatile' }, place)
    return stripOf(history, place, covering, verdict.findings[0]?.runs ?? [])
  }
  const sets = (line: string): string =>
    strip(line)
      .map(({ lba, sectors, floor, allowed }) => `${lba}+${sectors}[${floor.join()}|${allowed.join()}]`)
      .join(' ')
  test('floor and allowed contents, stretch by stretch', () => {
    assert.equal(sets('w1@1+2 F w2@0+2 CUT .21'), '0+1[|0,2] 1+1[1|1,2] 2+1[1|1]')
    assert.equal(sets('w1@0+1 F w2@0+1 F CUT 1'), '0+1[2|2]')
    assert.equal(sets('i1@0+1 i2@0+1 c1 c2 F CUT 1'), '0+1[1,2|1,2]', 'the floor is a set')
    assert.equal(sets('i1@0+1 i2@0+1 c2 F CUT 1'), '0+1[2|1,2]', 'what is not before the floor is allowed')
    assert.equal(sets('w1@0+1! CUT 1'), '0+1[1|1]')
    assert.equal(sets('w1@0+1 CUT .1'), '0+1[|0,1] 1+1[|0]')
  })
  test('agrees with the judge about what is allowed', () => {
    for (const line of [
      'w1@0+1 F w2@0+1 CUT 1',
      'w1@0+1 F w2@0+1 CUT 2',
      'w1@0+1 F w2@0+1 F CUT 1',
      'i1@0+1 i2@0+1 c1 c2 F CUT 1',
    ]) {
      const found = Number(line.at(-1))
      const { verdict } = runTold(line)
      const isAllowed = strip(line)[0]?.allowed.includes(found)
      assert.equal(isAllowed, verdict.violations.lost === 0, line)
    }
  })
  test('is drawn as a table', () => {
    assert.deepEqual(legendOf(stripLines(strip('w1@1+2 F w2@0+2 CUT .21'), 2)), [
      'old: what was there before the run; w2: write 2',
    ])
    assert.deepEqual(legendOf(['│ old │ junk near old │']), ['old: what was there before the run'])
    assert.deepEqual(legendOf(['│ w3 │'], ' of the script'), ['w3: write 3 of the script'])
    assert.deepEqual(legendOf(['│ zeros │']), [])
    assert.deepEqual(stripLines(strip('w1@1+2 F w2@0+2 CUT .21'), 2), [
      '          ┌─────────┬─────────────┬──────────┐',
      'sectors   │ 0       │ 1           │ 2        │',
      '          ├─────────┼─────────────┼──────────┤',
      'written   │ w2      │ w2          │ w1       │',
      'may be    │ old w2  │ w1 w2       │ w1       │',
      'must be   │ –       │ w1 or later │ w1       │',
      'found     │ old     │ w2          │ not told │',
      'w2 is     │ missing │ present     │ –        │',
      '          └─────────┴─────────────┴──────────┘',
    ])
  })
})
