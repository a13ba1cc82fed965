/** The gate over a real socket: runs of one's own, sessions, other sites, names that point here, limits, what collectors tell each other. */
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeToken } from '../../../src/collector/access/token.ts'
import { createServer } from '../../../src/collector/http/server.ts'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import { sleepMs } from '../../../src/io/clock.ts'
import { CollectorClient, RUN_KEY_HEADER } from '../../../src/io/collector-client.ts'
import { pino } from 'pino'
import { Agent, request } from 'undici'
import { runId, sampleManifest, scratch, startServer } from '../helpers.ts'
import { OTHER_RUN, OWN_KEY, OWN_RUN, TOKEN_FILE, ask, bearer, castOf, newRun } from './cast.ts'

const now = (): string => new Date().toISOString()

test('an enrolment token makes runs, and appends to its own alone', async (t) => {
  const { url, tokens } = await castOf(t)
  const agent = bearer(tokens.enrolment)
  const mine = { ...agent, [RUN_KEY_HEADER]: OWN_KEY }
  const create = (headers: Record<string, string>, run: string) => ask(url, 'POST', '/v1/runs', headers, newRun(run))
  const append = (headers: Record<string, string>, run: string) =>
    ask(url, 'POST', `/v1/runs/${run}/log?offset=0`, headers)

  assert.deepEqual(
    [(await create(agent, runId(5))).code, (await append(agent, OWN_RUN)).code],
    ['FORBIDDEN', 'FORBIDDEN'],
  )
  assert.equal((await create(mine, OWN_RUN)).status, 200)
  assert.equal((await create({ ...mine, [RUN_KEY_HEADER]: 'short' }, OWN_RUN)).code, 'BAD_REQUEST')
  // Another agent's run, though all but the key is the same, is no run of this one.
  assert.equal((await create(mine, OTHER_RUN)).code, 'RUN_CONFLICT')
  assert.equal((await append(mine, OWN_RUN)).status, 200)
  const [other, none] = [await append(mine, OTHER_RUN), await append(mine, runId(9))]
  assert.deepEqual([other.code, other.text], ['FORBIDDEN', none.text])
  // A run that an orchestrator made without a key is nobody's own.
  assert.equal((await create(bearer(tokens.orchestrator), runId(6))).status, 201)
  assert.equal((await append(mine, runId(6))).code, 'FORBIDDEN')
  for (const who of [tokens.orchestrator, tokens.admin, TOKEN_FILE])
    assert.equal((await append(bearer(who), OWN_RUN)).status, 200)
})

