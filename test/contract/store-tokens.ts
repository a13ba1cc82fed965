/** The MUSTs of the store about tokens and about the keys of runs; part of the suite in store.ts. */
import assert from 'node:assert/strict'
import type { TokenRecord } from '../../src/collector/store/store.ts'
import { runId, sampleManifest } from '../collector/helpers.ts'
import type { Check } from './store.ts'

const AT = '2026-01-01T00:00:00.000Z'

const token = (n: number, changes: Partial<TokenRecord> = {}): TokenRecord => ({
  id: `id${n}`,
  name: `name ${n}`,
  role: 'reader',
  hash: String(n).repeat(64),
  createdAt: AT,
  ...changes,
})

export function tokens(check: Check): void {
  check('a token is found by its hash, and by nothing else', async ({ store, reopen }) => {
    assert.deepEqual(await store.tokens(), [])
    assert.equal(await store.addToken(token(1)), 'added')
    assert.equal(await store.addToken(token(2, { role: 'admin', expiresAt: '2027-01-01T00:00:00.000Z' })), 'added')
    const later = await reopen()
    assert.deepEqual(await later.tokenByHash(token(1).hash), token(1))
    assert.equal(await later.tokenByHash(token(3).hash), undefined)
    assert.equal(await later.tokenByHash(''), undefined)
    assert.deepEqual(await later.tokens(), [
      token(1),
      token(2, { role: 'admin', expiresAt: '2027-01-01T00:00:00.000Z' }),
    ])
  })

  check('a name, an id and a hash are taken once', async ({ store }) => {
    await store.addToken(token(1))
    assert.equal(await store.addToken(token(2, { name: 'name 1' })), 'taken')
    assert.equal(await store.addToken(token(2, { id: 'id1' })), 'taken')
    assert.equal(await store.addToken(token(2, { hash: token(1).hash })), 'taken')
    assert.equal((await store.tokens()).length, 1)
  })

  check('of two who take a name at the same moment one has it', async ({ store }) => {
    const outcomes = await Promise.all([1, 2, 3, 4].map((n) => store.addToken(token(n, { name: 'same' }))))
    assert.deepEqual(outcomes.toSorted(), ['added', 'taken', 'taken', 'taken'])
    assert.equal((await store.tokens()).length, 1)
  })

  check('a revoked token stays known, is revoked once, and leaves its name', async ({ store, reopen }) => {
    await store.addToken(token(1))
    assert.equal(await store.revokeToken('id2', AT), 'unknown')
    assert.equal(await store.revokeToken('id1', AT), 'revoked')
    assert.equal(await store.revokeToken('id1', 'later'), 'already')
    const later = await reopen()
    assert.deepEqual(await later.tokenByHash(token(1).hash), { ...token(1), revokedAt: AT })
    assert.equal(await later.addToken(token(2, { name: 'name 1' })), 'added')
  })

  check('the key of a run is kept as a hash, and is part of what makes it the same run', async ({ store, reopen }) => {
    const run = { run: runId(1), campaign: 'sample', createdAt: AT, manifest: sampleManifest(runId(1)) }
    assert.equal(await store.createRun({ ...run, keyHash: 'aa' }), 'created')
    assert.equal(await store.createRun({ ...run, keyHash: 'aa' }), 'same')
    assert.equal(await store.createRun({ ...run, keyHash: 'bb' }), 'different')
    const open = { ...run, run: runId(2), manifest: sampleManifest(runId(2)) }
    assert.equal(await store.createRun(open), 'created')
    const later = await reopen()
    assert.deepEqual(await later.keyOf(runId(1)), { keyHash: 'aa' })
    assert.deepEqual(await later.keyOf(runId(2)), {})
    assert.equal(await later.keyOf(runId(3)), undefined)
  })
}
