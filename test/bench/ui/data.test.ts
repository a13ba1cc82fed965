/** The runs that the UI's benchmark is fed with: the same each time, real to the judge, and of every kind that a page has to show. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bigRun } from '../../../bench/ui/big-run.ts'
import { bigCampaign, matrixCampaigns } from '../../../bench/ui/campaigns.ts'
import { historyOf, type RecordedRun } from '../../../bench/ui/recorded-run.ts'
import { isManifest } from '../../../src/core/manifest-shape.ts'

const SMALL = { sectors: 2 ** 20, writes: 60_000 } as const

/** What the log says of itself is what is kept beside it. */
function assertConsistent({ log, manifest, verdict }: RecordedRun): void {
  const history = historyOf(log)
  assert.ok(isManifest(manifest))
  assert.deepEqual(history.manifest, manifest)
  assert.equal(history.logEnd.tail, 'clean')
  assert.equal(verdict.run, manifest.run)
}

describe('runs for the benchmark of the UI', () => {
  it('are the same each time', () => {
    assert.deepEqual(bigRun(SMALL), bigRun(SMALL))
    const [once, again] = [[...bigCampaign(3)], [...bigCampaign(3)]]
    assert.deepEqual(once, again)
    assert.notEqual(once[0]?.manifest.run, once[1]?.manifest.run)
  })

  it('have a big run with findings of many kinds', () => {
    const run = bigRun(SMALL)
    assertConsistent(run)
    const { verdict } = run
    assert.equal(verdict.findingsOmitted, 0)
    assert.deepEqual([...new Set(verdict.findings.map(({ kind }) => kind))].toSorted(), [
      'corrupt',
      'lost',
      'misdirected',
      'reordered',
      'torn',
    ])
    assert.ok(verdict.liedFlushes > 0 && verdict.hazards.lost > 0)
  })

  it('have a campaign of honest disks and of disks that lie', () => {
    const runs = [...bigCampaign(100)]
    for (const run of runs) assertConsistent(run)
    const words = runs.map(({ verdict }) => verdict.verdict)
    assert.ok(words.includes('violation') && words.filter((word) => word === 'held').length > 90, words.join(' '))
    assert.equal(new Set(runs.map(({ manifest }) => manifest.run)).size, runs.length)
  })

  it('have a campaign for each configuration', () => {
    const runs = [...matrixCampaigns(2000, 1)]
    assert.equal(new Set(runs.map(({ manifest }) => manifest.campaign)).size, runs.length)
    const convicted = runs.filter(({ verdict }) => verdict.verdict === 'violation')
    assert.ok(convicted.length > 0 && convicted.every(({ manifest }) => manifest.campaign.includes('unsafe')))
  })
})
