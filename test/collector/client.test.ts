/** The client against servers that misbehave: every failure is one of few errors, within its limit. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CollectorClient, readTokenFile } from '../../src/io/collector-client.ts'
import { logBytes, readAll, runId, sampleManifest, scratch, spawnCollector } from './helpers.ts'

const RUN = runId(1)

async function serverThat(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}

function clientOf(t: TestContext, url: string, limitMs = 5000): CollectorClient {
  const client = new CollectorClient(url, { limitMs })
  t.after(() => client.close())
  return client
}

test('a URL is asked for', () => {
  for (const bad of ['', 'host:7117', 'ftp://host', '/var/run/x']) {
    assert.throws(() => new CollectorClient(bad), { code: 'BAD_OPTION', message: /--collector got/ })
  }
  assert.equal(new CollectorClient('http://host:7117/').url, 'http://host:7117')
  assert.equal(new CollectorClient('https://host/plugpull/').url, 'https://host/plugpull')
})

test('nobody there', async (t) => {
  const url = await serverThat(t, () => undefined)
  const client = clientOf(t, 'http://127.0.0.1:1')
  await assert.rejects(client.health(), { code: 'COLLECTOR_UNREACHABLE', message: /127\.0\.0\.1:1 .*ECONNREFUSED/ })
  await assert.rejects(readAll(client.readLog(RUN)), { code: 'COLLECTOR_UNREACHABLE' })
  const patient = clientOf(t, url, 200)
  await assert.rejects(patient.health(), { code: 'COLLECTOR_UNREACHABLE', message: /no answer within 200 ms/ })
  await assert.rejects(patient.append(RUN, 0, new Uint8Array(1)), { code: 'COLLECTOR_UNREACHABLE' })
  await assert.rejects(readAll(patient.readLog(RUN)), { code: 'COLLECTOR_UNREACHABLE' })
})

test('somebody else there', async (t) => {
  const page = await serverThat(t, (_request, response) => response.end('<html>'))
  await assert.rejects(clientOf(t, page).run(RUN), {
    code: 'COLLECTOR_REFUSED',
    message: /not in the way of a plugpull collector/,
  })
  await assert.rejects(clientOf(t, page).append(RUN, 0, new Uint8Array(1)), { code: 'COLLECTOR_REFUSED' })
  const missing = await serverThat(t, (_request, response) => response.writeHead(404).end('Not found'))
  await assert.rejects(clientOf(t, missing).campaigns(), { code: 'COLLECTOR_REFUSED', message: /HTTP 404/ })
  const gateway = await serverThat(t, (_request, response) => response.writeHead(502).end('Bad gateway'))
  await assert.rejects(clientOf(t, gateway).campaigns(), { code: 'COLLECTOR_UNREACHABLE', message: /HTTP 502/ })
})

test('a kept-alive connection that was closed is no failure', async (t) => {
  let requests = 0
  const url = await serverThat(t, (request, response) => {
    // The second request comes on the connection of the first and finds it cut.
    if (++requests === 2) request.socket.destroy()
    else response.setHeader('content-type', 'application/json').end('{"status":"ok","version":"1","store":"x"}')
  })
  const client = clientOf(t, url)
  await client.health()
  await client.health()
  assert.equal(requests, 3)
})

test('a log is read on from where the connection broke', async (t) => {
  const log = Buffer.from(logBytes(1, 0, 300_000))
  let requests = 0
  const url = await serverThat(t, (request, response) => {
    const rest = log.subarray(Number(new URL(request.url ?? '', 'http://x').searchParams.get('offset')))
    response.writeHead(200, { 'content-length': rest.length })
    if (++requests < 4) response.write(rest.subarray(0, 70_000), () => setTimeout(() => response.destroy(), 20))
    else response.end(rest)
  })
  assert.deepEqual(await readAll(clientOf(t, url).readLog(RUN)), log)
  assert.equal(requests, 4)
  const broken = await serverThat(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 10 }).flushHeaders()
    response.destroy()
  })
  await assert.rejects(readAll(clientOf(t, broken).readLog(RUN)), { code: 'COLLECTOR_UNREACHABLE' })
})

test('leaving a log half read leaves nothing behind', async (t) => {
  const { url } = await spawnCollector(t, `sqlite:${join(scratch(t), 'store.db')}`)
  const client = clientOf(t, url)
  await client.createRun(RUN, 'half', sampleManifest(RUN, 'half'))
  for (let at = 0; at < 8 << 20; at += 1 << 20) await client.append(RUN, at, logBytes(1, at, 1 << 20))
  for (let times = 0; times < 20; times++) {
    for await (const piece of client.readLog(RUN)) {
      assert(piece.length > 0)
      break
    }
  }
  assert.equal((await client.health()).status, 'ok')
  await assert.rejects(readAll(client.readLog(runId(2))), { code: 'RUN_UNKNOWN', message: new RegExp(runId(2)) })
  await assert.rejects(readAll(client.readLog(RUN, 9 << 20)), { code: 'COLLECTOR_REFUSED', message: /LOG_GAP/ })
})

test('a token file that holds no token is named', (t) => {
  assert.throws(() => readTokenFile(join(scratch(t), 'none')), { code: 'BAD_OPTION', message: /--token-file .*none/ })
})

test('a collector that has no time says when to come again, and is asked again then', async (t) => {
  const told = '{"code":"RATE_LIMITED","message":"too many requests"}'
  const health = '{"status":"ok","version":"1","store":"x"}'
  let requests = 0
  const busy = await serverThat(t, (_request, response) => {
    response.setHeader('content-type', 'application/json')
    if (++requests < 4) response.writeHead(429, { 'retry-after': '0' }).end(told)
    else response.end(health)
  })
  assert.equal((await clientOf(t, busy).health()).status, 'ok')
  assert.equal(requests, 4)
  // Later than the limit of the request: whoever paces the requests decides.
  let asked = 0
  const later = await serverThat(t, (_request, response) => {
    asked++
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '3600' }).end(told)
  })
  await assert.rejects(clientOf(t, later).append(RUN, 0, new Uint8Array(1)), {
    code: 'COLLECTOR_UNREACHABLE',
    message: /is not ready: too many requests/,
  })
  assert.equal(asked, 1)
  const proxy = await serverThat(t, (_request, response) =>
    response.writeHead(429, { 'retry-after': '3600' }).end('<html>'),
  )
  await assert.rejects(clientOf(t, proxy).health(), { code: 'COLLECTOR_UNREACHABLE', message: /answered HTTP 429/ })
})
