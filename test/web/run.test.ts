/** The run view in a real browser: what it shows of a run that a loop left, by pointer, keyboard and shared address, and what it says when there is nothing. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import type { Finding } from '../../src/core/finding.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { assertAccessible, assertFits, LOOKS, NO_BROWSER, shoot, startBrowser } from '../support/browser.ts'
import { runTold } from '../support/history-language.ts'
import { plugpull, scratchFolder, startCollector } from '../support/plugpull-process.ts'

const SIM = [
  '--rig',
  'sim',
  '--seed',
  '7',
  '--cycles',
  '1',
  '--writes',
  '400',
  '--size',
  '4M',
  '--flush-every',
  '16',
] as const

interface Served {
  readonly url: string
  readonly client: CollectorClient
  readonly ask: (page: Page, what: string) => Promise<unknown>
}

async function served(t: TestContext): Promise<Served> {
  const { url } = await startCollector(t, scratchFolder(t))
  const client = new CollectorClient(url, {})
  t.after(() => client.close())
  return { url, client, ask: (page, what) => page.evaluate(what) }
}

/** A run of the simulator that lies, with the number of its first finding of that kind. */
async function lyingRun(
  t: TestContext,
  { url, client }: Served,
  fault: string,
  kind: Finding['kind'],
): Promise<{ readonly run: string; readonly number: number }> {
  const { stderr } = await plugpull(
    t,
    'loop',
    ...SIM,
    '--fault',
    fault,
    '--campaign',
    fault,
    '--collector',
    url,
    '--quiet',
  )
  const page = await client.runs({ campaign: fault, limit: 1 })
  const [first] = page.runs
  assert.ok(first !== undefined, stderr)
  const view = await client.run(first.run)
  const index = view.verdict?.findings.findIndex((finding) => finding.kind === kind) ?? -1
  assert.ok(index >= 0, `a ${kind} finding: ${JSON.stringify(view.verdict?.violations)}`)
  return { run: first.run, number: index + 1 }
}

/** A run with so many findings: one of a real verdict, again and again. */
async function manyFindings(client: CollectorClient, count: number): Promise<string> {
  const { history, log, verdict } = runTold('w1@0+1 F w2@1+1 w3@2+1 CUT ..3')
  const { run, campaign } = history.manifest
  const findings = Array.from({ length: count }, (_, i) => verdict.findings[i % verdict.findings.length]).flatMap(
    (finding, i) => (finding === undefined ? [] : [{ ...finding, explanation: `finding ${i + 1} of many` }]),
  )
  await client.createRun(run, campaign, history.manifest)
  await client.append(run, 0, log, { state: 'writing', issued: 3, completed: 3, flushes: 1 })
  await client.publishVerdict(run, { ...verdict, findings })
  return run
}

/** A run of which most findings are not listed, judged twice: first by a version that does not say where they are. */
async function fewListed(
  client: CollectorClient,
): Promise<{ readonly run: string; readonly judgeAgain: () => Promise<unknown> }> {
  const line = 'w1@0+1 w2@2+1 w3@4+1 w4@6+1 w5@8+1 F CUT 1.........'
  const { history, log, verdict } = runTold(line, { findingsMax: 2 })
  const { run, campaign } = history.manifest
  const { foundAt, ...earlier } = verdict
  assert.ok(foundAt !== undefined && verdict.findingsOmitted === 3)
  await client.createRun(run, campaign, history.manifest)
  await client.append(run, 0, log, { state: 'writing', issued: 5, completed: 5, flushes: 1 })
  await client.publishVerdict(run, earlier)
  return { run, judgeAgain: () => client.publishVerdict(run, verdict) }
}

const map = (page: Page): ReturnType<Page['getByRole']> =>
  page.getByRole('application', { name: 'Block map of the target' })
const timeline = (page: Page): ReturnType<Page['getByRole']> =>
  page.getByRole('application', { name: 'Timeline of the run' })

async function ready(page: Page): Promise<void> {
  await map(page).waitFor()
  await timeline(page).waitFor()
  await page.waitForLoadState('networkidle')
}

