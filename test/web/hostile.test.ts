/** Junk in a store, in a real browser: what cannot be drawn says so and leaves the rest. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { assertFits, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { scratchFolder, startCollector } from '../support/plugpull-process.ts'
import { violationVerdict, withStore } from './fixtures.ts'

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
