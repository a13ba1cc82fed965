/** docs/HTTP-API.md and the OpenAPI document tell of the same addresses, codes and limits; answers have the shapes promised. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Value } from 'typebox/value'
import { request } from 'undici'
import { API_ERRORS } from '../../src/collector/http/api-error.ts'
import * as schema from '../../src/collector/http/schemas.ts'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import { APPEND_BYTES_MAX } from '../../src/io/collector-client.ts'
import { lossyVerdict, runId, sampleManifest, sampleMeasures, scratch, startServer } from './helpers.ts'

// dist/test/collector → the checkout.
const DOCS = readFileSync(new URL('../../../docs/HTTP-API.md', import.meta.url), 'utf8')

test('the same addresses', async (t) => {
  const { url } = await startServer(t, openSqliteStore(join(scratch(t), 'store.db')))
  const answer = await request(`${url}/openapi.json`)
  const document: unknown = await answer.body.json()
  assert(typeof document === 'object' && document !== null && 'paths' in document && 'openapi' in document)
  assert.equal(document.openapi, '3.1.0')
  const described = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const documented = [...DOCS.matchAll(/^### `([A-Z]+ \/[^`]*)`/gm)].map((match) => match[1])
  assert(described.length >= 13)
  assert.equal(documented.length, new Set(documented).size)
  assert.deepEqual(new Set(documented), new Set(described))
})

test('the same codes', () => {
  const documented = [...DOCS.matchAll(/^\| `([A-Z_]+)`\s+\| (\d+)\s+\|/gm)].map((match) => [
    match[1],
    Number(match[2]),
  ])
  assert.deepEqual(
    documented,
    Object.entries(API_ERRORS).map(([code, { status }]) => [code, status]),
  )
  assert(DOCS.includes(`${APPEND_BYTES_MAX} bytes`))
})

test('answers have the shapes that the document promises', async (t) => {
  const { url, client } = await startServer(t, openSqliteStore(join(scratch(t), 'store.db')))
  const run = runId(1)
  await client.createRun(run, 'c', sampleManifest(run, 'c'))
  await client.append(run, 0, new Uint8Array(5), { state: 'writing', issued: 1, completed: 0, flushes: 0 })
  await client.recordCut(run, { kind: 'sigkill', at: '2026-01-01T00:00:00Z', died: true })
  await client.publishVerdict(run, { ...lossyVerdict(run), measures: sampleMeasures })
  const shapes = [
    ['/v1/runs', schema.RunsBody],
    [`/v1/runs/${run}`, schema.RunBody],
    [`/v1/runs/${run}/verdicts/1`, schema.VerdictBody],
    ['/v1/campaigns', schema.CampaignsBody],
    ['/v1/campaigns/c', schema.CampaignBody],
    ['/health', schema.HealthBody],
    ['/v1/campaigns/none', schema.ErrorBody],
  ] as const
  for (const [path, shape] of shapes) {
    const body = await (await request(url + path)).body.json()
    assert(Value.Check(shape, body), `${path}: ${JSON.stringify(Value.Errors(shape, body))}`)
  }
})
