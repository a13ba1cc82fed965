/** The HTTP client of the bundle against a server that says exactly what it is told to, a few bytes at a time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'

interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array> & { text(): Promise<string> }
}
interface Client {
  request(call: object): Promise<Answer>
  destroy(): Promise<void>
}
type ClientClass = new (options: object) => Client

const STAND_IN = join(import.meta.dirname, '..', '..', 'scripts', 'bundle', 'undici.mjs')
const { Agent }: { readonly Agent: ClientClass } = await import(pathToFileURL(STAND_IN).href)

interface Place {
  readonly ask: (more?: object) => Promise<Answer>
  /** What the server was sent, and how many connections it had. */
  readonly heard: () => string
  readonly connections: () => number
}

/** A server that gives the answers in turn, each in pieces of `grain` bytes; an answer that ends in `CLOSE` ends the connection. */
async function serve(t: TestContext, answers: readonly string[], grain = 3, connections = 8): Promise<Place> {
  let heard = ''
  let count = 0
  const left = [...answers]
  const say = async (socket: Socket): Promise<void> => {
    const answer = left.shift() ?? ''
    const text = answer.replace(/CLOSE$/, '')
    for (let at = 0; at < text.length; at += grain) {
      socket.write(text.slice(at, at + grain))
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (answer.endsWith('CLOSE')) socket.end()
  }
  const server = createServer((socket) => {
    count++
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        heard += bytes.toString('latin1')
        void say(socket)
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { port } = address
  const client = new Agent({ connections, connect: {}, bodyTimeout: 5000 })
  t.after(async () => {
    await client.destroy()
    server.close()
  })
  const call = { origin: `http://127.0.0.1:${port}`, path: '/p', method: 'GET', headers: {}, body: null }
  return {
    ask: (more = {}) => client.request({ ...call, signal: new AbortController().signal, ...more }),
    heard: () => heard,
    connections: () => count,
  }
}

const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nwiki\r\nA\r\npedia in\r\n\r\n0\r\nTrailer: t\r\n\r\n'
const PLAIN = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhello'

describe('the HTTP client of the bundle', () => {
  test('reads bodies by length, in chunks and to the end, in pieces of any size, over one connection as long as it is kept', async (t) => {
    for (const grain of [1, 2, 7, 1000]) {
      const { ask, connections } = await serve(
        t,
        [
          PLAIN,
          `HTTP/1.1 100 Continue\r\n\r\n${CHUNKED}`,
          'HTTP/1.1 204 No Content\r\n\r\n',
          'HTTP/1.1 200 OK\r\n\r\nall of itCLOSE',
          PLAIN,
        ],
        grain,
      )
      const first = await ask()
      assert.deepEqual([first.statusCode, first.headers['x-y'], await first.body.text()], [200, 'z', 'hello'])
      assert.equal(await (await ask()).body.text(), 'wikipedia in\r\n')
      const empty = await ask()
      assert.deepEqual([empty.statusCode, await empty.body.text()], [204, ''])
      assert.equal(connections(), 1)
      assert.equal(await (await ask()).body.text(), 'all of it')
      assert.equal(await (await ask()).body.text(), 'hello')
      assert.equal(connections(), 2)
    }
  })

  test('sends head and body, and no header that would end early', async (t) => {
    const { ask, heard } = await serve(t, [PLAIN, PLAIN], 3, 1)
    await (await ask({ method: 'POST', headers: { a: 'b' }, body: Buffer.from([0x68, 0xff]) })).body.text()
    assert.match(heard(), /^POST \/p HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\na: b\r\ncontent-length: 2\r\n\r\nh\u00FF$/)
    await assert.rejects(ask({ headers: { a: 'b\r\nc: d' } }), /the header a has a character/)
    assert.equal(await (await ask()).body.text(), 'hello')
  })

  test('refuses what is cut short or is not HTTP', async (t) => {
    const bad: readonly (readonly [answer: string, error: RegExp])[] = [
      ['CLOSE', /hang up/],
      ['HTTP/1.1 200 OK\r\nContent-LengCLOSE', /hang up/],
      ['SSH-2.0-OpenSSH_9.2\r\n\r\nCLOSE', /not HTTP/],
      ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhelloCLOSE', /hang up/],
      ['HTTP/1.1 200 OK\r\nContent-Length: -9\r\n\r\nhelloCLOSE', /bytes long/],
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nCLOSE', /no size/],
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\nCLOSE', /longer than it says/],
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nCLOSE', /coded as gzip/],
    ]
    for (const [answer, error] of bad) {
      const { ask } = await serve(t, [answer])
      await assert.rejects(async () => (await ask()).body.text(), error, answer)
    }
  })

  test('gives up where it is told to, and has others wait for a free connection', async (t) => {
    const { ask, connections } = await serve(
      t,
      ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', PLAIN, PLAIN],
      1000,
      1,
    )
    const abort = new AbortController()
    const first = await ask({ signal: abort.signal })
    const others = [ask(), ask()]
    abort.abort()
    await assert.rejects(first.body.text(), /given up/)
    for (const other of others) assert.equal(await (await other).body.text(), 'hello')
    assert.equal(connections(), 2)
    await assert.rejects(ask({ signal: abort.signal }), /given up/)
  })
})
