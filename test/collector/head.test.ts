/** HEAD is GET without the body: whoever probes a collector needs no more. What is streamed has none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { PERMISSIONS } from '../../src/collector/access/permissions.ts'
import { OWN_RUN, TOKEN_FILE, ask, bearer, castOf } from './access/cast.ts'

const STREAMED: ReadonlySet<string> = new Set(['/v1/events', '/v1/export', '/v1/runs/:run/log'])
/** Each answer of these is another: it tells how long the process has run, or of the request itself. */
const EVER_NEW: ReadonlySet<string> = new Set(['/metrics', '/v1/live'])
const VALUES: Readonly<Record<string, string>> = { name: 'sample', number: '1', run: OWN_RUN }

test('HEAD answers what GET does, without the body, at every address that is not streamed', async (t) => {
  const { url } = await castOf(t)
  const headers = bearer(TOKEN_FILE)
  let compared = 0
  for (const key of Object.keys(PERMISSIONS)) {
    const [method, route = ''] = key.split(' ')
    if (method !== 'GET') continue
    const path = route.replaceAll(/:(\w+)/g, (_, name: string) => VALUES[name] ?? assert.fail(name))
    const head = await request(url + path, { method: 'HEAD', headers })
    assert.equal(await head.body.text(), '', key)
    if (STREAMED.has(route)) {
      assert.equal(head.statusCode, 404, key)
      continue
    }
    const get = await request(url + path, { headers })
    const text = await get.body.text()
    assert.equal(head.statusCode, get.statusCode, key)
    assert.equal(head.headers['content-type'], get.headers['content-type'], key)
    if (get.statusCode === 200 && !EVER_NEW.has(route))
      assert.equal(head.headers['content-length'], String(Buffer.byteLength(text)), key)
    compared++
  }
  assert(compared >= 20)
})

test('HEAD asks for the token that GET asks for', async (t) => {
  const { url, tokens } = await castOf(t)
  assert.equal((await ask(url, 'HEAD', '/health')).status, 200)
  assert.equal((await ask(url, 'HEAD', '/')).status, 200)
  assert.equal((await ask(url, 'HEAD', '/v1/runs')).status, 401)
  assert.equal((await ask(url, 'HEAD', '/v1/runs', bearer(tokens.enrolment))).status, 403)
  assert.equal((await ask(url, 'HEAD', '/v1/runs', bearer(tokens.reader))).status, 200)
})
