/** What the campaign view asks for: cycles and comparisons, over a real socket. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Value } from 'typebox/value'
import { request } from 'undici'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../src/collector/store/store.ts'
import { CompareBody, CyclesBody } from '../../src/collector/view/schemas.ts'
import { CampaignBody } from '../../src/collector/http/schemas.ts'
import { rateOverCycles, stateOf } from '../../src/core/campaign/cycles.ts'
import { summarise } from '../../src/core/campaign/campaign.ts'
import { lossyVerdict, runId, sampleMeasures, sampleVerdict, scratch, startServer, wholeManifest } from './helpers.ts'

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()

/** Ten runs: violated, lossy, held, without a cut, inconclusive, and so on; the last without a verdict. */
async function fill(store: Store, campaign: string, first: number): Promise<void> {
  for (let n = 0; n < 10; n++) {
    const run = runId(first + n)
    const labels = { rig: 'sim', ...(n < 3 ? { fault: 'drop-flush' } : {}) }
    await store.createRun({ run, campaign, createdAt: at(n), manifest: wholeManifest(run, campaign, labels) })
    if (n === 9) continue
    await store.recordCut(run, { kind: 'sigkill', at: at(n), died: n !== 3 }, at(n))
    await store.addVerdict(run, at(n + 100), verdictOf(n, run))
  }
}

function verdictOf(n: number, run: string) {
  const verdict = n % 4 === 1 ? lossyVerdict(run) : sampleVerdict(run, { measures: sampleMeasures })
  if (n === 0) return { ...verdict, verdict: 'violation' as const, liedFlushes: 1 }
  return n === 4 ? { ...verdict, verdict: 'inconclusive' as const, readInFull: true } : verdict
}

async function get(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await request(url)
  return { status: response.statusCode, body: await response.body.json() }
}

async function start(t: TestContext) {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  await fill(store, 'a/b', 1)
  await fill(store, 'other', 100)
  const { url } = await startServer(t, store)
  const cycles = async (query = '') => {
    const { body } = await get(`${url}/v1/campaigns/a%2Fb/cycles${query}`)
    assert.ok(Value.Check(CyclesBody, body), JSON.stringify(body))
    return body
  }
  return { store, url, cycles }
}

test('the runs of a campaign in one line each, oldest first', async (t) => {
  const { cycles } = await start(t)
  const all = await cycles()
  assert.deepEqual(
    all.cycles.map(({ run }) => run),
    Array.from({ length: 10 }, (_, n) => runId(n + 1)),
  )
  assert.equal(all.more, false)
  assert.deepEqual(
    all.cycles.map(stateOf).join(' '),
    'violation hazard held held inconclusive hazard held held held none',
  )
  assert.deepEqual(
    all.cycles.map(({ fault }) => fault ?? '-'),
    [...Array.from({ length: 3 }, () => 'drop-flush'), ...Array.from({ length: 7 }, () => '-')],
  )
  assert.deepEqual(all.cycles[3]?.cut, { kind: 'sigkill', died: false })
  assert.equal(all.cycles[3]?.outcome?.wasCut, false)
})

test('the newest so many, and those that changed', async (t) => {
  const { cycles } = await start(t)
  const newest = await cycles('?limit=3')
  assert.deepEqual([newest.cycles.map(({ run }) => run), newest.more], [[runId(8), runId(9), runId(10)], true])
  const changed = await cycles(`?changed=${at(107)}`)
  assert.deepEqual(
    changed.cycles.map(({ run }) => run),
    [runId(8), runId(9)],
  )
  assert.deepEqual((await cycles(`?changed=${at(5000)}`)).cycles, [])
  // The same time nine hours east, and without what is beyond the second.
  const east = new Date(Date.parse(at(107)) + 9 * 3_600_000).toISOString().replace(/\.\d+Z$/, '+09:00')
  assert.deepEqual(await cycles(`?changed=${encodeURIComponent(east)}`), changed)
})

test('the rates over the cycles end where the summary says', async (t) => {
  const { store, cycles } = await start(t)
  const campaign = await store.campaign('a/b')
  assert.ok(campaign !== undefined)
  const { rates } = summarise(campaign.runs, campaign.verdicts)
  const all = (await cycles()).cycles
  for (const rate of ['violation', 'lost', 'torn', 'reordered'] as const) {
    const { cycle, share, interval } = rateOverCycles(all, rate, 1000)
    assert.equal(cycle.length, rates[rate].of, rate)
    assert.equal(share.at(-1), rates[rate].count / rates[rate].of)
    assert.deepEqual(interval.at(-1), { low: rates[rate].low, high: rates[rate].high })
    const few = rateOverCycles(all, rate, 3)
    assert.ok(few.cycle.length <= 3)
    assert.deepEqual([few.cycle.at(-1), few.share.at(-1)], [cycle.at(-1), share.at(-1)])
  }
})

test('the campaign says what its figures support, a fault in some runs among it', async (t) => {
  const { url } = await start(t)
  const { body } = await get(`${url}/v1/campaigns/a%2Fb`)
  assert.ok(Value.Check(CampaignBody, body))
  const text = body.evidence?.sentences.map((sentence) => sentence.text).join('\n') ?? ''
  assert.match(text, /the fault drop-flush was injected in 3 of 10 runs/)
  assert.ok((body.evidence?.advice.length ?? 0) > 0)
})

test('a comparison, and what it refuses', async (t) => {
  const { url } = await start(t)
  const { status, body } = await get(`${url}/v1/compare?a=a%2Fb&b=other`)
  assert.equal(status, 200)
  assert.ok(Value.Check(CompareBody, body), JSON.stringify(Value.Errors(CompareBody, body)))
  assert.match(body.sentence, /^No difference between a\/b and other was shown/)
  assert.deepEqual([body.a.campaign, body.b.campaign, body.rates.lost.a.of], ['a/b', 'other', 8])
  assert.match(body.warnings.join('\n'), /in a\/b the fault drop-flush was injected in 3 of 10 runs/)
  for (const [path, refused, code, message] of [
    ['/v1/compare?a=a%2Fb&b=none', 404, 'CAMPAIGN_UNKNOWN', /"none"/],
    ['/v1/compare?a=a%2Fb&b=a%2Fb', 400, 'BAD_REQUEST', /two different campaigns/],
    ['/v1/compare?a=a%2Fb', 400, 'BAD_REQUEST', /b/],
    ['/v1/campaigns/none/cycles', 404, 'CAMPAIGN_UNKNOWN', /"none"/],
    ['/v1/campaigns/a%2Fb/cycles?limit=0', 400, 'BAD_REQUEST', /limit/],
    ['/v1/campaigns/a%2Fb/cycles?changed=yesterday', 400, 'BAD_REQUEST', /changed/],
  ] as const) {
    const answer = await get(url + path)
    const { code: said, message: why } = Object(answer.body)
    assert.deepEqual([answer.status, said], [refused, code], path)
    assert.match(String(why), message)
  }
})
