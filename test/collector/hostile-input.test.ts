/** What an agent or a stranger with a token may send to hurt others: refused at the door, naming the field, and nothing is kept. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import { ProbeError } from '../../src/core/errors.ts'
import { SqliteDatabase, openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import { encode } from '../../src/collector/transfer/codec.ts'
import { lossyVerdict, runId, sampleManifest, sampleMeasures, sampleVerdict, scratch, startServer } from './helpers.ts'

const RUN = runId(1)
const AT = '2026-01-01T00:00:00.000Z'
const DEEP = `${'['.repeat(200_000)}${']'.repeat(200_000)}`

interface Answer {
  readonly status: number
  readonly code: unknown
  readonly message: string
}

type Post = (path: string, body: unknown, type?: string) => Promise<Answer>

async function collectorWithRun(t: TestContext): Promise<{ url: string; post: Post }> {
  const { url, client } = await startServer(t, openSqliteStore(join(scratch(t), 'secret-folder.db')))
  await client.createRun(RUN, 'good', sampleManifest(RUN, 'good'))
  const post: Post = async (path, body, type = 'application/json') => {
    const given = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const answer = await request(url + path, { method: 'POST', headers: { 'content-type': type }, body: given })
    const told = Object(await answer.body.json())
    return { status: answer.statusCode, code: told.code, message: String(told.message) }
  }
  return { url, post }
}

const importOf = (lines: readonly object[]): Buffer => Buffer.concat(lines.map(encode))
const NDJSON = 'application/x-ndjson'
const runLine = (manifest: object, changes: object = {}): object => ({
  kind: 'run',
  run: runId(2),
  campaign: 'good',
  createdAt: AT,
  manifest,
  logBytes: 0,
  logSha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ...changes,
})

async function refused(answer: Promise<Answer>, message: RegExp): Promise<void> {
  const { status, code, message: said } = await answer
  assert.deepEqual([status, code], [400, 'BAD_REQUEST'], said)
  assert.match(said, message)
  assert.doesNotMatch(said, /secret-folder/)
}

test('a manifest of the wrong kind is refused at creation and import, and its campaign stays readable', async (t) => {
  const { url, post } = await collectorWithRun(t)
  const good = sampleManifest(runId(2), 'good')
  const bad = [
    [{ ...good, target: { ...good.target, logicalBlockBytes: 'zz' } }, /target\/logicalBlockBytes must be .*"zz"/],
    [{ ...good, environment: { ...good.environment, labels: { rig: 5 } } }, /labels\/rig must be/],
    [{ ...good, environment: { ...good.environment, kernel: 6 } }, /environment\/kernel must be/],
    [{ ...good, plan: { ...good.plan, cadence: {} } }, /plan\/cadence\/kind must be/],
    [{ run: runId(2), campaign: 'good' }, /manifest\/device must be/],
  ] as const
  for (const [manifest, message] of bad) {
    await refused(post('/v1/runs', { run: runId(2), campaign: 'good', manifest }), message)
    await refused(post('/v1/import', importOf([runLine(manifest)]), NDJSON), message)
  }
  for (const path of ['/v1/campaigns/good', '/v1/campaigns/good/report', '/v1/matrix', '/v1/live', '/v1/runs']) {
    assert.equal((await request(url + path)).statusCode, 200, path)
  }
  assert.equal((await post('/v1/import', importOf([runLine(good)]), NDJSON)).status, 200)
})

test('a manifest nested without end is refused, and nothing is said of where the store is', async (t) => {
  const { post } = await collectorWithRun(t)
  const manifest = JSON.stringify({ ...sampleManifest(runId(2), 'good'), new: 'DEEP' }).replace('"DEEP"', DEEP)
  await refused(post('/v1/runs', `{"run":"${runId(2)}","campaign":"good","manifest":${manifest}}`), /more than 40 deep/)
})

test('a cut has a size, whatever is added to it, and a depth', async (t) => {
  const { url, post } = await collectorWithRun(t)
  const cut = { kind: 'sigkill', at: AT, died: true }
  const path = `/v1/runs/${RUN}/cut`
  const bad = [
    [{ note: 'n'.repeat(2001) }, /note must (NOT )?.*2000/],
    [{ signal: 's'.repeat(101) }, /signal must (NOT )?.*100/],
    [{ target: { what: 'w'.repeat(1001), pid: 1 } }, /target\/what must (NOT )?.*1000/],
    [{ alsoDied: Array.from({ length: 1001 }, () => 'x') }, /alsoDied must (NOT )?.*1000/],
    [{ command: { text: 5, status: 0 } }, /command\/text must be string/],
  ] as const
  const head = runLine(sampleManifest(runId(2), 'good'))
  const line = (changes: object): object => ({ kind: 'cut', run: runId(2), cut: { ...cut, ...changes } })
  for (const [changes, message] of bad) {
    await refused(post(path, { ...cut, ...changes }), message)
    await refused(post('/v1/import', importOf([head, line(changes)]), NDJSON), message)
  }
  const large = { more: 'm'.repeat(64 << 10) }
  assert.equal((await post(path, { ...cut, ...large })).code, 'TOO_LARGE')
  await refused(post('/v1/import', importOf([head, line(large)]), NDJSON), /its cut takes more than 65536 characters/)
  const nested = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
  await refused(post(path, JSON.stringify({ ...cut, new: 'X' }).replace('"X"', nested)), /more than 40 deep/)
  await refused(post(path, JSON.stringify({ ...cut, died: 'X' }).replace('"X"', nested)), /more than 40 deep/)
  assert.equal((await post(path, { ...cut, note: 'n'.repeat(2000), more: { of: ['it'] } })).status, 201)
  assert.equal((await request(`${url}/v1/live`)).statusCode, 200)
})

test('a verdict whose findings or numbers are none is refused, at both doors', async (t) => {
  const { post } = await collectorWithRun(t)
  const path = `/v1/runs/${RUN}/verdicts`
  const good = lossyVerdict(RUN)
  const [finding] = good.findings
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, 1]))
  const bad: readonly (readonly [object, RegExp])[] = [
    [
      { ...good, findings: [finding, { ...finding, lba: 'x' }] },
      /finding 2 is not as verify writes it: its lba is "x"/,
    ],
    [{ ...good, findings: [{ ...finding, runs: [{}] }] }, /finding 1 .*its runs is/],
    [{ ...good, exposure: { ...good.exposure, lostBytes: 1e20 } }, /exposure\/lostBytes must be <= 9007199254740991/],
    [{ ...good, exposure: { ...good.exposure, oldestLostMs: 1e300 } }, /exposure\/oldestLostMs must be <= /],
    [{ ...good, measures: { ...sampleMeasures, tears: { ...sampleMeasures.tears, writeSizes: many } } }, /1000/],
    [{ ...good, more: 'm'.repeat(1 << 20) }, /takes more than 1048576 characters without its findings/],
  ]
  const head = runLine(sampleManifest(runId(2), 'good'))
  for (const [verdict, message] of bad) {
    await refused(post(path, verdict), message)
    const line = { kind: 'verdict', run: runId(2), number: 1, at: AT, verdict: { ...verdict, run: runId(2) } }
    await refused(post('/v1/import', importOf([head, line]), NDJSON), /finding \d is not|<=|properties|characters/)
  }
  await refused(
    post(path, JSON.stringify({ ...good, findings: [{ ...finding, new: 'X' }] }).replace('"X"', DEEP)),
    /more than 40 deep/,
  )
  assert.equal((await post(path, good)).status, 201)
  assert.equal((await post(path, sampleVerdict(RUN, { measures: sampleMeasures }))).status, 201)
})

test('a campaign has a name that an address can have', async (t) => {
  const { post } = await collectorWithRun(t)
  for (const campaign of ['.', '..', 'half \ud800', '\udc00']) {
    const manifest = sampleManifest(runId(2), campaign)
    await refused(post('/v1/runs', { run: runId(2), campaign, manifest }), /body\/campaign must match pattern/)
    await refused(post('/v1/import', importOf([runLine(manifest, { campaign })]), NDJSON), /run\/campaign must match/)
  }
  for (const [n, campaign] of ['...', '.a', 'whole \u{1f600}'].entries()) {
    const run = runId(10 + n)
    const manifest = sampleManifest(run, campaign)
    assert.equal((await post('/v1/runs', { run, campaign, manifest })).status, 201, campaign)
  }
})

test('a run is not imported from the future', async (t) => {
  const { post } = await collectorWithRun(t)
  for (const createdAt of ['2999-01-01T00:00:00.000Z', '2026-13-01T00:00:00.000Z']) {
    const line = runLine(sampleManifest(runId(2), 'good'), { createdAt })
    await refused(post('/v1/import', importOf([line]), NDJSON), /is no time|more than a day ahead/)
  }
})

test('where the store is, is told to readers alone', async (t) => {
  const folder = scratch(t)
  const file = join(folder, 'secret-folder.db')
  const store = openSqliteStore(file)
  const { url, client } = await startServer(t, store, 'admin-token-of-the-test')
  const tokens = [(await client.createToken({ name: 'e', role: 'enrolment' })).token, 'wrong', undefined]
  const health = async (token?: string): Promise<unknown> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return Object(await (await request(`${url}/health`, { headers })).body.json())
  }
  for (const token of tokens) assert.deepEqual(await health(token), { status: 'ok', version: 'test', store: 'sqlite' })
  const reader = (await client.createToken({ name: 'r', role: 'reader' })).token
  for (const token of [reader, 'admin-token-of-the-test'])
    assert.deepEqual(await health(token), { status: 'ok', version: 'test', store: `sqlite:${file}` })
  t.mock.method(store, 'check', async () => {
    throw new ProbeError('STORE_UNAVAILABLE', `the store ${file} cannot be used`)
  })
  const answer = await request(`${url}/health`)
  const said = await answer.body.text()
  assert.equal(answer.statusCode, 503)
  assert.match(said, /STORE_UNAVAILABLE/)
  assert.doesNotMatch(said, /secret-folder/)
})

test('only a failure of the engine is one of the store', async (t) => {
  const database = new SqliteDatabase(join(scratch(t), 'store.db'))
  t.after(() => database.close())
  const fault = new TypeError('a fault of ours')
  const fail = (): never => {
    throw fault
  }
  await assert.rejects(database.read(fail), fault)
  await assert.rejects(database.write(fail), fault)
  await assert.rejects(
    database.read((sql) => sql.all('SELECT nothing')),
    { code: 'STORE_UNAVAILABLE' },
  )
})