test('a session reads, and can be left', async (t) => {
  const { url, tokens, revoked } = await castOf(t)
  const signIn = (token: string) => ask(url, 'POST', '/v1/session', {}, JSON.stringify({ token }))
  const answer = await signIn(tokens.reader)
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(JSON.parse(answer.text), { role: 'reader', by: 'session', name: 'reader' })
  const cookie = String(answer.headers['set-cookie'])
  assert.match(cookie, /^plugpull_session_\d+=pp_r_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
  const [pair = ''] = cookie.split(';')
  assert.equal((await ask(url, 'GET', '/v1/runs', { cookie: pair })).status, 200)
  assert.equal(JSON.parse((await ask(url, 'GET', '/v1/session', { cookie: pair })).text).by, 'session')
  assert.deepEqual(JSON.parse((await ask(url, 'GET', '/v1/session', bearer(TOKEN_FILE))).text), {
    role: 'admin',
    by: 'token-file',
    name: '--token-file',
  })
  for (const [token, code] of [
    [tokens.enrolment, 'FORBIDDEN'],
    [revoked, 'UNAUTHORIZED'],
    ['pp_r_x', 'UNAUTHORIZED'],
    ['a;b', 'BAD_REQUEST'],
  ] as const) {
    const no = await signIn(token)
    assert.deepEqual([no.code, no.headers['set-cookie']], [code, undefined], token)
  }
  const left = await ask(url, 'DELETE', '/v1/session', { cookie: pair })
  assert.match(String(left.headers['set-cookie']), /^plugpull_session_\d+=; .*Max-Age=0/)
})

test('the page is open, everything else asks for a token, and says how', async (t) => {
  const { url, tokens } = await castOf(t)
  const none = await ask(url, 'GET', '/v1/runs')
  assert.deepEqual([none.code, none.headers['www-authenticate']], ['UNAUTHORIZED', 'Bearer realm="plugpull"'])
  const basic = `Basic ${Buffer.from(`anybody:${tokens.admin}`).toString('base64')}`
  for (const authorization of [basic, 'Bearer', `Bearer ${tokens.admin}x`, tokens.admin])
    assert.equal((await ask(url, 'GET', '/v1/runs', { authorization })).code, 'UNAUTHORIZED', authorization)
  assert.equal((await ask(url, 'GET', '/v1/runs', { authorization: `bearer ${tokens.admin}` })).status, 200)
  const stranger = new CollectorClient(url)
  t.after(() => stranger.close())
  await assert.rejects(stranger.runs(), { code: 'COLLECTOR_REFUSED', message: /a token is needed.*UNAUTHORIZED/ })
})

test('nothing is answered to pages of other sites', async (t) => {
  const { url, tokens } = await castOf(t)
  const { host } = new URL(url)
  const admin = bearer(tokens.admin)
  const from = async (headers: Record<string, string>, path = '/v1/runs') =>
    (await ask(url, 'GET', path, { ...admin, ...headers })).status
  assert.equal(await from({ 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal(await from({ 'sec-fetch-site': 'same-site' }), 403)
  assert.equal(await from({ 'sec-fetch-site': 'same-origin' }), 200)
  assert.equal(await from({ 'sec-fetch-site': 'none' }), 200)
  assert.equal(await from({ origin: 'http://evil.example' }), 403)
  assert.equal(await from({ origin: 'null' }), 403)
  assert.equal(await from({ origin: `http://${host}` }), 200)
  // A link may lead to a page from anywhere, and to nothing else.
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  assert.deepEqual(
    [await from(link, '/'), await from(link), await from({ 'sec-fetch-site': 'cross-site' }, '/')],
    [200, 403, 403],
  )
  const preflight = await ask(url, 'OPTIONS', '/v1/runs', { origin: 'http://evil.example' })
  assert.equal(preflight.status, 403)
  for (const path of ['/v1/runs', '/', '/health', '/nowhere']) {
    const { headers } = await ask(url, 'GET', path, admin)
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.equal(headers['strict-transport-security'], undefined)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
  }
  const { headers } = await ask(url, 'GET', '/health')
  assert.equal(
    headers['content-security-policy'],
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';font-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'",
  )
})

/** Asks with a Host header of our choice, which clients that know better do not send. */
function askAs(url: string, host: string): Promise<number> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path: '/v1/runs', headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

test('without a token, names that may be anybody’s are not listened to', async (t) => {
  const { url, client } = await startServer(t, openSqliteStore(join(scratch(t), 'store.db')))
  for (const host of ['localhost:1', '127.0.0.1', '[::1]:80', '10.0.2.2:7117', 'a.localhost'])
    assert.equal(await askAs(url, host), 200, host)
  for (const host of ['evil.example', 'evil.example:7117', 'localhost.evil.example', '127.0.0.1.evil.example', 'x y'])
    assert.equal(await askAs(url, host), 403, host)
  assert.equal((await client.health()).status, 'ok')
})

test('the first token ends the time when everybody might do everything', async (t) => {
  const { url, client } = await startServer(t, openSqliteStore(join(scratch(t), 'store.db')))
  await client.createRun(OWN_RUN, 'sample', sampleManifest(OWN_RUN))
  assert.equal(JSON.parse((await ask(url, 'GET', '/v1/session')).text).by, 'loopback')
  const made = await client.createToken({ name: 'first', role: 'reader' })
  assert.match(made.token, /^pp_r_[\w-]{43}$/)
  await assert.rejects(client.runs(), { code: 'COLLECTOR_REFUSED', message: /a token is needed/ })
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(made.token))).status, 200)
  assert.equal((await ask(url, 'GET', '/v1/tokens', bearer(made.token))).code, 'FORBIDDEN')
})

test('tokens over HTTP: made, told without what they are, revoked', async (t) => {
  const { url, tokens } = await castOf(t)
  const client = new CollectorClient(url, { token: tokens.admin })
  t.after(() => client.close())
  const expiresAt = '2100-01-01T00:00:00.000Z'
  const made = await client.createToken({ name: 'vm 7', role: 'enrolment', expiresAt })
  assert.deepEqual([made.role, made.expiresAt], ['enrolment', expiresAt])
  await assert.rejects(client.createToken({ name: 'vm 7', role: 'reader' }), {
    message: /"vm 7" is there.*TOKEN_CONFLICT/,
  })
  const past = { name: 'past', role: 'reader', expiresAt: '2020-01-01T00:00:00Z' }
  await assert.rejects(client.createToken(past), { message: /body\/expiresAt must lie in the future.*BAD_REQUEST/ })
  await assert.rejects(client.createToken({ name: 'x', role: 'king' }), { message: /body\/role.*BAD_REQUEST/ })
  const listed = await ask(url, 'GET', '/v1/tokens', bearer(tokens.admin))
  assert(listed.text.includes('"vm 7"'))
  for (const secret of [made.token, tokens.admin, 'hash']) assert(!listed.text.includes(secret), secret)
  assert.deepEqual([await client.revokeToken(made.id), await client.revokeToken(made.id)], [true, false])
  const gone = await ask(url, 'GET', '/v1/session', bearer(made.token))
  assert.deepEqual([gone.code, /\(vm 7\) was revoked/.test(gone.text)], ['UNAUTHORIZED', true])
  await assert.rejects(client.revokeToken('00000000'), { message: /no token "00000000".*TOKEN_UNKNOWN/ })
})

/** Another collector on the same file. */
async function startBeside(t: TestContext, file: string): Promise<string> {
  const store = openSqliteStore(file)
  const server = await createServer({ store, version: 'test', logger: pino({ level: 'silent' }), now })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await server.close()
    await store.close()
  })
  return url
}

