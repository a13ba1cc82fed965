/** What many verdicts say together. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CampaignSummary, summarise } from '../../../src/core/campaign/campaign.ts'
import { evidenceOf } from '../../../src/core/campaign/evidence.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { lossyVerdict, runId, sampleMeasures, sampleVerdict } from '../../collector/helpers.ts'
import { type ToldOptions, judgeTold } from '../../support/history-language.ts'

test('a campaign without verdicts claims nothing', () => {
  const summary = summarise(3, [])
  assert.deepEqual([summary.runs, summary.verified], [3, 0])
  assert.deepEqual([summary.rates.violation.text, summary.rates.lost.low, summary.rates.lost.high], ['no runs', 0, 1])
})

test('latencies are summed over the runs that have them', () => {
  const spread = (lower: number, most: number) => ({ classes: { [lower]: 2 }, most })
  const measured = (run: string, write: number) =>
    sampleVerdict(run, {
      measures: { ...sampleMeasures, latencyUs: { write: spread(write, write + 1), flush: spread(64, 65) } },
    })
  const older = sampleVerdict(runId(3), { measures: sampleMeasures })
  const { measures } = summarise(3, [measured(runId(1), 30), measured(runId(2), 32), older])
  assert.deepEqual(measures?.latencyUs, {
    runs: 2,
    write: { classes: { 30: 2, 32: 2 }, most: 33 },
    flush: { classes: { 64: 4 }, most: 65 },
  })
  assert.equal(summarise(1, [older]).measures?.latencyUs, undefined)
})

test('counts are summed, ages are the worst, rates are of runs', () => {
  const worse = lossyVerdict(runId(3))
  const summary = summarise(5, [
    sampleVerdict(runId(1)),
    lossyVerdict(runId(2)),
    {
      ...worse,
      hazards: { ...worse.hazards, lost: 7, torn: 2 },
      exposure: { lostWrites: 7, lostBytes: 100, oldestLostMs: 9000 },
    },
    sampleVerdict(runId(4), {
      verdict: 'violation',
      violations: { ...sampleVerdict('').violations, lost: 2, phantom: 1 },
      liedFlushes: 1,
    }),
    sampleVerdict(runId(5), { verdict: 'inconclusive' }),
  ])
  assert.deepEqual([summary.held, summary.violation, summary.inconclusive], [3, 1, 1])
  assert.deepEqual(
    [summary.hazards.lost, summary.hazards.torn, summary.violations.lost, summary.violations.phantom],
    [8, 2, 2, 1],
  )
  assert.deepEqual(summary.exposure, { lostWrites: 8, lostBytes: 4196, oldestLostMs: 9000 })
  assert.equal(summary.liedFlushes, 1)
  const { violation, lost, torn, reordered } = summary.rates
  // An inconclusive run neither acquits nor convicts, and of this one it is not known that it was read in full.
  assert.deepEqual([violation.count, violation.of], [1, 4])
  assert.deepEqual([lost.count, lost.of], [3, 4])
  assert.deepEqual([torn.count, torn.of, reordered.count], [1, 4, 0])
})

describe('which runs a hazard rate is a share of', () => {
  const NOTHING = 'no write was stable when the cut came, so nothing was promised that could be checked'
  const OVERWRITTEN = 'every stable sector was overwritten by a later write, so none was left to check'
  const lossy = { hazards: { lost: 1, torn: 0, reordered: 0, corrupt: 0 } }
  const rates = (changes: readonly Partial<Verdict>[]): CampaignSummary['rates'] =>
    summarise(
      changes.length,
      changes.map((change, i) => sampleVerdict(runId(i + 1), { verdict: 'inconclusive', ...change })),
    ).rates

  test('one that was read in full and had nothing to acquit counts, whether it shows something or not', () => {
    const { violation, lost, torn, reordered } = rates([
      { readInFull: true, ...lossy },
      { readInFull: true },
      { readInFull: true },
    ])
    assert.deepEqual([lost.count, lost.of, torn.of, reordered.of, violation.of], [1, 3, 3, 3, 0])
  })

  test('one that was not read in full is left out, whether it shows something or not', () => {
    const { lost, torn } = rates([{ readInFull: false, ...lossy }, { readInFull: false }, { readInFull: true }])
    assert.deepEqual([lost.count, lost.of, torn.of], [0, 1, 1])
  })

  test('of a verdict of an earlier version its reasons tell', () => {
    const { lost } = rates([
      { inconclusiveBecause: [NOTHING], ...lossy },
      { inconclusiveBecause: [OVERWRITTEN] },
      { inconclusiveBecause: [NOTHING, 'the log has a gap: bytes 1 to 2'], ...lossy },
      { inconclusiveBecause: ['3 sectors of the region were not read'] },
      lossy,
    ])
    assert.deepEqual([lost.count, lost.of], [1, 2])
  })

  test('a disk that never flushes has the rate that it has', () => {
    const lines = [...Array<string>(9).fill('w1@0+1 CUT 1'), 'w1@0+1 CUT .']
    const { lost } = summarise(
      10,
      lines.map((line) => judgeTold(line)),
    ).rates
    assert.deepEqual([lost.count, lost.of], [1, 10])
  })

  test('the judge says whether it read in full', () => {
    const readInFull = (line: string, options?: ToldOptions): boolean | undefined => judgeTold(line, options).readInFull
    assert.equal(readInFull('w1@0+1 CUT 1'), true)
    assert.equal(readInFull('w1@0+1 F CUT 1'), true)
    assert.equal(readInFull('w1@0+1 CUT 1', { logTail: 'corrupt' }), false)
    assert.equal(readInFull('w1@0+1 F CUT 1', { logTail: 'corrupt' }), false)
  })
})

test('a run without a cut counts in nothing, and is told', () => {
  const ended = { log: { tail: 'clean', ended: true, lastRecordMs: 1 } } as const
  const kept = sampleVerdict(runId(1), { ...ended, measures: sampleMeasures })
  const none = summarise(3, [kept, kept, { ...sampleVerdict(runId(2)), cut: { died: false } }])
  assert.deepEqual([none.verified, none.held, none.withoutCut], [3, 0, { runs: 3, violation: 0 }])
  assert.deepEqual([none.rates.violation.of, none.rates.lost.of, none.measures], [0, 0, undefined])
  const { sentences, violationRateExcludedAbove } = evidenceOf(none)
  assert.equal(violationRateExcludedAbove, undefined)
  assert.deepEqual(sentences, [
    {
      about: 'violation',
      text: 'no cut could acquit or convict, so no violation rate is excluded; 3 runs without a cut left out',
    },
  ])
})

test('a violation without a cut is no rate of cuts, and is told', () => {
  const uncut = { ...sampleVerdict(runId(1), { verdict: 'violation' }), cut: { died: false } }
  const summary = summarise(2, [uncut, sampleVerdict(runId(2))])
  assert.deepEqual([summary.violation, summary.held, summary.withoutCut], [0, 1, { runs: 1, violation: 1 }])
  assert.match(evidenceOf(summary).sentences[0]?.text ?? '', /; 1 run without a cut left out, 1 of them violated$/)
})

test('a cut that is recorded, or could not be, counts', () => {
  const ended = { log: { tail: 'clean', ended: true, lastRecordMs: 1 } } as const
  const summary = summarise(2, [{ ...sampleVerdict(runId(1), ended), cut: { died: true } }, sampleVerdict(runId(2))])
  assert.deepEqual([summary.held, summary.withoutCut], [2, undefined])
})
