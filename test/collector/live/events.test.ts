/** The event stream over a real socket: what comes, how it resumes, and that nobody who listens keeps the collector from ending. */
import assert from 'node:assert/strict'
import { setTimeout as sleepMs } from 'node:timers/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import { LISTENERS_MAX, LISTENERS_OF_ONE_MAX } from '../../../src/collector/live/hub.ts'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import { ask, bearer, castOf } from '../access/cast.ts'
import {
  lossyVerdict,
  runId,
  spawnCollector,
  scratch,
  startServer,
  type TestServer,
  wholeManifest,
} from '../helpers.ts'

interface Told {
  readonly id: string
  readonly kind: string
  readonly data: { readonly run?: string }
}

/** Events as they come, until the test is over. */
class Ear {
  readonly told: Told[] = []
  isOver = false
  readonly #abort = new AbortController()

  static async open(t: TestContext, url: string, last?: string): Promise<Ear> {
    const ear = new Ear()
    t.after(() => ear.close())
    const headers = last === undefined ? {} : { 'last-event-id': last }
    const {
      statusCode,
      headers: answered,
      body,
    } = await request(`${url}/v1/events`, {
      headers,
      signal: ear.#abort.signal,
      bodyTimeout: 0,
    })
    assert.equal(statusCode, 200)
    assert.match(String(answered['content-type']), /^text\/event-stream/)
    void ear.#listen(body)
    await ear.until('the greeting', ({ kind }) => kind === 'hello')
    return ear
  }

  close(): void {
    this.#abort.abort()
  }

  async until(what: string, is: (one: Told) => boolean): Promise<Told> {
    const deadline = Date.now() + 20_000
    for (;;) {
      const found = this.told.find(is)
      if (found !== undefined) return found
      assert.ok(Date.now() < deadline && !this.isOver, `no ${what} among ${JSON.stringify(this.told)}`)
      await sleepMs(20)
    }
  }

  async #listen(body: AsyncIterable<Uint8Array>): Promise<void> {
    let rest = ''
    try {
      for await (const piece of body) {
        const frames = (rest + Buffer.from(piece).toString('utf8')).split('\n\n')
        rest = frames.pop() ?? ''
        this.told.push(...frames.filter((frame) => frame.includes('data:')).map(toldBy))
      }
    } catch {
      // Closed by the test, or cut off.
    }
    this.isOver = true
  }
}

function toldBy(frame: string): Told {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? ''
  return { id: field('id'), kind: field('event'), data: JSON.parse(field('data')) }
}

const start = (t: TestContext): Promise<TestServer> => startServer(t, openSqliteStore(join(scratch(t), 'store.db')))

const RUN = runId(1)
const of =
  (wanted: string, run = RUN) =>
  ({ kind, data }: Told): boolean =>
    kind === wanted && data.run === run

test('a run is told from its beginning to its verdict', async (t) => {
  const { url, client } = await start(t)
  const ear = await Ear.open(t, url)
  await client.createRun(RUN, 'sample', wholeManifest(RUN))
  await ear.until('run', of('run'))
  await client.append(RUN, 0, new Uint8Array(8), { state: 'writing', issued: 2, completed: 1, flushes: 0, stable: 1 })
  const { data } = await ear.until('progress', of('progress'))
  assert.deepEqual(Object.keys(data).toSorted(), ['bytes', 'changedAt', 'heardAt', 'progress', 'run'])
  await client.recordCut(RUN, { kind: 'sigkill', at: '2026-01-01T00:00:00Z', died: true })
  await ear.until('cut', of('cut'))
  await client.publishVerdict(RUN, lossyVerdict(RUN))
  await ear.until('verdict', of('verdict'))
})

test('whoever comes back is told what changed meanwhile, by another collector over the same store too', async (t) => {
  const file = join(scratch(t), 'store.db')
  const one = await startServer(t, openSqliteStore(file))
  const other = await startServer(t, openSqliteStore(file))
  const ear = await Ear.open(t, one.url)
  await one.client.createRun(RUN, 'sample', wholeManifest(RUN))
  const last = await ear.until('run', of('run'))
  ear.close()
  await one.client.recordCut(RUN, { kind: 'sigkill', at: '2026-01-01T00:00:00Z', died: true })
  await one.client.createRun(runId(2), 'sample', wholeManifest(runId(2)))
  const again = await Ear.open(t, other.url, last.id)
  await again.until('cut', of('cut'))
  await again.until('run', of('run', runId(2)))
  assert.ok(again.told.every(({ id }) => id >= last.id))
})

