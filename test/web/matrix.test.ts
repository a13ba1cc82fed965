/** The matrix in a real browser: its answer, its cells by mouse and keyboard, its filters, and what it says of nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { assertAccessible, assertFits, LOOKS, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { plugpull, scratchFolder, startCollector } from '../support/plugpull-process.ts'
import { fillMatrix, uncheckedVerdict, withStore } from './fixtures.ts'

const cell = (key: string): string => `[data-cell="${key}"]`
const focused = (page: Page): Promise<unknown> => page.evaluate('document.activeElement.dataset.cell')

const BROKEN =
  '3 of 9 tested configurations broke the promise made to the guest: cache unsafe, cut by host-power, on qcow2, qcow2-overlay-extl2 and raw (9 of 10 cuts: lost).'

test('the matrix', { skip: NO_BROWSER }, async (t) => {
  const folder = scratchFolder(t)
  await withStore(folder, fillMatrix)
  const { url } = await startCollector(t, folder)
  const browser = await startBrowser(t)

  await t.test('says which configurations lose data, and how, at every size in every theme', async (part) => {
    for (const look of LOOKS) {
      const page = await browser.page(part, url, look)
      await page.goto(url)
      await page.getByText(BROKEN).waitFor()
      await page.getByText('3 of 4 broken').waitFor()
      await assertAccessible(page)
      await assertFits(page)
      await shoot(page, `matrix-${look.size}-${look.theme}`)
      await page.getByText('As a table: 10 configurations, 25 runs').click()
      await page.getByRole('rowheader', { name: 'violation' }).first().waitFor()
      await assertAccessible(page)
      await assertFits(page)
      await shoot(page, `matrix-table-${look.size}-${look.theme}`)
    }
  })

  await t.test('the keyboard stops once at each grid, and arrows move within it over holes', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(url)
    await page.locator(cell('host-power~host-power~raw~none')).focus()
    await page.keyboard.press('ArrowRight')
    assert.equal(await focused(page), 'host-power~host-power~raw~unsafe')
    await page.keyboard.press('ArrowDown')
    assert.equal(await focused(page), 'host-power~host-power~qcow2~unsafe')
    await page.keyboard.press('ArrowLeft')
    assert.equal(await focused(page), 'host-power~host-power~qcow2~unsafe', 'nothing was run there')
    await page.keyboard.press('Control+Home')
    assert.equal(await focused(page), 'host-power~host-power~raw~none')
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'storage-daemon~sigkill~raw~writethrough')
    await page.keyboard.press('End')
    assert.equal(await focused(page), 'storage-daemon~sigkill~raw~writeback')
    await page.keyboard.press('Shift+Tab')
    assert.equal(await focused(page), 'host-power~host-power~raw~none', 'where it was left')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${url}/campaigns/lab%2Fqcow2-unsafe-host-power`)
  })

  await t.test('a cell is told in full beside the grid, and to whoever hears it', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(url)
    const torn = page.locator(cell('storage-daemon~sigkill~qcow2~writeback'))
    await torn.hover()
    const details = page.getByRole('complementary')
    await details.getByText('2 of 2: 100.0 % (22.4–100.0 %)').first().waitFor()
    await details.getByText('24 KiB, the oldest 240 ms before its cut').waitFor()
    const heard =
      'lost 2/2 · torn 2/2 : qcow2, cache writeback, cut by sigkill; violation 0 of 2: below 77.6 %; lost 2 of 2: 100.0 % (22.4–100.0 %); torn 2 of 2: 100.0 % (22.4–100.0 %)'
    await page.getByRole('link', { name: heard }).focus()
    assert.equal(await focused(page), 'storage-daemon~sigkill~qcow2~writeback')
  })

  await t.test('a cell of several campaigns lists them, at an address of its own', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(url)
    await page.locator(cell('host-power~host-power~raw~unsafe')).click()
    await page.waitForURL(/cell=/)
    const details = page.getByRole('complementary')
    await details.getByText('2 campaigns').waitFor()
    await page.goto(page.url())
    await details.getByRole('link', { name: 'again' }).click()
    await page.waitForURL(`${url}/campaigns/again`)
  })

  await t.test('filters are in the address, and runs with a fault come only when asked for', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(url)
    await page.getByRole('combobox', { name: 'Host', exact: true }).selectOption('beta')
    await page
      .getByText('The one configuration that was tested broke no promise in 2 cuts that acquit or convict.')
      .waitFor()
    assert.equal(page.url(), `${url}/?host=beta`)
    assert.equal(await page.getByRole('link', { name: 'JSON' }).getAttribute('href'), '/v1/matrix?host=beta')
    await page.goto(`${url}/?fault=drop-flush`)
    await page.getByText('1 of 1 tested configuration broke the promise made to the guest').waitFor()
    await page.getByRole('heading', { name: 'rig storage-daemon, injected fault drop-flush' }).waitFor()
    assert.equal(await page.getByRole('combobox', { name: 'Injected fault' }).inputValue(), 'drop-flush')
    await page.goto(url)
    await page.getByRole('combobox', { name: 'Positive controls' }).selectOption('only these')
    await page.getByText('cut by host-power, positive control, on raw (1 of 1 cut: lost).').waitFor()
    await page.getByText('1 of those that broke it was told to lie.').waitFor()
    assert.equal(page.url(), `${url}/?control=yes`)
    await page.getByRole('link', { name: 'positive control' }).focus()
    await page.getByRole('complementary').getByText('cut by host-power, rig host-power, positive control').waitFor()
    await page.goto(`${url}/?from=2026-01-02`)
    await page.getByText('No run matches these filters.').waitFor()
    await assertAccessible(page)
    await page.getByRole('button', { name: 'Clear filters' }).first().click()
    await page.getByText(BROKEN).waitFor()
    assert.equal(page.url(), `${url}/`)
  })
})

test('hazards where no cut acquits are told apart, in a grid as in words', { skip: NO_BROWSER }, async (t) => {
  const folder = scratchFolder(t)
  await withStore(folder, (recorder) =>
    recorder.runs(3, { image: 'raw', cache: 'none', cut: 'host-power', rig: 'sim' }, uncheckedVerdict),
  )
  const { url } = await startCollector(t, folder)
  const browser = await startBrowser(t)
  for (const look of LOOKS) {
    const page = await browser.page(t, url, look)
    await page.goto(url)
    await page.getByText('No promise could be checked: none of 3 runs').waitFor()
    await page.getByText('1 lost or tore writes; no promise could be checked.').waitFor()
    await page.getByRole('link', { name: 'hazards, unchecked' }).waitFor()
    await page.getByRole('complementary').getByText('hazards, unchecked').first().waitFor()
    await assertAccessible(page)
    await assertFits(page)
    await shoot(page, `matrix-unchecked-${look.size}-${look.theme}`)
    await page.close()
  }
})

test('an empty matrix says how to fill it, and fills by itself', { skip: NO_BROWSER }, async (t) => {
  const { url } = await startCollector(t, scratchFolder(t))
  const browser = await startBrowser(t)
  const page = await browser.page(t, url)
  await page.goto(url)
  await page.getByText('No run yet.').waitFor()
  await page.getByText(`npx plugpull loop --rig sim --cycles 20 --collector ${url}`).waitFor()
  await assertAccessible(page)
  await shoot(page, 'matrix-empty')
  const { status } = await plugpull(t, 'loop', '--rig', 'sim', '--cycles', '2', '--collector', url)
  assert.equal(status, 0)
  await page.getByRole('heading', { name: 'Cut by host-power, rig sim' }).waitFor()
  await page.close()
})
