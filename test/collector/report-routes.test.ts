/** Reports over HTTP and from the command line: types, names to keep them by, whole files, exit status. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { FORMATS } from '../../src/collector/report/registry.ts'
import { ENTRY, scratch, startServer } from './helpers.ts'
import { addCampaign, HELD, INCONCLUSIVE, MIXED, openFixture } from './report-fixture.ts'

test('each format has its type and a name to keep it by, and is what the command prints', async (t) => {
  const { store, spec } = await openFixture(t)
  const name = 'nightly/é "1"'
  await addCampaign(store, name, MIXED)
  const { url } = await startServer(t, store)
  const address = `${url}/v1/campaigns/${encodeURIComponent(name)}/report`
  for (const { name: format, mediaType, extension } of FORMATS) {
    const { statusCode, headers, body } = await request(`${address}?format=${format}`)
    const text = await body.text()
    assert.deepEqual([statusCode, headers['content-type']], [200, mediaType], text)
    const shown = format === 'html' ? 'inline' : 'attachment'
    assert.equal(
      headers['content-disposition'],
      `${shown}; filename="plugpull-nightly-_ -1-.${extension}"; filename*=UTF-8''plugpull-nightly-%C3%A9%20-1-.${extension}`,
    )
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(
      /style-src 'unsafe-inline'.*; sandbox$/.test(String(headers['content-security-policy'])),
      format === 'html',
    )
    const args = ['report', '--campaign', name, '--store', spec, '--format', format]
    assert.equal(spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8' }).stdout, text)
  }
})

test('what is not there is refused', async (t) => {
  const { store } = await openFixture(t)
  await addCampaign(store, 'nightly', [HELD])
  const { url } = await startServer(t, store)
  for (const [path, status, code] of [
    ['none/report', 404, 'CAMPAIGN_UNKNOWN'],
    ['nightly/report?against=none', 404, 'CAMPAIGN_UNKNOWN'],
    ['nightly/report?format=pdf', 400, 'BAD_REQUEST'],
  ] as const) {
    const answer = await request(`${url}/v1/campaigns/${path}`)
    const body: unknown = await answer.body.json()
    assert(typeof body === 'object' && body !== null && 'code' in body)
    assert.deepEqual([answer.statusCode, body.code], [status, code])
  }
  const answer = await request(`${url}/v1/campaigns/nightly/report`)
  assert.match(await answer.body.text(), /"schema": "plugpull\.report\/1"/)
})

test('--output is whole or not there, and --fail-on speaks to a build server', async (t) => {
  const { store, spec } = await openFixture(t)
  await addCampaign(store, 'mixed', MIXED)
  await addCampaign(store, 'held', [HELD], 100)
  await addCampaign(store, 'open', [HELD, INCONCLUSIVE], 200)
  await store.close()
  const folder = join(scratch(t), 'out')
  mkdirSync(folder)
  const report = (...args: string[]) =>
    spawnSync(process.execPath, [ENTRY, 'report', '--store', spec, ...args], { encoding: 'utf8' })

  const file = join(folder, 'junit.xml')
  writeFileSync(file, 'older')
  const failed = report('--campaign', 'none', '--format', 'junit', '--output', file)
  assert.deepEqual([failed.status, readFileSync(file, 'utf8')], [64, 'older'])
  const written = report('--campaign', 'mixed', '--format', 'junit', '--output', file, '--fail-on', 'violation')
  assert.deepEqual([written.status, written.stdout, written.stderr], [10, '', ''])
  assert.match(readFileSync(file, 'utf8'), /<\/testsuites>\n$/)
  const nowhere = report('--campaign', 'mixed', '--output', join(folder, 'absent', 'x'))
  assert.equal(nowhere.status, 74)
  assert.match(nowhere.stderr, /OUTPUT_IO: --output .*absent\/x cannot be written/)
  assert.doesNotMatch(nowhere.stderr, /\.tmp/)
  const onto = report('--campaign', 'mixed', '--output', folder)
  assert.equal(onto.status, 74)
  assert.match(onto.stderr, /OUTPUT_IO: --output .*out is a folder; give the name of a file\n/)
  assert.deepEqual([readdirSync(folder), readdirSync(join(folder, '..'))], [['junit.xml'], ['out']])

  assert.equal(report('--campaign', 'mixed').status, 0)
  assert.equal(report('--campaign', 'held', '--fail-on', 'inconclusive').status, 0)
  assert.equal(report('--campaign', 'open', '--fail-on', 'violation').status, 0)
  assert.equal(report('--campaign', 'open', '--fail-on', 'inconclusive').status, 11)
})
