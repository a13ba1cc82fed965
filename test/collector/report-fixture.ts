/** Campaigns in a store, and their reports, for the tests of the formats. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { collectReport, type Report, sourceOfStore } from '../../src/collector/report/report-data.ts'
import { openStore } from '../../src/collector/store/open-store.ts'
import type { Store } from '../../src/collector/store/store.ts'
import type { CutRecord } from '../../src/core/campaign/campaign.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { runId, sampleMeasures, sampleVerdict, scratch, wholeManifest } from './helpers.ts'

export const AT = '2026-01-01T00:00:00.000Z'

/** What a text may hold that some format takes for its own. */
export const NASTY = `=1+1 <b onclick="x()">&amp; 'q' | _m_ ,"é`

export interface FixtureRun {
  readonly verdict?: Partial<Verdict>
  readonly cut?: Partial<CutRecord>
  readonly labels?: Record<string, string>
}

/** Runs of a campaign, created a second after each other; each with a cut unless it says otherwise. */
export async function addCampaign(
  store: Store,
  campaign: string,
  runs: readonly FixtureRun[],
  first = 1,
): Promise<void> {
  for (const [index, { verdict, cut, labels }] of runs.entries()) {
    const run = runId(first + index)
    const createdAt = new Date(Date.parse(AT) + index * 1000).toISOString()
    await store.createRun({ run, campaign, createdAt, manifest: wholeManifest(run, campaign, labels ?? {}) })
    await store.recordCut(run, { kind: 'sigkill', at: createdAt, died: true, ...cut }, createdAt)
    if (verdict !== undefined) await store.addVerdict(run, createdAt, sampleVerdict(run, verdict))
  }
}

const zero = sampleVerdict(runId(1))

export const HELD: FixtureRun = { verdict: { measures: sampleMeasures } }
export const VIOLATION: FixtureRun = {
  verdict: {
    verdict: 'violation',
    violations: { ...zero.violations, lost: 2, torn: 1 },
    hazards: { ...zero.hazards, lost: 3 },
    liedFlushes: 1,
    exposure: { lostWrites: 6, lostBytes: 24_576, oldestLostMs: 1500 },
    measures: sampleMeasures,
  },
}
export const INCONCLUSIVE: FixtureRun = {
  verdict: { verdict: 'inconclusive', inconclusiveBecause: ['the log has a gap', 'and <more>'] },
}
export const UNCUT: FixtureRun = { verdict: {}, cut: { died: false } }

/** One of each, in this order: held, violation, inconclusive, without a cut, not verified. */
export const MIXED: readonly FixtureRun[] = [HELD, VIOLATION, INCONCLUSIVE, UNCUT, {}]

export async function openFixture(t: TestContext): Promise<{ readonly store: Store; readonly spec: string }> {
  const spec = `sqlite:${join(scratch(t), 'store.db')}`
  return { store: await openStore(spec, 'write'), spec }
}

/** The report of one campaign of those runs. */
export async function reportOf(t: TestContext, runs: readonly FixtureRun[], campaign = 'nightly'): Promise<Report> {
  const { store } = await openFixture(t)
  try {
    await addCampaign(store, campaign, runs)
    return await collectReport(sourceOfStore(store), campaign)
  } finally {
    await store.close()
  }
}
