/** A fault in some runs of a campaign is told as such, alone and in a comparison. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summarise } from '../../../src/core/campaign/campaign.ts'
import { compareCampaigns } from '../../../src/core/campaign/compare.ts'
import { evidenceOf } from '../../../src/core/campaign/evidence.ts'
import { faultValues, mixedFaultsText } from '../../../src/core/campaign/faults.ts'
import { type CampaignSetup, countSetups } from '../../../src/core/campaign/setup.ts'
import { judgeTold } from '../../support/history-language.ts'

/** `{ 'drop-flush': 5, '': 15 }`: so many runs with that fault, or with none. */
const setupOf = (faults: Readonly<Record<string, number>>): CampaignSetup =>
  countSetups(
    Object.entries(faults).flatMap(([fault, runs]) =>
      Array.from({ length: runs }, () => ({ workload: 'random', ...(fault === '' ? {} : { fault }) })),
    ),
  )

const PARTLY = setupOf({ 'drop-flush': 5, '': 15 })

test('all with the same fault, or with none, are alike', () => {
  for (const setup of [{}, setupOf({ '': 3 }), setupOf({ 'drop-flush': 3 })])
    assert.equal(mixedFaultsText(setup), undefined)
  assert.deepEqual(faultValues(setupOf({ 'drop-flush': 3 })), ['drop-flush'])
})

test('some with it, and different ones', () => {
  assert.equal(
    mixedFaultsText(PARTLY),
    'the fault drop-flush was injected in 5 of 20 runs, so the figures are of runs with and without it together',
  )
  assert.equal(
    mixedFaultsText(setupOf({ 'drop-flush': 1, tear: 2 })),
    'faults were injected (drop-flush in 1 of 3 runs, tear in 2 of 3 runs), so the figures are of runs with different faults together',
  )
  assert.match(
    mixedFaultsText(setupOf({ 'drop-flush': 1, tear: 2, '': 9 })) ?? '',
    /with different faults and without one together$/,
  )
})

test('the evidence says it', () => {
  const summary = summarise(1, [judgeTold('w1@0+1 F CUT 1')])
  const about = (setup: CampaignSetup): readonly string[] =>
    evidenceOf(summary, setup).sentences.flatMap(({ about: topic, text }) => (topic === 'fault' ? [text] : []))
  assert.deepEqual(about(PARTLY), [mixedFaultsText(PARTLY)])
  assert.deepEqual(about(setupOf({ 'drop-flush': 3 })), [])
})

test('a comparison does not take a fault in some runs for one in all', () => {
  const verdicts = Array.from({ length: 20 }, () => judgeTold('w1@0+1 F CUT 1'))
  const view = (campaign: string, setup: CampaignSetup) => ({ campaign, summary: summarise(20, verdicts), setup })
  const against = (setup: CampaignSetup) => compareCampaigns(view('A', PARTLY), view('B', setup))
  const all = against(setupOf({ 'drop-flush': 20 }))
  assert.equal(
    all.setup,
    'They differ in fault (drop-flush in 5 of 20 runs against drop-flush) alone, as far as their runs tell.',
  )
  assert.deepEqual(all.warnings, [`in A ${mixedFaultsText(PARTLY)}`])
  assert.equal(against(PARTLY).setup, 'They were set up alike, as far as their runs tell.')
  assert.match(against(setupOf({ 'drop-flush': 6, '': 14 })).setup, /in fault \(drop-flush in 5 of 20 runs against/)
})