test('what goes on as a whole, with the cursor that the events go on from', async (t) => {
  const { url, client } = await start(t)
  for (const n of [1, 2, 3]) await client.createRun(runId(n), 'sample', wholeManifest(runId(n)))
  await client.recordCut(runId(2), { kind: 'sigkill', at: '2026-01-01T00:00:00Z', died: true })
  await client.publishVerdict(runId(3), lossyVerdict(runId(3)))
  const { body } = await request(`${url}/v1/live`)
  const live: unknown = await body.json()
  const runs = (list: unknown): unknown => (Array.isArray(list) ? list.map(({ run }) => run) : list)
  assert.ok(typeof live === 'object' && live !== null && 'cursor' in live)
  assert.ok('agents' in live && 'cuts' in live && 'verdicts' in live)
  assert.deepEqual([runs(live.agents), runs(live.cuts), runs(live.verdicts)], [[RUN], [runId(2)], [runId(3)]])
  const ear = await Ear.open(t, url, String(live.cursor))
  await client.publishVerdict(runId(2), lossyVerdict(runId(2)))
  await ear.until('verdict', of('verdict', runId(2)))
})

// The servers of the tests above end before their listeners do, with nobody to cut them off: they would wait for ever.
test('a listener does not keep the collector from ending', async (t) => {
  const collector = await spawnCollector(t, `sqlite:${join(scratch(t), 'store.db')}`)
  const ear = await Ear.open(t, collector.url)
  await collector.kill('SIGTERM')
  assert.equal(collector.child.exitCode, 0)
  while (!ear.isOver) await sleepMs(10)
})

test('there is room for so many, and again once one has gone', async (t) => {
  const { url } = await start(t)
  const { port, hostname } = new URL(url)
  const sockets = await Promise.all(
    Array.from({ length: LISTENERS_MAX }, async () => {
      const socket = connect(Number(port), hostname)
      t.after(() => socket.destroy())
      socket.write(`GET /v1/events HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
      await new Promise((resolve) => socket.once('data', resolve))
      return socket
    }),
  )
  const full = await request(`${url}/v1/events`)
  const refusal: unknown = await full.body.json()
  assert.equal(full.statusCode, 503)
  assert.ok(typeof refusal === 'object' && refusal !== null && 'code' in refusal)
  assert.equal(refusal.code, 'TOO_MANY_LISTENERS')
  sockets[0]?.destroy()
  const deadline = Date.now() + 20_000
  for (;;) {
    const abort = new AbortController()
    const { statusCode, body } = await request(`${url}/v1/events`, { signal: abort.signal })
    abort.abort()
    body.on('error', () => undefined)
    if (statusCode === 200) break
    assert.ok(Date.now() < deadline)
    await sleepMs(20)
  }
})

test('one token does not take the places of all', async (t) => {
  const { url, tokens } = await castOf(t)
  const { port, hostname } = new URL(url)
  const open = async (): Promise<string> => {
    const socket = connect(Number(port), hostname)
    t.after(() => socket.destroy())
    socket.write(
      `GET /v1/events HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${tokens.reader}\r\n\r\n`,
    )
    return new Promise((resolve) => socket.once('data', (piece) => resolve(piece.toString('latin1').slice(9, 12))))
  }
  const places = await Promise.all(Array.from({ length: LISTENERS_OF_ONE_MAX }, open))
  assert.deepEqual(new Set(places), new Set(['200']))
  const full = await ask(url, 'GET', '/v1/events', bearer(tokens.reader))
  assert.deepEqual([full.status, full.code], [503, 'TOO_MANY_LISTENERS'])
  assert(full.text.includes(`${LISTENERS_OF_ONE_MAX} clients listen with the token reader`), full.text)
  assert.equal((await ask(url, 'GET', '/v1/events', bearer(tokens.orchestrator))).status, 200)
})
