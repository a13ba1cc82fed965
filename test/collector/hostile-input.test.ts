/** What an agent or a stranger with a token may send to hurt others: refused at the door, naming the field, and nothing is kept. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import { SqliteDatabase, openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import { encode } from '../../src/collector/transfer/codec.ts'
import { runId, sampleManifest, scratch, startServer } from './helpers.ts'

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
  await refused(post('/v1/runs', `{"run":"${runId(2)}","campaign":"good","manifest":${manifest}}`), /at most 32 deep/)
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
