/** The list of campaigns in a real browser, and the whole page below a path of a proxy. */
import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { assertAccessible, assertFits, LOOKS, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { scratchFolder, startCollector } from '../support/plugpull-process.ts'
import { fillMatrix, withStore } from './fixtures.ts'

test('campaigns', { skip: NO_BROWSER }, async (t) => {
  const folder = scratchFolder(t)
  await withStore(folder, fillMatrix)
  const { url, port } = await startCollector(t, folder)
  const browser = await startBrowser(t)

  await t.test('are listed, the newest first, at every size in every theme', async (part) => {
    for (const look of LOOKS) {
      const page = await browser.page(part, url, look)
      await page.goto(`${url}/campaigns`)
      await page.getByText('12 campaigns', { exact: true }).waitFor()
      await assertAccessible(page)
      await assertFits(page)
      await shoot(page, `campaigns-${look.size}-${look.theme}`)
    }
  })

  await t.test('are found by name, which is in the address, and sorted', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(`${url}/campaigns`)
    await page.getByLabel('Name contains').fill('UNSAFE')
    await page.getByText('3 of 12 campaigns').waitFor()
    assert.equal(page.url(), `${url}/campaigns?name=UNSAFE`)
    assert.equal(await page.evaluate('document.activeElement.id'), 'campaign-name', 'who types goes on typing')
    await page.getByRole('button', { name: 'Campaign' }).click()
    const names = await page.getByRole('rowheader').allInnerTexts()
    assert.deepEqual(names, names.toSorted())
    await page.getByLabel('Name contains').fill('nothing like it')
    await page.getByText('No campaign has "nothing like it" in its name.').waitFor()
    await page.getByRole('button', { name: 'Show all' }).click()
    await page.getByText('12 campaigns', { exact: true }).waitFor()
    await page.getByLabel('Injected faults').selectOption('with')
    await page.getByText(/^\d of 12 campaigns$/).waitFor()
    assert.equal(page.url(), `${url}/campaigns?faults=with`)
    for (const row of (await page.getByRole('row').allInnerTexts()).slice(1)) assert.match(row, /in all runs|in \d+ of/)
    await page.getByLabel('Injected faults').selectOption('any')
    await page.getByText('12 campaigns', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'lab/raw-none-host-power' }).click()
    await page.waitForURL(`${url}/campaigns/lab%2Fraw-none-host-power`)
  })

  await t.test('and everything else work below any path that a proxy takes away', async (part) => {
    const below = await prefixed(t, port, '/lab/plugpull')
    const page = await browser.page(part, new URL(below).origin)
    await page.goto(`${below}/campaigns`)
    await page.getByText('12 campaigns', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'again' }).click()
    await page.waitForURL(`${below}/campaigns/again`)
    await page.reload()
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByRole('link', { name: 'Live' }).click()
    await page.getByText('Connected').waitFor()
    assert.equal(page.url(), `${below}/live`)
    assert.equal(await page.getByRole('link', { name: 'JSON' }).getAttribute('href'), '/lab/plugpull/v1/live')
  })
})

/** A proxy that serves the collector below `prefix`, and nothing elsewhere. */
async function prefixed(t: TestContext, port: number, prefix: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming
    if (!url.startsWith(`${prefix}/`)) {
      outgoing.writeHead(404).end()
      return
    }
    const onward = request({ port, host: '127.0.0.1', path: url.slice(prefix.length), method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}${prefix}`
}