/** Waits until the address says so. */
const settled = (page: Page, pattern: RegExp): Promise<void> => page.waitForURL(pattern)

test('the run view', { skip: NO_BROWSER }, async (t) => {
  const all = await served(t)
  const { url, client } = all
  const browser = await startBrowser(t)
  const torn = await lyingRun(t, all, 'tear-sector', 'torn')
  const lost = await lyingRun(t, all, 'drop-flush', 'lost')

  await t.test(
    'shows a run, its map, its time and the story of a finding, at every size in every theme',
    async (part) => {
      for (const look of LOOKS) {
        const page = await browser.page(part, url, look)
        await page.goto(`${url}/runs/${torn.run}?finding=${torn.number}`)
        await ready(page)
        await page.getByText('The rule', { exact: true }).waitFor()
        await page
          .getByText(/Sector [\d,]+: expected write/)
          .first()
          .waitFor()
        assert.ok((await page.locator('table.hex mark').count()) > 0, 'bytes that differ are marked')
        assert.match((await page.locator('table.hex').first().textContent()) ?? '', /check word/)
        for (const summary of await page.locator('main details > summary').all()) await summary.click()
        await assertAccessible(page)
        await assertFits(page)
        await shoot(page, `run-${look.size}-${look.theme}`)
      }
    },
  )

  await t.test('moves about the map by keyboard, says where it is, and can be left', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(`${url}/runs/${lost.run}`)
    await ready(page)
    await map(page).focus()
    await page.keyboard.press('Tab')
    await page.getByRole('region', { name: 'The chosen block' }).waitFor()
    await page.waitForFunction("/violation|hazard/.test(document.querySelector('output').textContent)")
    await settled(page, /[?&]at=\d+/)
    const first = new URL(page.url()).searchParams.get('at')
    await page.keyboard.press('n')
    await page.waitForURL((address) => address.searchParams.get('at') !== first)
    await page.keyboard.press('+')
    await settled(page, /[?&]zoom=\d+/)
    await page.keyboard.press('0')
    await page.waitForURL((address) => !address.searchParams.has('zoom'))
    await page.keyboard.press('Home')
    await settled(page, /[?&]at=0(&|$)/)
    await page.keyboard.press('ArrowRight')
    await settled(page, /[?&]at=1(&|$)/)
    assert.equal(await page.evaluate("document.activeElement.className.startsWith('map')"), true)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate("document.activeElement.className.startsWith('map')"), false)
  })

  await t.test('zooms about the pointer, pans by dragging, and measures its frames', async (part) => {
    const page = await browser.page(part, url)
    await page.goto(`${url}/runs/${lost.run}`)
    await ready(page)
    const box = await map(page).boundingBox()
    assert.ok(box !== null)
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.wheel(0, -120)
    assert.equal(new URL(page.url()).search, '', 'without the focus the wheel is the page’s')
    await map(page).focus()
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -120)
    await settled(page, /[?&]zoom=\d+.*from=\d+/)
    const from = new URL(page.url()).searchParams.get('from')
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2 - 90, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL((address) => address.searchParams.get('from') !== from)
    const frames: unknown = await page.evaluate("performance.getEntriesByName('map-frame').length")
    assert.ok(Number(frames) >= 5, `${String(frames)} frames`)
  })

  await t.test('shows again what a shared address names', async (part) => {
    const page = await browser.page(part, url)
    const shared = `?finding=${lost.number}&zoom=256&from=2048&at=2100&t=1-2&severity=violation`
    await page.goto(`${url}/runs/${lost.run}${shared}`)
    await ready(page)
    await page.getByText(`Finding ${lost.number}`, { exact: true }).first().waitFor()
    await page.getByText('1.000 ms to 2.000 ms', { exact: true }).waitFor()
    assert.equal(await page.getByLabel('Severity').inputValue(), 'violation')
    const { searchParams } = new URL(page.url())
    assert.equal(searchParams.get('finding'), String(lost.number))
    await timeline(page).focus()
    await page.keyboard.press('0')
    await page.waitForURL((address) => !address.searchParams.has('t'))
  })

  await t.test('lists ten thousand findings and keeps few of them in the page', async (part) => {
    const run = await manyFindings(client, 10_000)
    const page = await browser.page(part, url)
    await page.goto(`${url}/runs/${run}`)
    const list = page.getByRole('listbox', { name: '10,000 findings' })
    await list.waitFor()
    await list.focus()
    await page.keyboard.press('End')
    await page.getByText('finding 10000 of many').waitFor()
    assert.ok((await page.getByRole('option').count()) < 60)
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await settled(page, /[?&]finding=9999(&|$)/)
    await page
      .getByRole('region', { name: 'The story of finding 9999' })
      .getByText('The rule', { exact: true })
      .waitFor()
    await page.getByLabel('Severity').selectOption('hazard')
    const hazards = page.getByRole('listbox')
    await hazards.getByText('finding 2 of many').or(hazards.getByText('finding 1 of many')).first().waitFor()
    assert.match((await hazards.getAttribute('aria-label')) ?? '', /^[\d,]+ findings$/)
    await assertAccessible(page)
  })

  await t.test('shows on the map what is not listed, or says that it does not', async (part) => {
    const own = await served(part)
    const { run, judgeAgain } = await fewListed(own.client)
    const page = await browser.page(part, own.url)
    await page.goto(`${own.url}/runs/${run}`)
    await ready(page)
    const section = page.getByRole('region', { name: 'Block map' })
    await section.getByText('3 findings not on it', { exact: true }).waitFor()
    assert.match((await page.locator('#map-summary').textContent()) ?? '', / 3 findings more are not on it: /)
    const legend = section.getByRole('list', { name: 'Legend, in blocks' })
    const lostOf = async (): Promise<string | null> =>
      legend.getByRole('listitem').filter({ hasText: 'lost (violation)' }).textContent()
    assert.equal(await lostOf(), 'lost (violation)1 block')
    const findings = page.getByRole('region', { name: 'Findings' })
    await findings.getByText('3 findings more were counted, but not listed').waitFor()
    await findings.getByText(`--run ${run} --collector ${own.url} --findings-max 16`).waitFor()
    await assertAccessible(page)
    await shoot(page, 'run-omitted-wide-light')

    await judgeAgain()
    await page.goto(`${own.url}/runs/${run}?at=8`)
    await ready(page)
    assert.equal(await lostOf(), 'lost (violation)4 blocks')
    assert.equal(await section.getByText('not on it').count(), 0)
    await page
      .getByRole('region', { name: 'The chosen block' })
      .getByText('Of the findings here the verdict lists none')
      .waitFor()
    await assertAccessible(page)
  })

  await t.test(
    'says what is missing and what to do: unknown, no verdict yet, nothing found, log gone',
    async (part) => {
      const unknown = await browser.page(part, url, { expected: [/404/] })
      await unknown.goto(`${url}/runs/00000000000000ff`)
      await unknown.getByText(/has no run/).waitFor()
      await assertAccessible(unknown)

      const { history, log, verdict } = runTold('w1@0+1 F END CUT 1')
      const manifest = { ...history.manifest, run: '00000000000000ab' }
      await client.createRun(manifest.run, manifest.campaign, manifest)
      const page = await browser.page(part, url)
      await page.goto(`${url}/runs/${manifest.run}`)
      await page.getByText('No verdict yet.').waitFor()
      await page.getByText('The log is empty').waitFor()
      await page.getByText(/plugpull verify --target \/\S+ --run/).waitFor()
      await assertAccessible(page)
      await shoot(page, 'run-open-wide-light')
      assert.ok(log.length > 0)
      await client.publishVerdict(manifest.run, {
        ...verdict,
        run: manifest.run,
        log: { ...verdict.log, lastRecordMs: 0 },
      })
      await page.getByText('The verdict lists no finding.').waitFor()
      await page.getByText('Every promise was kept', { exact: false }).waitFor()
    },
  )
})
