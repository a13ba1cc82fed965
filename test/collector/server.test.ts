/** The HTTP API over a real socket: what it keeps, and how it says no. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import { API_ERRORS } from '../../src/collector/http/api-error.ts'
import { openSqliteStore, type SqliteOptions } from '../../src/collector/store/sqlite-database.ts'
import type { CutRecord } from '../../src/core/campaign/campaign.ts'
import { APPEND_BYTES_MAX, PROGRESS_HEADER } from '../../src/io/collector-client.ts'
import {
  logBytes,
  lossyVerdict,
  readAll,
  runId,
  sampleManifest,
  sampleMeasures,
  sampleVerdict,
  scratch,
  startServer,
  type TestServer,
} from './helpers.ts'

const RUN = runId(1)
const OCTETS = { 'content-type': 'application/octet-stream' }

async function start(t: TestContext, token?: string, options: SqliteOptions = {}): Promise<TestServer> {
  return startServer(t, openSqliteStore(join(scratch(t), 'store.db'), options), token)
}

async function startWithRun(t: TestContext): Promise<TestServer> {
  const server = await start(t)
  assert.equal(await server.client.createRun(RUN, 'sample', sampleManifest(RUN)), true)
  return server
}

type Ask = Partial<{ method: string; body: string | Uint8Array; headers: Record<string, string> }>

async function ask(url: string, { method = 'GET', body, headers = {} }: Ask = {}) {
  const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {}
  const response = await request(url, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.statusCode, headers: response.headers, text: await response.body.text() }
}

/** Every refusal has its code's status, JSON with code and message, and nothing of our insides. */
async function refused(url: string, options: Ask, code: keyof typeof API_ERRORS, message: RegExp): Promise<void> {
  const answer = await ask(url, options)
  assert.match(String(answer.headers['content-type']), /^application\/json/)
  const body = JSON.parse(answer.text)
  assert.deepEqual([body.code, answer.status], [code, API_ERRORS[code].status], answer.text)
  assert.match(body.message, message)
  assert.doesNotMatch(answer.text, /\.js\b|\.ts\b|stack|node_modules/)
}

test('a run from its creation to its verdict', async (t) => {
  const { client } = await startWithRun(t)
  assert.equal(await client.createRun(RUN, 'sample', sampleManifest(RUN)), false)
  const progress = { state: 'writing', issued: 5, completed: 4, flushes: 1 } as const
  assert.deepEqual(await client.append(RUN, 0, logBytes(1, 0, 1000), progress), { kind: 'stored', offset: 1000 })
  assert.deepEqual(await client.append(RUN, 500, logBytes(1, 500, 700)), { kind: 'stored', offset: 1200 })
  assert.deepEqual(await client.append(RUN, 1300, logBytes(1, 1300, 1)), { kind: 'gap', offset: 1200 })
  assert.deepEqual(await client.append(RUN, 1200, new Uint8Array(0)), { kind: 'stored', offset: 1200 })
  assert.equal(await client.logSize(RUN), 1200)
  assert.deepEqual(await readAll(client.readLog(RUN)), Buffer.from(logBytes(1, 0, 1200)))
  assert.deepEqual(await readAll(client.readLog(RUN, 700)), Buffer.from(logBytes(1, 700, 500)))
  assert.deepEqual(await readAll(client.readLog(RUN, 1200)), Buffer.alloc(0))

  const cut: CutRecord = { kind: 'sigkill', at: '2026-01-01T00:00:01.000Z', died: true, alsoDied: ['agent'], note: 'x' }
  await client.recordCut(RUN, cut)
  await client.recordCut(RUN, cut)
  assert.equal(await client.publishVerdict(RUN, sampleVerdict(RUN)), 1)
  assert.equal(await client.publishVerdict(RUN, lossyVerdict(RUN)), 2)

  const view = await client.run(RUN)
  assert.deepEqual(view.manifest, sampleManifest(RUN))
  assert.deepEqual([view.progress, view.cut, view.verdict], [progress, cut, lossyVerdict(RUN)])
  const { findings: _findings, ...summary } = lossyVerdict(RUN)
  const [listed] = (await client.runs()).runs
  assert.deepEqual([listed?.cut, listed?.verdict], [cut, summary])
  const { summary: campaign } = await client.campaign('sample')
  assert.deepEqual([campaign.runs, campaign.held, campaign.rates.lost.text], [1, 1, '1 of 1: 100.0 % (5.0–100.0 %)'])
  assert.equal((await client.campaigns())[0]?.campaign, 'sample')
})

