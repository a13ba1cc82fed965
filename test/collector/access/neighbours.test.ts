/** What a page of another site, or another collector on this host, can do to a collector over the user's own browser: nothing. */
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Limits } from '../../../src/collector/access/rate-limits.ts'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import { runId, sampleManifest, scratch, startServer } from '../helpers.ts'
import { ask, bearer, castOf } from './cast.ts'

const RUN = runId(1)
const UNLIMITED: Limits = { refused: 1e9, append: 1e9, other: 1e9, open: 1e9 }

const open = (t: TestContext, limits: Partial<Limits> = {}) =>
  startServer(t, openSqliteStore(join(scratch(t), 'store.db')), undefined, { limits: { ...UNLIMITED, ...limits } })

/** What a browser sends for a page whose name its owner has made to point here (DNS rebinding). */
function askAsRebound(
  url: string,
  path: string,
  { method = 'GET', body = '' }: { readonly method?: string; readonly body?: string } = {},
): Promise<number> {
  const { hostname, port } = new URL(url)
  const headers = {
    host: `evil.example:${port}`,
    'sec-fetch-site': 'same-origin',
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
  }
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path, method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end(body)
  })
}

test('a page that asks by a name of its own locks nobody out of a collector without tokens', async (t) => {
  const { url, client } = await open(t, { refused: 10, open: 10 })
  await client.createRun(RUN, 'sample', sampleManifest(RUN))
  for (let n = 0; n < 500; n++) assert.equal(await askAsRebound(url, '/v1/runs'), 403)
  for (let n = 0; n < 20; n++) await askAsRebound(url, '/health')
  assert.equal((await ask(url, 'POST', `/v1/runs/${RUN}/log?offset=0`)).status, 200)
  assert.equal((await ask(url, 'GET', '/v1/runs')).status, 200)
  assert.equal((await ask(url, 'GET', '/health')).status, 200)
})

test('nor does one that sends wrong tokens', async (t) => {
  const { url, client } = await open(t, { refused: 10 })
  await client.createRun(RUN, 'sample', sampleManifest(RUN))
  for (let n = 0; n < 20; n++) await ask(url, 'GET', '/v1/runs', bearer('wrong'))
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer('wrong'))).code, 'RATE_LIMITED')
  assert.equal((await ask(url, 'POST', `/v1/runs/${RUN}/log?offset=0`)).status, 200)
})

test('where tokens are asked for, it makes no token wait that was not seen before', async (t) => {
  const { url, tokens } = await castOf(t, { refused: 10, open: 10 })
  const guess = { method: 'POST', body: JSON.stringify({ token: 'guess' }) }
  for (let n = 0; n < 20; n++) await askAsRebound(url, '/v1/runs')
  for (let n = 0; n < 20; n++) await askAsRebound(url, '/v1/session', guess)
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(tokens.reader))).status, 200)
  assert.equal((await ask(url, 'POST', '/v1/session', {}, JSON.stringify({ token: tokens.reader }))).status, 200)
  assert.equal(await askAsRebound(url, '/v1/session', guess), 429)
})

test('where no token is asked for, the cookie of another collector is as good as none', async (t) => {
  const { url } = await open(t)
  const { port } = new URL(url)
  const token = `pp_r_${'z'.repeat(43)}`
  for (const name of ['plugpull_session', 'plugpull_session_1', `plugpull_session_${port}`]) {
    const { text } = await ask(url, 'GET', '/v1/session', { cookie: `${name}=${token}` })
    assert.equal(JSON.parse(text).by, 'loopback', name)
  }
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(token))).code, 'UNAUTHORIZED')
})

test('two collectors on one host sign nobody out of the other', async (t) => {
  const [one, other] = [await castOf(t), await castOf(t)]
  const signIn = async ({ url, tokens }: typeof one) =>
    String((await ask(url, 'POST', '/v1/session', {}, JSON.stringify({ token: tokens.reader }))).headers['set-cookie'])
  const pairs = [await signIn(one), await signIn(other)].map((cookie) => cookie.split(';')[0] ?? '')
  const names = pairs.map((pair) => pair.split('=')[0])
  assert.notEqual(names[0], names[1])
  for (const cookie of [pairs.join('; '), pairs.toReversed().join('; ')])
    for (const { url } of [one, other]) assert.equal((await ask(url, 'GET', '/v1/runs', { cookie })).status, 200)
})

test('a cookie that is good for nothing is taken away, one that has a lesser role is not', async (t) => {
  const { url, tokens, revoked } = await castOf(t)
  const name = `plugpull_session_${new URL(url).port}`
  const stale = await ask(url, 'GET', '/v1/runs', { cookie: `${name}=${revoked}` })
  assert.deepEqual([stale.status, stale.code], [401, 'UNAUTHORIZED'])
  assert.match(String(stale.headers['set-cookie']), new RegExp(`^${name}=; Path=/; .*Max-Age=0$`))
  const lesser = await ask(url, 'GET', '/v1/tokens', { cookie: `${name}=${tokens.reader}` })
  assert.deepEqual([lesser.code, lesser.headers['set-cookie']], ['FORBIDDEN', undefined])
  const none = await ask(url, 'GET', '/v1/runs', bearer(revoked))
  assert.deepEqual([none.code, none.headers['set-cookie']], ['UNAUTHORIZED', undefined])
})
