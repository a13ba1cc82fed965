/**
 * Whatever stands between agent and collector has a bad day: answers that are lost, connections that break before or behind the
 * request, 429, 502 and 503, pages of a proxy. The run goes on, and every record is there once.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HistoryBuilder } from '../../src/core/history.ts'
import { Prng } from '../../src/core/prng.ts'
import { LogDecoder } from '../../src/core/wire.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { plugpull, scratchFolder, startCollector } from '../support/plugpull-process.ts'

const WRITES = 4000
const RUN = 'c0ffee0000000003'

const MISHAPS = [
  'none',
  'broken before',
  'answer lost',
  'answer cut short',
  'rate limited',
  'rate limited by a proxy',
  'bad gateway',
  'not ready',
] as const
type Mishap = (typeof MISHAPS)[number]

/** Stands before the collector, and lets through what it does not spoil. Every mishap has its turn. */
async function badLuck(t: TestContext, target: string, seen: Map<Mishap, number>): Promise<string> {
  const random = new Prng({ lo: 7, hi: 7 })
  let isCreated = false
  const server = createServer((request, response) => {
    // The run is made in peace: an agent that cannot announce it has written nothing and ends at once.
    const mishap = isCreated ? (MISHAPS[random.below(MISHAPS.length)] ?? 'none') : 'none'
    isCreated ||= request.method === 'POST'
    seen.set(mishap, (seen.get(mishap) ?? 0) + 1)
    spoil(mishap, request, response, target)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}

function spoil(mishap: Mishap, request: IncomingMessage, response: ServerResponse, target: string): void {
  switch (mishap) {
    case 'broken before':
      return void request.socket.destroy()
    case 'rate limited':
      return refuse(response, 429, '{"code":"RATE_LIMITED","message":"too many requests"}')
    case 'rate limited by a proxy':
      return refuse(response, 429, '<html>')
    case 'bad gateway':
      return refuse(response, 502, '<html>')
    case 'not ready':
      return refuse(response, 503, '{"code":"STORE_UNAVAILABLE","message":"the store cannot be used"}')
    case 'none':
    case 'answer lost':
    case 'answer cut short':
      return forward(request, response, target, mishap)
  }
}

function refuse(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(body)
}

function forward(request: IncomingMessage, response: ServerResponse, target: string, mishap: Mishap): void {
  const onward = httpRequest(
    new URL(request.url ?? '/', target),
    { method: request.method ?? 'GET', headers: request.headers },
    (answer) => {
      if (mishap === 'answer lost') {
        answer.resume()
        answer.on('end', () => request.socket.destroy())
        return
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      if (mishap === 'none') return void answer.pipe(response)
      answer.on('data', (bytes: Buffer) => response.write(bytes.subarray(0, 2)))
      answer.on('end', () => request.socket.destroy())
    },
  )
  onward.on('error', () => request.socket.destroy())
  request.pipe(onward)
}

test('whatever happens to requests and answers on the way, every record of the run arrives once', async (t) => {
  const folder = scratchFolder(t)
  const target = join(folder, 'disk.raw')
  writeFileSync(target, '')
  truncateSync(target, 16 << 20)
  const { url } = await startCollector(t, folder)
  const seen = new Map<Mishap, number>()
  const unlucky = await badLuck(t, url, seen)
  const workload = ['--queue-depth', '4', '--flush-every', '4', '--writes', String(WRITES), '--commit', 'stream']
  const ended = await plugpull(t, 'agent', '--target', target, '--collector', unlucky, '--run-id', RUN, ...workload)
  assert.equal(ended.status, 0, ended.stderr)
  assert.ok([...seen.values()].reduce((sum, count) => sum + count, 0) > 20, JSON.stringify([...seen]))

  const client = new CollectorClient(url)
  t.after(() => client.close())
  const builder = new HistoryBuilder()
  const decoder = new LogDecoder(builder)
  for await (const piece of client.readLog(RUN)) decoder.push(piece)
  const history = builder.finish(decoder.end())
  assert.deepEqual([history.logEnd.tail, history.ended], ['clean', true])
  assert.deepEqual([history.issued, history.completed, history.flushesIssued], [WRITES, WRITES, WRITES / 4])
  const verdict = await plugpull(t, 'verify', '--target', target, '--collector', url, '--run', RUN)
  assert.equal(verdict.status, 0, verdict.stdout + verdict.stderr)
})