test('a token revoked at one collector is soon refused by the other', { timeout: 60_000 }, async (t) => {
  const file = join(scratch(t), 'store.db')
  const store = openSqliteStore(file)
  const { url } = await startServer(t, store)
  const other = await startBeside(t, file)
  const [admin, reader] = ['admin', 'reader'].map((role) =>
    makeToken({ name: role, role: role === 'admin' ? 'admin' : 'reader' }, now()),
  )
  assert(admin !== undefined && reader !== undefined)
  for (const { record } of [admin, reader]) await store.addToken(record)
  const status = async () => (await ask(other, 'GET', '/v1/runs', bearer(reader.token))).status
  assert.equal(await status(), 200)
  assert.equal((await ask(url, 'DELETE', `/v1/tokens/${reader.record.id}`, bearer(admin.token))).status, 200)
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(reader.token))).status, 401)
  while ((await status()) !== 401) await sleepMs(100)
})

test('a stream of events ends with its token', { timeout: 60_000 }, async (t) => {
  const { url, tokens, store } = await castOf(t)
  const agent = new Agent()
  t.after(() => agent.destroy())
  const open = async (token: string) =>
    (await request(`${url}/v1/events`, { headers: bearer(token), dispatcher: agent })).body
  const [ending, lasting] = [await open(tokens.reader), await open(tokens.orchestrator)]
  lasting.on('error', () => undefined)
  const reader = (await store.tokens()).find(({ name }) => name === 'reader')
  await ask(url, 'DELETE', `/v1/tokens/${reader?.id ?? ''}`, bearer(tokens.admin))
  await assert.rejects(ending.text())
  assert(!lasting.destroyed && !lasting.readableEnded)
})

test('who is refused too often has to wait, and those who are known do not', async (t) => {
  const { url, tokens } = await castOf(t, { refused: 5 })
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(tokens.reader))).status, 200)
  const statuses: number[] = []
  for (let n = 0; n < 8; n++)
    statuses.push((await ask(url, 'GET', '/v1/runs', bearer(`pp_r_${'z'.repeat(43)}`))).status)
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
  const over = await ask(url, 'GET', '/v1/runs')
  assert.equal(over.code, 'RATE_LIMITED')
  assert(Number(over.headers['retry-after']) >= 1, String(over.headers['retry-after']))
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(tokens.reader))).status, 200)
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(TOKEN_FILE))).status, 200)
  assert.equal((await ask(url, 'POST', '/v1/session', {}, JSON.stringify({ token: 'guess' }))).code, 'RATE_LIMITED')
})

test('a client waits where it is told to, and gets what it asked for', async (t) => {
  const { url, tokens } = await castOf(t, { other: 3, open: 2 })
  const client = new CollectorClient(url, { token: tokens.reader })
  t.after(() => client.close())
  for (let n = 0; n < 5; n++) assert.equal((await client.runs()).runs.length, 2)
  const hasty = new CollectorClient(url, { token: tokens.reader, limitMs: 1000 })
  t.after(() => hasty.close())
  const all = Promise.all([1, 2, 3, 4, 5, 6].map(() => hasty.runs()))
  await assert.rejects(all, { code: 'COLLECTOR_UNREACHABLE', message: /not ready: too many requests/ })
  const codes: (string | undefined)[] = []
  for (let n = 0; n < 3; n++) codes.push((await ask(url, 'GET', '/health')).code)
  assert.deepEqual(codes, [undefined, undefined, 'RATE_LIMITED'])
})
