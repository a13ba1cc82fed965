/** The live view in a real browser: agents as they write, cuts and verdicts as they come, and what a lost connection does not lose. */
import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { hazardVerdict, violationVerdict } from './fixtures.ts'
import { runId, wholeManifest } from '../collector/helpers.ts'
import { assertAccessible, assertFits, LOOKS, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { scratchFolder, startCollector } from '../support/plugpull-process.ts'

const LABELS = { rig: 'qemu', image: 'qcow2', cache: 'writeback' }

/** A run as an agent creates it. */
const create = (client: CollectorClient, n: number): Promise<boolean> =>
  client.createRun(runId(n), 'nightly', wholeManifest(runId(n), 'nightly', LABELS))

const progress = (completed: number) =>
  ({ state: 'writing', issued: completed + 4, completed, flushes: completed / 16, stable: completed - 2 }) as const

const cut = (client: CollectorClient, n: number, signal?: string): Promise<unknown> =>
  client.recordCut(runId(n), {
    kind: 'sigkill',
    at: new Date().toISOString(),
    died: true,
    target: { what: 'qemu', pid: 7 },
    ...(signal === undefined ? {} : { signal }),
  })

const agentRow = (page: Page, n: number) => page.getByRole('row', { name: runId(n) })
const log = (page: Page) => page.getByRole('log')

function clientOf(t: TestContext, url: string): CollectorClient {
  const client = new CollectorClient(url)
  t.after(() => client.close())
  return client
}

test('what goes on is seen as it happens', { skip: NO_BROWSER }, async (t) => {
  const { url } = await startCollector(t, scratchFolder(t))
  const client = clientOf(t, url)
  const browser = await startBrowser(t)
  const page = await browser.page(t, url)
  await page.goto(`${url}/live`)
  await page.getByText('No agent writes at the moment.').waitFor()
  await page.getByText('No cut yet.').waitFor()
  await page.getByText('Connected').waitFor()
  await assertAccessible(page)

  await create(client, 1)
  await agentRow(page, 1).getByText('created').waitFor()
  await client.append(runId(1), 0, new Uint8Array(2048), progress(160))
  await agentRow(page, 1).getByText('writing').waitFor()
  assert.match(
    await agentRow(page, 1).innerText(),
    /qcow2 · writeback[\s\S]*every 16 writes[\s\S]*158 of 164[\s\S]*2 KiB/,
  )
  await client.append(runId(1), 2048, new Uint8Array(2048), progress(3200))
  await agentRow(page, 1).getByText('3,198 of 3,204').waitFor()
  const [, speed = '0'] = /([\d,]+)\s*writes\/s/.exec(await page.locator('.totals').innerText()) ?? []
  assert.ok(Number(speed.replaceAll(',', '')) > 0)

  for (const look of LOOKS) {
    const other = await browser.page(t, url, look)
    await other.goto(`${url}/live`)
    await agentRow(other, 1).waitFor()
    await assertAccessible(other)
    await assertFits(other)
    await shoot(other, `live-agents-${look.size}-${look.theme}`)
    await other.close()
  }

  await cut(client, 1)
  await log(page).getByText('sigkill of qemu').waitFor()
  await page.getByText('No agent writes at the moment.').waitFor()
  await client.publishVerdict(runId(1), hazardVerdict(runId(1)))
  await log(page).getByText('held, hazards').waitFor()
  await log(page).getByText('3 lost, 1 torn, 12 KiB gone, up to 240 ms old').waitFor()
  await page.getByText('1 cut, 1 held').waitFor({ state: 'attached' })
  await log(page).getByRole('link', { name: 'nightly' }).first().click()
  await page.waitForURL(`${url}/campaigns/nightly`)
  await page.close()
})

test('a run that ends by itself stays in sight, with the way to its verdict', { skip: NO_BROWSER }, async (t) => {
  const { url } = await startCollector(t, scratchFolder(t))
  const client = clientOf(t, url)
  const browser = await startBrowser(t)
  const page = await browser.page(t, url)
  await page.goto(`${url}/live`)
  await page.getByText('Connected').waitFor()
  await create(client, 1)
  await agentRow(page, 1).waitFor()
  const { path } = wholeManifest(runId(1)).target
  await client.append(runId(1), 0, new Uint8Array(2048), { ...progress(160), state: 'done' })
  await log(page).getByText('ended by itself, no cut; verify it with').waitFor()
  await log(page)
    .getByText(`plugpull verify --target ${path} --run ${runId(1)} --collector ${url}`)
    .waitFor()
  await create(client, 2)
  await client.append(runId(2), 0, new Uint8Array(2048), { ...progress(160), state: 'failed' })
  await log(page).getByText('failed before a cut').waitFor()
  await create(client, 3)
  await cut(client, 3)
  await client.publishVerdict(runId(3), hazardVerdict(runId(3)))
  await log(page).getByText('held, hazards').waitFor()

  for (const look of LOOKS) {
    const other = await browser.page(t, url, look)
    await other.goto(`${url}/live`)
    await log(other).getByText('ended by itself, no cut').waitFor()
    await log(other).getByText('held, hazards').waitFor()
    await assertAccessible(other)
    await assertFits(other)
    for (const row of await log(other).getByRole('listitem').all()) {
      const [word, what] = [await row.locator('.word').boundingBox(), await row.locator('.what').boundingBox()]
      assert.ok(word !== null && what !== null)
      const isBeside = word.x + word.width <= what.x
      assert.ok(
        isBeside || word.y + word.height <= what.y || what.y + what.height <= word.y,
        'the word runs over the text',
      )
    }
    await shoot(other, `live-ended-${look.size}-${look.theme}`)
    await other.close()
  }
  await log(page)
    .getByRole('link', { name: runId(1) })
    .click()
  await page.waitForURL(`${url}/runs/${runId(1)}`)
})

test('an agent that falls silent is marked, by the time of the collector', { skip: NO_BROWSER }, async (t) => {
  const { url } = await startCollector(t, scratchFolder(t))
  const client = clientOf(t, url)
  const browser = await startBrowser(t)
  const page = await browser.page(t, url)
  await page.clock.install()
  await create(client, 1)
  await page.goto(`${url}/live`)
  await agentRow(page, 1).waitFor()
  assert.doesNotMatch(await agentRow(page, 1).innerText(), /late|silent/)
  await page.clock.fastForward(7000)
  await agentRow(page, 1).getByText('late').waitFor()
  await page.clock.fastForward(30_000)
  await agentRow(page, 1)
    .getByText(/silent/)
    .waitFor()
  await page.getByText('1 silent for 30 s or more').waitFor()
  await assertAccessible(page)
  await page.close()
})

const OUTAGE = [/ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)/, /failed: GET .*\/v1\/(events|live)/]

