/** The page over a real socket: which addresses have it, what may run in it, and what a browser keeps of it. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import { readPageFiles } from '../../src/collector/http/page-files.ts'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import { scratch, startServer } from './helpers.ts'

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

async function start(t: TestContext): Promise<string> {
  return (await startServer(t, openSqliteStore(join(scratch(t), 'store.db')))).url
}

async function get(url: string, headers: Record<string, string> = {}) {
  const { statusCode, headers: answered, body } = await request(url, { headers })
  return { status: statusCode, headers: answered, text: await body.text() }
}

/** The addresses of files that a document names. */
const filesOf = (document: string): string[] =>
  [...document.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')

test('every view has the page at its address, with files that can be had from there', async (t) => {
  const url = await start(t)
  for (const path of [
    '/',
    '/live',
    '/?host=a',
    '/campaigns/lab%2Fone',
    '/runs/0123456789abcdef?finding=3',
    '/no/such/view',
  ]) {
    const page = await get(url + path, BROWSER)
    assert.equal(page.status, 200, path)
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    assert.match(page.text, /<noscript>/)
    const files = filesOf(page.text)
    assert.equal(files.length, 3)
    for (const file of files) {
      assert.match(file, /^\.{1,2}\//, 'relative, for whoever serves it below another path')
      const { status, headers } = await get(String(new URL(file, url + path)))
      assert.equal(status, 200, file)
      assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  }
})

test('nothing runs in the page that is not a file of ours', async (t) => {
  const { headers, text } = await get(`${await start(t)}/`, BROWSER)
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /^default-src 'none'; ?script-src 'self'; ?style-src 'self';/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /unsafe|\*|http/)
  assert.doesNotMatch(text, /<script(?![^>]* src=)|<style| style=| on[a-z]+=|https?:/)
})

test('an address that is no view says so: of the API, of a file, and for a program', async (t) => {
  const url = await start(t)
  for (const [path, headers] of [
    ['/v1/nowhere', BROWSER],
    ['/assets/nothing.js', BROWSER],
    ['/assets/..%2Findex.html', BROWSER],
    ['/live', { accept: 'application/json' }],
    ['/live', {}],
  ] as const) {
    const answer = await get(url + path, headers)
    assert.equal(answer.status, 404, path)
    assert.equal(JSON.parse(answer.text).code, 'NOT_FOUND')
  }
})

test('a browser that has it already is told so, and one that unpacks is sent less', async (t) => {
  const url = await start(t)
  const page = await get(`${url}/`, BROWSER)
  assert.equal(page.headers['cache-control'], 'no-cache')
  const etag = String(page.headers['etag'])
  assert.equal((await get(`${url}/`, { ...BROWSER, 'if-none-match': etag })).status, 304)
  assert.equal((await get(`${url}/`, { ...BROWSER, 'if-none-match': `"other", W/${etag}` })).status, 304)
  assert.equal((await get(`${url}/`, { ...BROWSER, 'if-none-match': '"other"' })).status, 200)
  assert.notEqual((await get(`${url}/runs/1`, BROWSER)).headers['etag'], etag)
  const packed = await get(`${url}/`, { ...BROWSER, 'accept-encoding': 'gzip, br' })
  assert.equal(packed.headers['content-encoding'], 'gzip')
  assert.ok(Number(packed.headers['content-length']) < Number(page.headers['content-length']))
})

test('files of an unbuilt page are not there, which is no error; those of a built one have their types', (t) => {
  const folder = scratch(t)
  assert.equal(readPageFiles(join(folder, 'none')), undefined)
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<p>')
  writeFileSync(join(folder, 'assets', 'a.js'), 'a')
  writeFileSync(join(folder, 'assets', 'a.odd'), 'a')
  const files = readPageFiles(folder)
  assert.equal(files?.index, '<p>')
  assert.equal(files.assets.get('a.js')?.type, 'text/javascript; charset=utf-8')
  assert.equal(files.assets.get('a.odd')?.type, 'application/octet-stream')
})
