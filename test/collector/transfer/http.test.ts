/** Export and import over HTTP: what is answered, and that a request with a bad line leaves nothing behind. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Value } from 'typebox/value'
import { request } from 'undici'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../../src/collector/store/store.ts'
import { ImportedBody } from '../../../src/collector/transfer/schemas.ts'
import { logBytes, lossyVerdict, readAll, runId, scratch, startServer } from '../helpers.ts'
import { bytesOf, exportOf, HEADER, readAllLines, runLines, type SampleRun } from './samples.ts'

const NDJSON = 'application/x-ndjson'
const RUN: SampleRun = {
  n: 1,
  campaign: 'a/b ü',
  parts: [logBytes(1, 0, 100)],
  isCut: true,
  verdicts: 2,
  text: 'x',
}

async function server(t: TestContext): Promise<{ url: string; store: Store }> {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  const { url } = await startServer(t, store)
  return { url, store }
}

async function post(url: string, body: Uint8Array, type = NDJSON) {
  const answer = await request(`${url}/v1/import`, { method: 'POST', headers: { 'content-type': type }, body })
  const told: unknown = await answer.body.json()
  assert(typeof told === 'object' && told !== null)
  return { status: answer.statusCode, told }
}

test('a whole export can be posted as it is, twice, and is exported again', async (t) => {
  const { url } = await server(t)
  const body = bytesOf(exportOf([RUN, { ...RUN, n: 2, campaign: 'other' }]))
  const first = await post(url, body)
  assert.equal(first.status, 200)
  assert(Value.Check(ImportedBody, first.told))
  assert.deepEqual(first.told, {
    run: { stored: 2, same: 0 },
    log: { stored: 2, same: 0 },
    cut: { stored: 2, same: 0 },
    verdict: { stored: 4, same: 0 },
    bytes: 200,
    complete: 2,
    pruned: 0,
    conflicts: [],
  })
  const { told } = await post(url, body)
  assert('verdict' in told && 'bytes' in told)
  assert.deepEqual([told.verdict, told.bytes], [{ stored: 0, same: 4 }, 0])

  for (const [query, runs] of [
    ['', [1, 2]],
    [`?campaign=${encodeURIComponent(RUN.campaign)}`, [1]],
    [`?campaign=other&campaign=${encodeURIComponent(RUN.campaign)}`, [1, 2]],
    [`?run=${runId(2)}`, [2]],
    [`?run=${runId(2)}&campaign=other`, [2]],
  ] as const) {
    const answer = await request(`${url}/v1/export${query}`)
    assert.equal(answer.headers['content-type'], NDJSON)
    const { lines, error } = await readAllLines(await readAll(answer.body))
    assert.equal(error, undefined)
    const exported = lines.flatMap((line) => (line.kind === 'run' ? [Number.parseInt(line.run, 16)] : []))
    assert.deepEqual(
      exported.toSorted((a, b) => a - b),
      runs,
      query,
    )
  }
})

test('what is not there is refused before the export begins', async (t) => {
  const { url } = await server(t)
  for (const [query, status, code] of [
    ['?campaign=none', 404, 'CAMPAIGN_UNKNOWN'],
    [`?run=${runId(7)}`, 404, 'RUN_UNKNOWN'],
  ] as const) {
    const answer = await request(`${url}/v1/export${query}`)
    const told: unknown = await answer.body.json()
    assert.deepEqual([answer.statusCode, Reflect.get(Object(told), 'code')], [status, code])
  }
})

test('a request with one bad line leaves nothing behind; the line is named', async (t) => {
  const { url, store } = await server(t)
  const good = bytesOf(exportOf([RUN]))
  const bad = Buffer.from(good)
  const place = bad.lastIndexOf('run-end') - 200
  bad[place] = (bad[place] ?? 0) ^ 1
  const [head, ...rest] = runLines(RUN)
  assert(head !== undefined)
  for (const [body, message] of [
    [bad, /^line 6: it was changed or damaged.*; nothing of the request was kept$/],
    [good.subarray(0, -30), /^line 8: it is not a whole line/],
    [bytesOf(rest), /^line 1: the run line of 0{15}1 must stand before it, in the same request/],
    [bytesOf([HEADER, ...runLines({ ...RUN, n: 2 }), ...rest]), /^line 8: the run line of 0{15}1/],
    [Buffer.from('{}\n'), /^line 1: /],
  ] as const) {
    const { status, told } = await post(url, body)
    assert.equal(status, 400)
    assert.match(String(Reflect.get(told, 'message')), message)
    assert.equal((await store.totals()).runs, 0)
  }
  assert.equal((await post(url, good, 'text/csv')).status, 415)
  assert.equal((await post(url, good, 'application/json')).status, 400)
  assert.equal((await post(url, Buffer.alloc(0))).status, 200)
})

test('a slice may begin in the middle of a run, behind its run line', async (t) => {
  const { url, store } = await server(t)
  const lines = runLines(RUN)
  const [head, ...rest] = lines
  assert(head !== undefined)
  for (const line of rest) assert.equal((await post(url, bytesOf([head, line]))).status, 200)
  assert.equal((await store.run(runId(1)))?.verdicts.length, 2)
  // A run that is another one here is refused in each slice: nothing of it is taken in.
  const other = runLines({ ...RUN, text: 'y', parts: [logBytes(2, 0, 500)] })
  assert(other[0] !== undefined && other[1] !== undefined)
  const { told } = await post(url, bytesOf([other[0], other[1]]))
  assert.deepEqual(Reflect.get(told, 'log'), { stored: 0, same: 0 })
  assert.equal(Reflect.get(told, 'conflicts').length, 1)
})

test('a verdict larger than a slice goes through', async (t) => {
  const { url, store } = await server(t)
  const [finding] = lossyVerdict(runId(1)).findings
  assert(finding !== undefined)
  const verdict = { ...lossyVerdict(runId(1)), findings: Array.from({ length: 30_000 }, () => finding) }
  const [head] = runLines({ ...RUN, parts: [] })
  assert(head !== undefined)
  const body = bytesOf([head, { kind: 'verdict', run: runId(1), number: 1, at: '2026-01-01T00:00:00.000Z', verdict }])
  assert(body.length > 4 << 20)
  assert.equal((await post(url, body)).status, 200)
  assert.equal((await store.verdict(runId(1), 1))?.findings.length, 30_000)
})