test('a collector that was killed and comes back is told apart from nothing new', { skip: NO_BROWSER }, async (t) => {
  const folder = scratchFolder(t)
  const first = await startCollector(t, folder)
  const browser = await startBrowser(t)
  const page = await browser.page(t, first.url, { expected: OUTAGE })
  await create(clientOf(t, first.url), 1)
  await page.goto(`${first.url}/live`)
  await agentRow(page, 1).waitFor()
  await page.getByText('Connected').waitFor()
  await first.process.kill('SIGKILL')
  await page.getByText('Connection lost').waitFor()
  await assertAccessible(page)
  await shoot(page, 'live-lost')
  const second = await startCollector(t, folder, first.port)
  await cut(clientOf(t, second.url), 1, 'SIGTERM')
  await page.getByText('Connected').waitFor()
  await log(page).getByText('sigkill (SIGTERM) of qemu').waitFor()
})

test('what happens while the connection is severed is there once it is back', { skip: NO_BROWSER }, async (t) => {
  const { url, port } = await startCollector(t, scratchFolder(t))
  const client = clientOf(t, url)
  const line = await Line.to(t, port)
  const browser = await startBrowser(t)
  const page = await browser.page(t, line.url, { expected: OUTAGE })
  await create(client, 1)
  await page.goto(`${line.url}/live`)
  await agentRow(page, 1).waitFor()
  await page.getByText('Connected').waitFor()
  line.sever()
  await page.getByText('Connection lost').waitFor()
  await cut(client, 1)
  await client.publishVerdict(runId(1), violationVerdict(runId(1)))
  await create(client, 2)
  line.mend()
  await agentRow(page, 2).waitFor()
  await log(page).getByText('40 lost, 2 flushes that lied, 160 KiB gone, up to 1.5 s old').waitFor()
  assert.equal(await log(page).getByRole('listitem').count(), 2)
})

/** A line between browser and collector that can be severed: nothing gets through, and nothing new is taken. */
class Line {
  readonly url: string
  readonly #sockets = new Set<Socket>()
  #isSevered = false

  private constructor(url: string) {
    this.url = url
  }

  static async to(t: TestContext, port: number): Promise<Line> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const line = new Line(`http://127.0.0.1:${address.port}`)
    server.on('connection', (near) => line.#join(near, connect(port, '127.0.0.1')))
    t.after(() => {
      line.sever()
      server.close()
    })
    return line
  }

  sever(): void {
    this.#isSevered = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#isSevered = false
  }

  #join(near: Socket, far: Socket): void {
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    if (this.#isSevered) near.destroy()
    else near.pipe(far).pipe(near)
  }
}
