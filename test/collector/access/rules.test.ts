/** The small rules of access, each by itself: tokens, spans, sites, names, redaction, routes that were forgotten. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { isCrossSite, isLoopbackAddress, isUnmistakable } from '../../../src/collector/access/cross-site.ts'
import { addGate } from '../../../src/collector/access/gate.ts'
import { addRateLimits } from '../../../src/collector/access/rate-limits.ts'
import { redactor } from '../../../src/collector/access/redact.ts'
import { TOKEN_MEMORY_MS, TokenBook } from '../../../src/collector/access/token-book.ts'
import { expiryOf, isToken, makeToken, stateOf } from '../../../src/collector/access/token.ts'
import { createApp } from '../../../src/collector/http/app.ts'
import { ROLES, type TokenRecord } from '../../../src/collector/store/store.ts'

const NOW = '2026-06-01T12:00:00.000Z'

test('a token of each role has its form, and no two are the same', () => {
  for (const role of ROLES) {
    const [one, other] = [1, 2].map(() => makeToken({ name: 'n', role }, NOW))
    assert(one !== undefined && other !== undefined)
    assert(isToken(one.token) && one.token !== other.token)
    assert.match(one.record.hash, /^[0-9a-f]{64}$/)
    assert(!JSON.stringify(one.record).includes(one.token))
  }
  for (const bad of ['', 'pp_a_', `pp_x_${'a'.repeat(43)}`, `pp_a_${'a'.repeat(42)}`, ` pp_a_${'a'.repeat(43)}`])
    assert(!isToken(bad), bad)
})

test('expiry', () => {
  assert.equal(expiryOf('90d', NOW), '2026-08-30T12:00:00.000Z')
  assert.equal(expiryOf('12h', NOW), '2026-06-02T00:00:00.000Z')
  assert.equal(expiryOf('30m', NOW), '2026-06-01T12:30:00.000Z')
  assert.equal(expiryOf('2027-01-01', NOW), '2027-01-01T00:00:00.000Z')
  for (const bad of ['', '0d', '90', '1w', '2026-05-31', 'tomorrow', '9999999d', '2026-13-01'])
    assert.throws(() => expiryOf(bad, NOW), { code: 'BAD_OPTION', message: /--expires got/ }, bad)
  assert.equal(stateOf({}, NOW), 'valid')
  assert.equal(stateOf({ expiresAt: NOW }, NOW), 'expired')
  assert.equal(stateOf({ expiresAt: '2026-06-01T14:00:01+02:00' }, NOW), 'valid')
  assert.equal(stateOf({ expiresAt: '2100-01-01T00:00:00Z', revokedAt: NOW }, NOW), 'revoked')
})

test('who comes from elsewhere', () => {
  assert(!isCrossSite({ host: 'c:1' }))
  assert(!isCrossSite({ host: 'c:1', origin: 'https://c:1' }))
  assert(isCrossSite({ host: 'c:1', origin: 'http://c:2' }))
  assert(isCrossSite({ host: 'c:1', origin: 'null' }))
  // The browser's own word counts more than the origin, which a proxy in between does not know.
  assert(!isCrossSite({ host: 'c:1', origin: 'http://d', 'sec-fetch-site': 'same-origin' }))
  assert(
    isUnmistakable('[::ffff:7f00:1]:80') && !isUnmistakable(undefined) && !isUnmistakable('localhost@evil.example/'),
  )
  for (const address of ['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1'])
    assert(isLoopbackAddress(address), address)
  for (const address of ['10.0.0.1', '::', '::ffff:10.0.0.1', '0.0.0.0', undefined]) assert(!isLoopbackAddress(address))
})

test('secrets are struck out, and nothing else', () => {
  const clean = redactor(['hunter22', '', 'a'])
  const token = `pp_o_${'Ab-_'.repeat(10)}abc`
  const cases: readonly (readonly [string, string])[] = [
    [`x ${token} y`, 'x [secret] y'],
    ['authorization: Bearer abc.def', 'authorization: Bearer [secret]'],
    ['pass hunter22!', 'pass [secret]!'],
    ['postgres://me:p@ss/w@db:5432/x failed', 'postgres://[secret]@db:5432/x failed'],
    ['host=db password=geheim user=me', 'host=db password=[secret] user=me'],
    ['{"cookie":"a=\\"b\\"; c","x":1}', '{"cookie":"[secret]","x":1}'],
    ['plugpull_session_7117=abc; plugpull_session=d', 'plugpull_session_7117=[secret]; plugpull_session=[secret]'],
    ['GET /v1/runs?campaign=geheim done', 'GET /v1/runs?[query] done'],
  ]
  for (const [line, expected] of cases) assert.equal(clean(line), expected)
  for (const line of ['is it there? yes', '{"run":"00000000000000aa","msg":"a run is created"}'])
    assert.equal(clean(line), line)
})

test('a token is remembered for a moment, and what is done here counts at once', async () => {
  const { token, record } = makeToken({ name: 'n', role: 'reader' }, NOW)
  let kept: TokenRecord | undefined = record
  let looks = 0
  let ms = 0
  const store = {
    tokenByHash: async () => {
      looks++
      return kept
    },
    tokens: async () => (kept === undefined ? [] : [kept]),
  }
  const book = new TokenBook(store, () => ms)
  assert(!book.knew(record.hash))
  await book.find(record.hash)
  await book.find(record.hash)
  assert.deepEqual([looks, book.knew(record.hash), token.length], [1, true, 48])
  ms += TOKEN_MEMORY_MS
  kept = { ...record, revokedAt: NOW }
  assert.equal((await book.find(record.hash))?.revokedAt, NOW)
  book.forget()
  await book.find(record.hash)
  assert.deepEqual([looks, await book.hasAny()], [3, true])
  kept = undefined
  // A store that had a token asks for one ever after.
  assert.deepEqual([await book.find('x'), await book.hasAny()], [undefined, true])
})

test('a route that the table does not have ends the start', async () => {
  const app = createApp(pino({ level: 'silent' }))
  const callers = new WeakMap()
  const store = { tokenByHash: async () => undefined, tokens: async () => [], keyOf: async () => undefined }
  const context = { book: new TokenBook(store, () => 0), adminHash: undefined, now: () => NOW }
  addGate(app, { store, context, callers, limits: await addRateLimits(app, callers) })
  app.get('/health', () => 'fine')
  assert.throws(() => app.get('/v1/forgotten', () => 'secret'), /GET \/v1\/forgotten is not in the table/)
  assert.throws(() => app.delete('/v1/runs', () => 'secret'), /DELETE \/v1\/runs is not in the table/)
  await app.close()
})
