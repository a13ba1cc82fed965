/** An import over a connection that does not let everything through: in smaller parts, and to its end or to an error. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import fc from 'fast-check'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../../src/collector/store/store.ts'
import { decodeLine } from '../../../src/collector/transfer/codec.ts'
import { type Imported, importLines, type SliceLine } from '../../../src/collector/transfer/import-lines.ts'
import { Pace } from '../../../src/collector/transfer/pace.ts'
import { readExport } from '../../../src/collector/transfer/read-export.ts'
import { collectorSink } from '../../../src/collector/transfer/sinks.ts'
import { CollectorClient } from '../../../src/io/collector-client.ts'
import { logBytes, runId, scratch, startServer } from '../helpers.ts'
import { AT, anyRuns, bytesOf, exportOf, inPieces, runLines, type SampleRun } from './samples.ts'

/** A way to a collector on which a request that is longer breaks off. */
async function narrowWay(t: TestContext, to: string, bytesMax: number): Promise<{ url: string; broken: () => number }> {
  let broken = 0
  const forward = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece)
    const body = Buffer.concat(pieces)
    if (body.length > bytesMax) {
      broken++
      incoming.socket.destroy()
      return
    }
    const headers = { 'content-type': 'application/x-ndjson' }
    const told = await request(`${to}${incoming.url ?? ''}`, { method: 'POST', headers, body })
    answer.writeHead(told.statusCode, { 'content-type': 'application/json' }).end(await told.body.text())
  }
  const server = createServer((incoming, answer) => void forward(incoming, answer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  return { url: `http://127.0.0.1:${address.port}`, broken: () => broken }
}

async function importOver(t: TestContext, runs: readonly SampleRun[], bytesMax: number, outageMsMax: number) {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  const { url: to } = await startServer(t, store)
  const way = await narrowWay(t, to, bytesMax)
  const client = new CollectorClient(way.url)
  t.after(() => client.close())
  const signal = new AbortController().signal
  const sink = collectorSink(client, { signal, outageMsMax, onOutage: () => undefined })
  const importing = (): Promise<Imported> =>
    importLines(readExport(inPieces(bytesOf(exportOf(runs)), [70_001]), 'x'), sink, {
      signal,
      onSlice: () => undefined,
    })
  return { store, importing, broken: way.broken }
}

const LONG: SampleRun = {
  n: 1,
  campaign: 'c',
  parts: Array.from({ length: 40 }, (_, index) => logBytes(1, index * 250_000, 250_000)),
  isCut: true,
  verdicts: 2,
  text: 'x',
}
const many: readonly SampleRun[] = Array.from({ length: 60 }, (_, index) => ({
  ...LONG,
  n: index + 2,
  parts: [logBytes(1, 0, 100)],
}))

test('what is too much for the connection goes in smaller parts, and is counted as if sent at once', async (t) => {
  const { store, importing, broken } = await importOver(t, [LONG, ...many], 700_000, 10_000)
  const result = await importing()
  assert.deepEqual(
    [result.run, result.log, result.cut, result.verdict, result.complete, result.bytes, result.conflicts],
    [
      { stored: 61, same: 0 },
      { stored: 100, same: 0 },
      { stored: 61, same: 0 },
      { stored: 122, same: 0 },
      61,
      10_006_000,
      [],
    ],
  )
  assert.equal((await store.run(runId(1)))?.bytes, 10_000_000)
  assert(broken() > 3)
})

test('a run in conflict is told once, also where its lines go in parts', async (t) => {
  const { store, importing } = await importOver(t, [LONG, ...many], 700_000, 10_000)
  await otherRun(store)
  const result = await importing()
  assert.deepEqual(
    result.conflicts.map(({ run, kind }) => [run, kind]),
    [[runId(1), 'log']],
  )
  assert.equal(result.complete, 60)
})

async function otherRun(store: Store): Promise<void> {
  const [head] = runLines(LONG)
  assert(head?.kind === 'run')
  const { run, campaign, manifest } = head
  await store.createRun({ run, campaign, manifest, createdAt: AT })
  await store.append([{ run, offset: 0, bytes: new Uint8Array(300_000), at: AT }])
}

test('where nothing gets through it gives up, the smallest part having been tried', async (t) => {
  const { importing, broken } = await importOver(t, [LONG], 100, 0)
  await assert.rejects(importing(), { code: 'COLLECTOR_UNREACHABLE' })
  // A broken connection is tried once more by the client itself.
  assert.equal(broken(), 4)
})

test('property: the parts of a slice are the slice, each with the run line of what it speaks of', () => {
  const slice = (runs: readonly SampleRun[]): SliceLine[] =>
    runs.flatMap(runLines).map((line) => ({ line, bytes: bytesOf([line]).subarray(0, -1) }))
  fc.assert(
    fc.property(anyRuns, fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), (runs, turns) => {
      const whole = slice([...runs, ...many])
      const pace = new Pace()
      const seen: SliceLine[] = []
      for (let left: readonly SliceLine[] = whole, turn = 0; left.length > 0; turn++) {
        if (turns[turn % turns.length] === true) pace.shrink(turn % 3 === 0 ? 'all' : 'half')
        else pace.grow()
        const { part, rest } = pace.part(left)
        let known = ''
        for (const { line, bytes } of part) {
          if (line.kind === 'run') known = line.run
          assert.equal(line.run, known)
          const read = decodeLine(bytes)
          assert.deepEqual(read.kind === 'line' ? read.line : read, JSON.parse(JSON.stringify(line)))
        }
        const fresh = part.filter(({ line }) => !(line.kind === 'run' && line.continued === true))
        assert(fresh.length > 0)
        seen.push(...fresh)
        left = rest
      }
      assert.deepEqual(seen, whole)
    }),
    { numRuns: 40 },
  )
})
