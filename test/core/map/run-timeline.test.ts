/** The timeline of a run, from lines of the history language: one event a millisecond. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HistoryBuilder } from '../../../src/core/history.ts'
import { spreadOf } from '../../../src/core/map/latency-spread.ts'
import { RunEventReader } from '../../../src/core/map/run-events.ts'
import { type RunTimeline, runTimeline, type TimelineSpan, wholeSpan } from '../../../src/core/map/run-timeline.ts'
import { LogDecoder } from '../../../src/core/wire.ts'
import { runTold } from '../../support/history-language.ts'

function timelineTold(line: string, span?: TimelineSpan): RunTimeline {
  const { log } = runTold(line)
  const builder = new HistoryBuilder()
  const reader = new RunEventReader(builder)
  const decoder = new LogDecoder(reader)
  decoder.push(log)
  const history = builder.finish(decoder.end())
  return runTimeline(history, reader.finish(), span ?? wholeSpan(history, 4))
}

describe('the timeline of a run', () => {
  it('counts each event in the bucket of its time', () => {
    const { buckets, lastRecordMs } = timelineTold('i1@0+1 i2@1+1 c1 c2 F CUT 12', { fromMs: 1, toMs: 7, buckets: 3 })
    assert.deepEqual(
      buckets.map(({ fromMs, issued, completed, flushes }) => [fromMs, issued, completed, flushes]),
      [
        [1, 2, 0, 0],
        [3, 0, 2, 0],
        [5, 0, 0, 1],
      ],
    )
    assert.deepEqual(buckets[1]?.writeMs, { min: 2, median: 2, p99: 2, max: 2 })
    assert.equal(buckets[0]?.writeMs, undefined)
    assert.deepEqual(buckets[2]?.flushMs, { min: 1, median: 1, p99: 1, max: 1 })
    assert.equal(lastRecordMs, 6)
  })

  it('covers the whole run, its last record too', () => {
    const { buckets, fromMs, toMs, endedMs } = timelineTold('w1@0+1 w2@1+1 F END CUT 12')
    assert.equal(fromMs, 0)
    assert.equal(toMs, 7.001)
    assert.equal(endedMs, 7)
    assert.equal(
      buckets.reduce((sum, { issued }) => sum + issued, 0),
      2,
    )
  })

  it('gives flushes their spans: done, failed, or under way when the log ends', () => {
    const { flushes } = timelineTold('w1@0+1 F f e f CUT 1')
    assert.deepEqual(flushes, [
      { flush: 1, issuedMs: 3, endedMs: 4 },
      { flush: 2, issuedMs: 5, endedMs: 6, failed: true },
      { flush: 3, issuedMs: 7 },
    ])
  })

  it('tells single writes that were under way in the span, and those that failed', () => {
    const { events, buckets } = timelineTold('w1@0+1 i2@1+1 i3@2+1! e2 c3 w4@0+1 CUT 4.3', {
      fromMs: 3,
      toMs: 6.5,
      buckets: 1,
    })
    assert.deepEqual(events, [
      { kind: 'write', write: 2, lba: 1, sectors: 1, issuedMs: 3 },
      { kind: 'failed', write: 2, ms: 5, errno: 5 },
      { kind: 'write', write: 3, lba: 2, sectors: 1, fua: true, issuedMs: 4, completedMs: 6 },
    ])
    assert.equal(buckets[0]?.failed, 1)
  })

  it('tells the windows', () => {
    assert.deepEqual(timelineTold('w1@0+1 CUT 1').windows, [
      { ms: 0.001, top: 0 },
      { ms: 0.001, top: 1 },
    ])
  })
})

describe('a spread', () => {
  it('takes the smallest value that so many do not exceed', () => {
    const us = Array.from({ length: 200 }, (_, i) => (200 - i) * 1000)
    assert.deepEqual(spreadOf(us), { min: 1, median: 100, p99: 198, max: 200 })
    assert.equal(spreadOf([]), undefined)
  })
})
