/** The campaign view in a real browser: every state, by keyboard, at every size in every theme, and while it grows. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../src/collector/store/store.ts'
import {
  lossyVerdict,
  runId,
  sampleMeasures,
  sampleVerdict,
  scratch,
  startServer,
  wholeManifest,
} from '../collector/helpers.ts'
import { assertAccessible, assertFits, LOOKS, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { until } from '../support/plugpull-process.ts'

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()
const latency = (lower: number) => ({
  classes: { [lower]: 900, [lower * 2]: 90, [lower * 16]: 10 },
  most: lower * 16 + 1,
})

async function addRun(store: Store, campaign: string, n: number, share: number): Promise<void> {
  const run = runId(n)
  const labels = { rig: 'sim', cache: 'none', ...(n % 10 === 0 ? { fault: 'drop-flush' } : {}) }
  await store.createRun({ run, campaign, createdAt: at(n), manifest: wholeManifest(run, campaign, labels) })
  await store.recordCut(run, { kind: 'sigkill', at: at(n), died: true }, at(n))
  const measures = { ...sampleMeasures, latencyUs: { write: latency(64), flush: latency(512) } }
  const verdict = n % share === 0 ? lossyVerdict(run) : sampleVerdict(run)
  await store.addVerdict(run, at(n), { ...verdict, measures, ...(n % 10 === 0 ? { verdict: 'violation' } : {}) })
}

async function start(t: TestContext): Promise<{ readonly store: Store; readonly url: string }> {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  for (let n = 1; n <= 120; n++) await addRun(store, 'lab/one', n, 3)
  for (let n = 1001; n <= 1040; n++) await addRun(store, 'lab/two', n, 1)
  const bare = runId(5000)
  await store.createRun({ run: bare, campaign: 'bare', createdAt: at(0), manifest: wholeManifest(bare, 'bare') })
  const { url } = await startServer(t, store)
  return { store, url }
}

const open = async (page: Page, url: string, path: string): Promise<void> => {
  await page.goto(url + path)
  // By the debugger each time: the policy of the page forbids what would wait inside it.
  await until('the view', async () =>
    (await page.evaluate('performance.getEntriesByName("view-ready").length')) === 0 ? undefined : true,
  )
}

test('the campaign view', { skip: NO_BROWSER }, async (t) => {
  const { store, url } = await start(t)
  const browser = await startBrowser(t)

  await t.test('tells what the campaign supports, in every look', async (part) => {
    for (const look of LOOKS) {
      const page = await browser.page(part, url, look)
      await open(page, url, '/campaigns/lab%2Fone?against=lab%2Ftwo')
      await page.getByText('Violated in 12 of 120 cuts').waitFor()
      await page.getByText(/^The fault drop-flush was injected in 12 of 120 runs/).waitFor()
      await page.getByText('lab/two loses writes more often than lab/one').waitFor()
      await page.getByRole('table', { name: 'Latency percentiles' }).getByText('≤ 67 µs').waitFor()
      assert.equal(await page.title(), 'Campaign lab/one – plugpull')
      await page.waitForLoadState('load')
      await assertAccessible(page)
      await assertFits(page)
      await shoot(page, `campaign-${look.size}-${look.theme}`)
    }
  })

  await t.test('a campaign without a verdict, and one that is not there', async (part) => {
    const page = await browser.page(part, url, {
      size: 'narrow',
      expected: [/refused: 404 .*not%20there/, /console: Failed to load.* 404/],
    })
    await open(page, url, '/campaigns/bare')
    await page.getByText('No cut could acquit or convict').waitFor()
    await page.getByText('no cut tells of it yet').first().waitFor()
    await assertAccessible(page)
    await assertFits(page)
    await shoot(page, 'campaign-bare')
    await page.goto(`${url}/campaigns/not%20there`)
    await page.getByText('has no run of a campaign of that name').waitFor()
    await page.getByText("--campaign 'not there'").waitFor()
    await assertAccessible(page)
    await assertFits(page)
    await shoot(page, 'campaign-unknown')
  })

  await t.test('every cycle is reached by keyboard, and opens its run', async (part) => {
    const page = await browser.page(part, url)
    await open(page, url, '/campaigns/lab%2Fone')
    const isAt = (name: RegExp): Promise<void> => page.getByRole('link', { name }).waitFor()
    await isAt(/^Cycle 120 of 120: violation, 1 lost.*fault drop-flush$/)
    await page.locator('.strip-cell').focus()
    await page.keyboard.press('Home')
    await isAt(/^Cycle 1 of 120: held$/)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await isAt(/^Cycle 3 of 120: held, with hazards, 1 lost/)
    await page.locator('output', { hasText: /^Cycle 3 of 120/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(`${url}/runs/${runId(3)}`)
  })

  await t.test('a click on a cell opens its run', async (part) => {
    const page = await browser.page(part, url)
    await open(page, url, '/campaigns/lab%2Fone')
    const box = await page.locator('.strip-frame canvas').boundingBox()
    assert.ok(box !== null)
    await page.mouse.move(box.x + 4, box.y + 4)
    await page.getByText('Cycle 1 of 120').waitFor()
    await page.mouse.click(box.x + 4, box.y + 4)
    await page.waitForURL(`${url}/runs/${runId(1)}`)
  })

  await t.test('runs are filtered, ordered and paged in the address', async (part) => {
    const page = await browser.page(part, url)
    await open(page, url, '/campaigns/lab%2Fone')
    const rows = page.getByRole('table', { name: 'Every run', exact: true }).getByRole('rowheader')
    assert.equal(await rows.count(), 50)
    assert.equal(await rows.first().textContent(), runId(120))
    await page.getByRole('button', { name: 'Last' }).click()
    await page.getByText('Page 3 of 3').waitFor()
    assert.equal(await rows.count(), 20)
    await page.getByRole('combobox', { name: 'Verdict' }).selectOption('violation')
    await page.getByText('12 of 120 runs', { exact: true }).waitFor()
    await page.getByRole('combobox', { name: 'Order' }).selectOption('oldest')
    await page.waitForURL(`${url}/campaigns/lab%2Fone?word=violation&order=oldest`)
    assert.equal(await rows.first().textContent(), runId(10))
    await page.getByRole('combobox', { name: 'Verdict' }).selectOption('inconclusive')
    await page.getByRole('button', { name: 'Show all' }).click()
    assert.equal(await rows.count(), 50)
  })

  await t.test('another campaign is chosen, and the choice is part of the address', async (part) => {
    const page = await browser.page(part, url)
    await open(page, url, '/campaigns/lab%2Fone')
    await page.getByLabel('Compare with').selectOption('lab/two')
    await page.waitForURL(`${url}/campaigns/lab%2Fone?against=lab%2Ftwo`)
    await page.getByRole('table', { name: 'Rates side by side' }).waitFor()
    await page.getByRole('button', { name: 'Do not compare' }).click()
    await page.waitForURL(`${url}/campaigns/lab%2Fone`)
    assert.equal(await page.getByRole('table', { name: 'Rates side by side' }).count(), 0)
  })

  await t.test('a campaign under way grows on the page', async (part) => {
    const page = await browser.page(part, url)
    const listening = page.waitForResponse((response) => response.url().endsWith('/v1/events'))
    await open(page, url, '/campaigns/bare')
    await listening
    await page.getByText('Cycle 1 of 1').waitFor()
    const now = new Date().toISOString()
    const run = runId(5001)
    await store.createRun({ run, campaign: 'bare', createdAt: now, manifest: wholeManifest(run, 'bare') })
    await store.recordCut(run, { kind: 'sigkill', at: now, died: true }, now)
    await store.addVerdict(run, now, sampleVerdict(run))
    await page.getByText('Cycle 2 of 2').waitFor()
    await page.getByText('Held in 1 cut').waitFor()
  })
})
