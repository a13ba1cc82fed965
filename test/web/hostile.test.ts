/** Junk in a store, in a real browser: what cannot be drawn says so and leaves the rest, and long or reversed names stay in their place. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { assertFits, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { scratchFolder, startCollector } from '../support/plugpull-process.ts'
import { fillMatrix, heldVerdict, violationVerdict, withStore } from './fixtures.ts'

const LONG = 'x'.repeat(200)
/** Right-to-left override, a Hebrew word, a tag, and no place to break. */
const REVERSED = `\u202Eשלום<b>${'y'.repeat(150)}\u2067`

test('what cannot be drawn takes itself away and nothing else', { skip: NO_BROWSER }, async (t) => {
  const folder = scratchFolder(t)
  let run = ''
  await withStore(folder, async (recorder) => {
    run = await recorder.run({ image: 'raw', cache: 'none', cut: 'sigkill', campaign: 'junk' }, violationVerdict)
  })
  const database = new Database(join(folder, 'store.db'))
  database.prepare(`UPDATE verdicts SET summary = json_set(summary, '$.log', NULL)`).run()
  database.prepare(`UPDATE runs SET manifest = json_set(manifest, '$.plan.region', 7, '$.target', NULL)`).run()
  database.close()
  const { url } = await startCollector(t, folder)
  const browser = await startBrowser(t)
  const page = await browser.page(t, url, { size: 'narrow', expected: [/^console: /, /^refused: 422 /] })
  const errors: string[] = []
  page.on('console', (message) => errors.push(message.text()))
  await page.goto(`${url}/runs/${run}`)
  await page.getByText('The summary cannot be drawn').waitFor()
  await page.getByText('The environment cannot be drawn').waitFor()
  for (const name of ['Block map', 'Timeline', 'Findings']) await page.getByRole('heading', { name }).waitFor()
  assert(
    errors.some((text) => text.includes('The summary cannot be drawn')),
    errors.join('\n'),
  )
  await assertFits(page)
  await shoot(page, 'hostile-run')
  await page.getByRole('navigation').getByRole('link', { name: 'Campaigns' }).click()
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor()
})

test('names of any length and direction stay in their place', { skip: NO_BROWSER }, async (t) => {
  const folder = scratchFolder(t)
  await withStore(folder, async (recorder) => {
    await fillMatrix(recorder)
    for (const campaign of [LONG, REVERSED]) {
      await recorder.run(
        { image: campaign, cache: LONG, cut: REVERSED, rig: LONG, host: REVERSED, campaign },
        heldVerdict,
      )
      await recorder.run({ image: 'raw', cache: campaign, cut: 'sigkill', campaign }, violationVerdict)
    }
  })
  const { url } = await startCollector(t, folder)
  const browser = await startBrowser(t)
  for (const size of ['narrow', 'wide'] as const) {
    const page = await browser.page(t, url, { size })
    for (const path of [
      '/',
      '/live',
      '/campaigns',
      `/campaigns/${LONG}`,
      `/campaigns/${encodeURIComponent(REVERSED)}`,
    ]) {
      await page.goto(`${url}${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page
        .getByText(/Loading/)
        .first()
        .waitFor({ state: 'detached' })
      await shoot(page, `hostile-${size}-${path.slice(0, 20).replaceAll('/', '_')}`)
      await assertFits(page)
    }
  }
})
