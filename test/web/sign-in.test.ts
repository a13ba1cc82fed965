/** Signing in and out in a real browser, where the collector asks for a token. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAccessible, assertFits, LOOKS, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { plugpull, scratchFolder, startCollector } from '../support/plugpull-process.ts'
import { fillMatrix, withStore } from './fixtures.ts'

const REFUSED = [/refused: 401 /, /console: Failed to load resource.*401/]

test('a view asks for a token, and comes once it has one', { skip: NO_BROWSER }, async (t) => {
  const folder = scratchFolder(t)
  await withStore(folder, fillMatrix)
  const admin = join(folder, 'admin.token')
  writeFileSync(admin, 'of-the-admin-and-long-enough-to-be-one\n', { mode: 0o600 })
  const { url } = await startCollector(t, folder, 0, ['--token-file', admin])
  const made = await plugpull(
    t,
    'token',
    'create',
    '--role',
    'reader',
    '--name',
    'ada',
    '--collector',
    url,
    '--token-file',
    admin,
  )
  assert.equal(made.status, 0, made.stderr)
  const browser = await startBrowser(t)

  await t.test('and not again until it is given back', async (part) => {
    const page = await browser.page(part, url, { expected: REFUSED })
    await page.goto(`${url}/campaigns?name=unsafe`)
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    assert.equal(page.url(), `${url}/sign-in?to=${encodeURIComponent('/campaigns?name=unsafe')}`)
    await page.getByLabel('Token').fill('not-a-token')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('That token is not known here').waitFor()
    await assertAccessible(page)
    await page.getByLabel('Token').fill(made.stdout.trim())
    await page.keyboard.press('Enter')
    await page.getByText('3 of 12 campaigns').waitFor()
    assert.equal(page.url(), `${url}/campaigns?name=unsafe`)
    assert.equal(await page.evaluate('document.cookie'), '', 'no script sees the token')

    for (const look of LOOKS) {
      const other = await browser.page(part, url, look)
      await other.goto(url)
      await other.getByRole('button', { name: 'Sign out' }).waitFor()
      await other.getByText('ada').waitFor()
      await assertAccessible(other)
      await assertFits(other)
      await shoot(other, `signed-in-${look.size}-${look.theme}`, { full: false })
    }

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    await page.goto(`${url}/live`)
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
  })
})

test(
  'where no token is asked for, a cookie of another collector leads nobody to sign in',
  { skip: NO_BROWSER },
  async (t) => {
    const { url } = await startCollector(t, scratchFolder(t))
    const browser = await startBrowser(t)
    const page = await browser.page(t, url, { expected: REFUSED })
    const value = `pp_r_${'z'.repeat(43)}`
    for (const name of ['plugpull_session', `plugpull_session_${new URL(url).port}`])
      await page
        .context()
        .addCookies([{ name, value, domain: '127.0.0.1', path: '/', httpOnly: true, sameSite: 'Strict' }])
    await page.goto(`${url}/live`)
    await page.getByText('Connected: changes appear').waitFor()
    assert.equal(page.url(), `${url}/live`)
    // Whoever comes to the view all the same is let go on.
    await page.goto(`${url}/sign-in?to=/live`)
    await page.getByLabel('Token').fill('any')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor()
  },
)

test('the way back leads to views of this page alone', { skip: NO_BROWSER }, async (t) => {
  const { url } = await startCollector(t, scratchFolder(t))
  const browser = await startBrowser(t)
  for (const to of [
    'https://elsewhere.example/',
    '//elsewhere.example/',
    '/\\elsewhere.example',
    'javascript:alert(1)',
  ]) {
    const page = await browser.page(t, url)
    await page.goto(`${url}/sign-in?to=${encodeURIComponent(to)}`)
    await page.route('**/v1/session', (route) => route.fulfill({ json: {} }))
    await page.getByLabel('Token').fill('any')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Which configurations' }).waitFor()
    assert.equal(page.url(), `${url}/`)
    await page.close()
  }
})
