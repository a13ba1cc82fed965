/** /metrics counts what happened, and nothing that a client sends becomes a label; what the store cannot tell is not told. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { request } from 'undici'
import { CollectorMetrics } from '../../src/collector/metrics/metrics.ts'
import { RecordCounter } from '../../src/collector/metrics/record-counter.ts'
import { countRuns, StoreFigures } from '../../src/collector/metrics/store-figures.ts'
import { openStore } from '../../src/collector/store/open-store.ts'
import type { Store } from '../../src/collector/store/store.ts'
import { factsOf, type RunLine } from '../../src/core/campaign/facts.ts'
import { sampleVerdict, runId, sampleManifest, scratch, startServer, wholeManifest } from './helpers.ts'

/** Name with labels → value. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const samples = [...text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)]
  return new Map(samples.map(([, name = '', value]) => [name, Number(value)]))
}

test('what happened is counted', async (t) => {
  const store = await openStore(`sqlite:${join(scratch(t), 'store.db')}`, 'write')
  const { url, client } = await startServer(t, store)
  const [run, open] = [runId(1), runId(2)]
  await client.createRun(run, 'c', sampleManifest(run, 'c'))
  await client.createRun(run, 'c', sampleManifest(run, 'c'))
  await client.createRun(open, 'c', wholeManifest(open, 'c'))
  const progress = (issued: number) => ({ state: 'writing', issued, completed: issued - 1, flushes: 2 }) as const
  await client.append(run, 0, new Uint8Array(100), progress(5))
  await client.append(run, 50, new Uint8Array(150), progress(9))
  await client.append(run, 900, new Uint8Array(1))
  await client.append(open, 0, new Uint8Array(7), progress(1))
  await client.recordCut(run, { kind: 'x"\n{evil}', at: '2026-01-01T00:00:00Z', died: true })
  await client.publishVerdict(run, sampleVerdict(run, { verdict: 'violation' }))
  for (const [n, label] of [
    [3, { control: 'yes' }],
    [4, { fault: 'drop-flush' }],
    [5, { control: "the user's own" }],
  ] as const) {
    await client.createRun(runId(n), 'c', wholeManifest(runId(n), 'c', label))
    await client.publishVerdict(runId(n), sampleVerdict(runId(n), { verdict: 'violation' }))
  }
  await (await request(`${url}/v1/runs/none`)).body.dump()
  await (await request(`${url}/evil"{}`, { method: 'POST' })).body.dump()

  const answer = await request(`${url}/metrics`)
  const text = await answer.body.text()
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  assert.doesNotMatch(text, /evil/)
  const samples = samplesOf(text)
  for (const [name, value] of [
    ['plugpull_runs_created_total', 5],
    ['plugpull_log_received_bytes_total', 257],
    // 9 + 8 + 2, and of the other run 1 + 0 + 2.
    ['plugpull_log_records_total', 22],
    ['plugpull_appends_total{outcome="stored"}', 3],
    ['plugpull_appends_total{outcome="gap"}', 1],
    ['plugpull_append_ack_seconds_count', 3],
    ['plugpull_commit_appends_sum', 4],
    ['plugpull_cuts_total{died="true"}', 1],
    ['plugpull_verdicts_total{verdict="violation",liar="false"}', 2],
    ['plugpull_verdicts_total{verdict="violation",liar="true"}', 2],
    ['plugpull_verdicts_total{verdict="held",liar="false"}', 0],
    ['plugpull_http_requests_total{method="POST",route="/v1/runs",status="2xx"}', 6],
    ['plugpull_http_requests_total{method="GET",route="/v1/runs/:run",status="4xx"}', 1],
    ['plugpull_http_requests_total{method="POST",route="none",status="4xx"}', 1],
    ['plugpull_store_up', 1],
    ['plugpull_store_runs', 5],
    ['plugpull_store_verdicts{verdict="violation"}', 4],
    ['plugpull_store_log_bytes', 207],
    ['plugpull_runs_active{state="writing"}', 1],
    ['plugpull_runs_silent', 0],
    ['plugpull_build_info{version="test",node="' + process.version + '"}', 1],
  ] as const)
    assert.equal(samples.get(name), value, name)
  for (const name of ['plugpull_store_size_bytes', 'plugpull_store_free_bytes'])
    assert((samples.get(name) ?? 0) > 0, name)
})

test('who follows the live events is counted, and no longer once gone', async (t) => {
  const store = await openStore(`sqlite:${join(scratch(t), 'store.db')}`, 'write')
  const { url } = await startServer(t, store)
  const followers = async (): Promise<number | undefined> =>
    samplesOf(await (await request(`${url}/metrics`)).body.text()).get('plugpull_live_clients')
  const follower = get(`${url}/v1/events`)
  await once(follower, 'response')
  assert.equal(await followers(), 1)
  follower.destroy()
  while ((await followers()) !== 0) await nextTurn()
})

test('a store that fails is told as such, without its last figures; it is asked once in a few seconds', async () => {
  let asked = 0
  let fails = false
  let now = 1_000_000
  const store: Pick<Store, 'name' | 'check' | 'totals' | 'lines'> = {
    name: 'elsewhere',
    check: async () => {
      asked++
      if (fails) throw new Error('gone')
    },
    totals: async () => ({
      runs: 3,
      verdicts: { held: 2, violation: 1, inconclusive: 0 },
      logBytes: 5,
      storeBytes: 9,
    }),
    lines: async () => [],
  }
  const registry = new Registry()
  const figures = new StoreFigures(store, registry, () => now)
  await Promise.all([figures.refresh(), figures.refresh()])
  await figures.refresh()
  assert.equal(asked, 1)
  const before = samplesOf(await registry.metrics())
  assert.deepEqual([before.get('plugpull_store_up'), before.get('plugpull_store_runs')], [1, 3])
  assert.equal(before.has('plugpull_store_free_bytes'), false)
  fails = true
  now += 5000
  await figures.refresh()
  assert.deepEqual([...samplesOf(await registry.metrics())], [['plugpull_store_up', 0]])
})

test('a run that was under way and is not heard of is silent, unless it was cut, judged or done', () => {
  const line = (quietMs: number, changes: Partial<RunLine> = {}): RunLine => ({
    ...factsOf(sampleManifest('r')),
    run: 'r',
    campaign: 'c',
    createdAt: '',
    changedAt: '',
    bytes: 0,
    heardAt: new Date(10_000_000 - quietMs).toISOString(),
    progress: { state: 'writing', issued: 1, completed: 1, flushes: 0 },
    ...changes,
  })
  const done = { state: 'done', issued: 1, completed: 1, flushes: 0 } as const
  const lines = [
    line(1000),
    line(59_000, { progress: { ...done, state: 'holding' } }),
    line(61_000),
    line(599_000),
    line(601_000),
    line(61_000, { progress: done }),
    line(61_000, { cutRecord: { kind: 'sigkill', at: '', died: true } }),
    line(1000, { progress: done }),
  ]
  assert.deepEqual(countRuns(lines, 10_000_000), {
    active: { preparing: 0, writing: 1, holding: 1, done: 1, failed: 0 },
    silent: 2,
  })
})

test('records are counted by what they grew, from the first that is known', () => {
  const counter = new RecordCounter()
  const progress = (issued: number) => ({ state: 'writing', issued, completed: 0, flushes: 0 }) as const
  counter.created('a')
  assert.deepEqual(
    [5, 5, 9, 8, 10].map((issued) => counter.grown('a', progress(issued))),
    [5, 0, 4, 0, 1],
  )
  assert.deepEqual([counter.grown('b', progress(100)), counter.grown('b', progress(101))], [0, 1])
})

test('every metric has our prefix or is of the process, its unit, and a help', async () => {
  const metrics = new CollectorMetrics({ version: 'test', ofProcess: true })
  const all = metrics.registry.getMetricsAsArray()
  assert(all.length > 20)
  for (const { name, help } of all) {
    assert.match(name, /^(plugpull|process|nodejs)_/)
    assert(help.length > 10, name)
  }
})
