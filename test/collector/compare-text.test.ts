/** A comparison as a person reads it at a terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderComparison } from '../../src/collector/report/compare-text.ts'
import { type CampaignView, summarise } from '../../src/core/campaign/campaign.ts'
import { comparisonOf } from '../../src/core/campaign/compare.ts'
import { lossyVerdict, sampleVerdict } from './helpers.ts'

function view(campaign: string, lossy: number, of: number): CampaignView {
  const verdicts = Array.from({ length: of }, (_, i) => (i < lossy ? lossyVerdict('1') : sampleVerdict('1')))
  return { campaign, summary: summarise(of, verdicts) }
}

const rendered = (a: CampaignView, b: CampaignView): readonly string[] =>
  renderComparison(comparisonOf(a, b)).split('\n')

test('the sentence first, what they were, the table, and how p is to be read', () => {
  assert.deepEqual(rendered(view('one', 20, 20), view('two', 1, 20)), [
    'one loses writes more often than two: 20 of 20 cuts against 1 of 20; a difference this large would come by chance in fewer than 1 in 10,000 pairs of such campaigns.',
    '',
    'What the campaigns were is not known.',
    '',
    'A  one: 20 runs: 20 held, 0 violation, 0 inconclusive',
    'B  two: 20 runs: 20 held, 0 violation, 0 inconclusive',
    '',
    'share of cuts with  A                                 B                            p             p corrected   a difference from',
    'contract broken     0 of 20: below 13.9 %             0 of 20: below 13.9 %        1.0000        1.0000        B 7 of 20 or more',
    'writes lost         20 of 20: 100.0 % (86.1–100.0 %)  1 of 20: 5.0 % (0.9–23.6 %)  below 0.0001  below 0.0001  A 9 of 20 or more',
    'writes torn         0 of 20: below 13.9 %             0 of 20: below 13.9 %        1.0000        1.0000        B 7 of 20 or more',
    'writes reordered    0 of 20: below 13.9 %             0 of 20: below 13.9 %        1.0000        1.0000        B 7 of 20 or more',
    '',
    'A, B: 95 % interval (Wilson); for 0 of n and n of n the exact one-sided bound.',
    "p: Fisher's exact test, two-sided. 4 rates were compared, so p is corrected for that (Holm), and a difference is one below 0.05.",
    '',
  ])
})

test('what is above chance by itself alone is told, and called no difference', () => {
  const lines = rendered(view('one', 5, 6), view('two', 0, 6))
  assert.match(lines[0] ?? '', /^No difference/)
  assert.match(lines[1] ?? '', /^one may show more lost writes than two/)
  assert.equal(lines[2], '')
})
