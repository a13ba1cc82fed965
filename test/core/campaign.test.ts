/** What many verdicts say together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summarise } from '../../src/core/campaign.ts'
import { lossyVerdict, runId, sampleVerdict } from '../collector/helpers.ts'

test('a campaign without verdicts claims nothing', () => {
  const summary = summarise(3, [])
  assert.deepEqual([summary.runs, summary.verified], [3, 0])
  assert.deepEqual([summary.rates.violation.text, summary.rates.lost.low, summary.rates.lost.high], ['no runs', 0, 1])
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
  // An inconclusive run neither acquits nor convicts, nor does it show that nothing was lost.
  assert.deepEqual([violation.count, violation.of], [1, 4])
  assert.deepEqual([lost.count, lost.of], [3, 4])
  assert.deepEqual([torn.count, torn.of, reordered.count], [1, 4, 0])
})

test('what an inconclusive run shows was seen, and what it does not show may have been', () => {
  const unclear = { verdict: 'inconclusive' } as const
  const hazards = { lost: 1, torn: 0, reordered: 0, corrupt: 0 }
  const { lost, torn } = summarise(2, [
    sampleVerdict(runId(1), { ...unclear, hazards }),
    sampleVerdict(runId(2), unclear),
  ]).rates
  assert.deepEqual([lost.count, lost.of, torn.count, torn.of], [1, 1, 0, 0])
})