test('every run is found page by page', async (t) => {
  const { client } = await start(t)
  for (let n = 1; n <= 7; n++) await client.createRun(runId(n), 'a b/ü?', sampleManifest(runId(n), 'a b/ü?'))
  const first = await client.runs({ limit: 3, campaign: 'a b/ü?' })
  assert.deepEqual([first.runs.length, first.next], [3, runId(5)])
  const all: string[] = []
  for await (const { run } of client.allRuns('a b/ü?')) all.push(run)
  assert.deepEqual(all, [7, 6, 5, 4, 3, 2, 1].map(runId))
  assert.equal((await client.campaign('a b/ü?')).summary.runs, 7)
})

test('bad input is named', async (t) => {
  const { url } = await startWithRun(t)
  const run = `${url}/v1/runs/${RUN}`
  const post = (body: unknown): Ask => ({ method: 'POST', body: JSON.stringify(body) })
  const created = { run: runId(2), campaign: 'c', manifest: sampleManifest(runId(2), 'c') }

  await refused(`${url}/v1/runs`, post({ ...created, run: 'xyz' }), 'BAD_REQUEST', /body\/run.*got "xyz"/)
  await refused(`${url}/v1/runs`, post({ ...created, run: 7 }), 'BAD_REQUEST', /body\/run must be string, got 7/)
  await refused(`${url}/v1/runs`, post({ ...created, campaign: '' }), 'BAD_REQUEST', /body\/campaign/)
  await refused(`${url}/v1/runs`, post({ ...created, campaign: 'other' }), 'BAD_REQUEST', /manifest is of/)
  await refused(`${url}/v1/runs`, post({ run: RUN }), 'BAD_REQUEST', /campaign/)
  await refused(`${url}/v1/runs`, { method: 'POST', body: '{"run":' }, 'BAD_REQUEST', /JSON/)
  await refused(
    `${url}/v1/runs`,
    { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } },
    'MEDIA_TYPE',
    /json/,
  )
  const changed = { run: RUN, campaign: 'sample', manifest: sampleManifest(RUN, 'sample', { cache: 'none' }) }
  await refused(`${url}/v1/runs`, post(changed), 'RUN_CONFLICT', new RegExp(RUN))

  const bytes = { method: 'POST', body: new Uint8Array(3), headers: OCTETS }
  await refused(`${run}/log`, bytes, 'BAD_REQUEST', /offset/)
  await refused(`${run}/log?offset=-1`, bytes, 'BAD_REQUEST', /querystring\/offset.*got "-1"/)
  await refused(`${run}/log?offset=1e3`, bytes, 'BAD_REQUEST', /querystring\/offset/)
  await refused(`${run}/log?offset=9`, bytes, 'LOG_GAP', /ends at 0/)
  await refused(`${run}/log?offset=0`, { method: 'POST', body: '{}' }, 'MEDIA_TYPE', /octet-stream/)
  await refused(`${url}/v1/runs/${runId(9)}/log?offset=0`, bytes, 'RUN_UNKNOWN', new RegExp(runId(9)))
  const large = { ...bytes, body: new Uint8Array(APPEND_BYTES_MAX + 1) }
  await refused(`${run}/log?offset=0`, large, 'TOO_LARGE', /smaller/)
  for (const progress of ['yes', '{"state":"busy"}', '{"state":"done","issued":-1,"completed":0,"flushes":0}']) {
    const told = { ...bytes, headers: { ...OCTETS, [PROGRESS_HEADER]: progress } }
    await refused(`${run}/log?offset=0`, told, 'BAD_REQUEST', /plugpull-progress/)
  }
  await refused(`${run}/log?offset=1`, {}, 'LOG_GAP', /ends at 0/)

  const cut = { kind: 'sigkill', at: '2026-01-01T00:00:00Z', died: true }
  await refused(`${run}/cut`, post({ ...cut, at: 'noon' }), 'BAD_REQUEST', /body\/at.*got "noon"/)
  await refused(`${run}/cut`, post({ ...cut, died: 'yes' }), 'BAD_REQUEST', /body\/died/)
  await refused(`${url}/v1/runs/${runId(9)}/cut`, post(cut), 'RUN_UNKNOWN', /no run/)
  assert.equal((await ask(`${run}/cut`, post(cut))).status, 201)
  assert.equal((await ask(`${run}/cut`, post(cut))).status, 200)
  await refused(`${run}/cut`, post({ ...cut, died: false }), 'CUT_CONFLICT', /once/)

  await refused(
    `${run}/verdicts`,
    post({ ...sampleVerdict(RUN), verdict: 'fine' }),
    'BAD_REQUEST',
    /held, violation, inconclusive.*got "fine"/,
  )
  await refused(
    `${run}/verdicts`,
    post({ ...sampleVerdict(RUN), schema: 'plugpull.verdict/9' }),
    'BAD_REQUEST',
    /body\/schema/,
  )
  const measures = { ...sampleMeasures, lostAgesMs: { classes: { 1: -1 }, most: 2 } }
  await refused(`${run}/verdicts`, post(sampleVerdict(RUN, { measures })), 'BAD_REQUEST', /body\/measures\/lostAgesMs/)
  await refused(`${run}/verdicts`, post({ verdict: 'held' }), 'BAD_REQUEST', /required/)
  await refused(`${run}/verdicts`, post(sampleVerdict(runId(2))), 'BAD_REQUEST', /body\/run/)
  await refused(`${url}/v1/runs/${runId(9)}/verdicts`, post(sampleVerdict(runId(9))), 'RUN_UNKNOWN', /no run/)
  await refused(`${run}/verdicts/1`, {}, 'VERDICT_UNKNOWN', /it has 0/)
  await refused(`${run}/verdicts/0`, {}, 'BAD_REQUEST', /params\/number/)

  await refused(`${url}/v1/runs?limit=0`, {}, 'BAD_REQUEST', /querystring\/limit/)
  await refused(`${url}/v1/runs?limit=1001`, {}, 'BAD_REQUEST', /querystring\/limit/)
  await refused(`${url}/v1/runs?after=gone`, {}, 'RUN_UNKNOWN', /gone/)
  await refused(`${url}/v1/campaigns/none`, {}, 'CAMPAIGN_UNKNOWN', /none/)
  await refused(`${url}/v2`, {}, 'NOT_FOUND', /GET \/v2/)
  await refused(`${url}/v1/runs/%zz`, {}, 'BAD_REQUEST', /%zz/)
  await refused(`${url}/v1/runs/x`, { method: 'DELETE' }, 'NOT_FOUND', /DELETE/)
})

test('what is no HTTP is told so', async (t) => {
  const { url } = await start(t)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end('hello\r\n\r\n')
  const answer = (await readAll(socket)).toString()
  assert.match(answer, /^HTTP\/1.1 400 [\s\S]*\{"code":"BAD_REQUEST"/)
})

test('a full store is told as such, and all before is intact', async (t) => {
  const { url, client } = await start(t, undefined, { pagesMax: 300 })
  await client.createRun(RUN, 'sample', sampleManifest(RUN))
  let end = 0
  const fill = async (): Promise<void> => {
    for (; end < 64 << 20; end += 100_000) await client.append(RUN, end, logBytes(1, end, 100_000))
  }
  await assert.rejects(fill(), { code: 'COLLECTOR_REFUSED', message: /full.*make room.*STORE_FULL/ })
  const body = { method: 'POST', body: logBytes(1, end, 100_000), headers: OCTETS }
  await refused(`${url}/v1/runs/${RUN}/log?offset=${end}`, body, 'STORE_FULL', /is full/)
  assert(end > 0)
  assert((await readAll(client.readLog(RUN))).equals(logBytes(1, 0, end)))
  assert.equal((await client.health()).status, 'ok')
})
