/** The frame of the page in a real browser: addresses, focus, titles, and what it looks like at every size in every theme. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertAccessible, assertFits, LOOKS, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { scratchFolder, startCollector } from '../support/plugpull-process.ts'

test('the frame of the page', { skip: NO_BROWSER }, async (t) => {
  const { url } = await startCollector(t, scratchFolder(t))
  const browser = await startBrowser(t)

  await t.test('every view can be opened by its address, and fits', async (part) => {
    for (const look of LOOKS) {
      const page = await browser.page(part, url, look)
      for (const [name, path, title] of [
        ['campaigns-empty', '/campaigns', 'Campaigns'],
        ['not-found', '/nowhere/at/all', 'Nothing here'],
        ['sign-in', '/sign-in', 'Sign in'],
      ] as const) {
        await page.goto(url + path)
        await page.getByRole('heading', { level: 1, name: title }).waitFor()
        await page.waitForLoadState('networkidle')
        assert.equal(await page.title(), `${title} – plugpull`)
        await assertAccessible(page)
        await assertFits(page)
        await shoot(page, `${name}-${look.size}-${look.theme}`)
      }
    }
  })

  await t.test(
    'a link changes address, title and focus without loading the page anew; back leads back',
    async (part) => {
      const page = await browser.page(part, url)
      await page.goto(`${url}/sign-in`)
      await page.evaluate('window.isSamePage = true')
      await page.getByRole('link', { name: 'Campaigns' }).click()
      await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor()
      assert.equal(page.url(), `${url}/campaigns`)
      assert.equal(await page.evaluate('document.activeElement.tagName'), 'H1')
      assert.equal(await page.getByRole('link', { name: 'Campaigns' }).getAttribute('aria-current'), 'page')
      await page.goBack()
      await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
      assert.equal(await page.title(), 'Sign in – plugpull')
      assert.equal(await page.evaluate('window.isSamePage'), true)
    },
  )

  await t.test('the first stop of the keyboard skips to the content', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(`${url}/sign-in`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate('document.activeElement.id'), 'main')
  })
})
