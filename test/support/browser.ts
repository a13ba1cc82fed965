/**
 * Debian's Chromium for tests of the page. A test that uses it fails by itself where the page complains on the console,
 * where a request fails or is refused, or where anything beyond the collector is asked for: nobody has to remember to look.
 *
 * The browser ends with the pipe through which it is driven, and a shell at the other end of another pipe removes its
 * folder: so neither is left behind when the test is killed.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type BrowserContext, chromium, type Page, type Request } from 'playwright-core'
import { afterwards } from './cleanup.ts'

const PROGRAM = '/usr/bin/chromium'

/** For `test(…, { skip })`. */
export const NO_BROWSER: string | false = existsSync(PROGRAM) ? false : `${PROGRAM} is not installed`

/** Without these Chromium talks to its maker at every start. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } } as const
export type Size = keyof typeof SIZES
export const THEMES = ['light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export interface Look {
  readonly size: Size
  readonly theme: Theme
}

/** Every size in every theme. */
export const LOOKS: readonly Look[] = [
  { size: 'wide', theme: 'light' },
  { size: 'wide', theme: 'dark' },
  { size: 'narrow', theme: 'light' },
  { size: 'narrow', theme: 'dark' },
]

export interface PageOptions extends Partial<Look> {
  /** Complaints that the test provokes: matched against `console: …`, `refused: 404 GET …`, `failed: GET … (why)`. */
  readonly expected?: readonly RegExp[]
}

export interface TestBrowser {
  /** A page on the collector at `origin`, not yet anywhere; closed and looked at after the test `t`, before the collector ends. */
  page(t: TestContext, origin: string, options?: PageOptions): Promise<Page>
}

/** One browser with a folder of its own; closed after `t`. */
export async function startBrowser(t: TestContext): Promise<TestBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'pp-browser-'))
  const reaper = spawn('/bin/sh', ['-c', 'cat >/dev/null; sleep 1; rm -rf "$1"', 'reaper', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  reaper.unref()
  afterwards(t, () => reaper.stdin.end())
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: PROGRAM,
    args: QUIET,
    headless: true,
    acceptDownloads: true,
  })
  afterwards(t, () => context.close())
  return { page: (test, origin, options = {}) => watchedPage(test, context, origin, options) }
}

async function watchedPage(
  t: TestContext,
  context: BrowserContext,
  origin: string,
  { size = 'wide', theme = 'light', expected = [] }: PageOptions,
): Promise<Page> {
  const page = await context.newPage()
  await page.setViewportSize(SIZES[size])
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
  const complaints: string[] = []
  watch(page, origin, complaints)
  afterwards(t, async () => {
    await page.close()
    const left = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)))
    assert.deepEqual(left, [], 'the page complained')
  })
  return page
}

function watch(page: Page, origin: string, complaints: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`console: uncaught ${error.message}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:'))
      complaints.push(`beyond the collector: ${nameOf(request)}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`refused: ${response.status()} ${nameOf(response.request())}`)
  })
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // Given up by the page itself, which went elsewhere.
    if (why !== 'net::ERR_ABORTED') complaints.push(`failed: ${nameOf(request)} (${why})`)
  })
}

const nameOf = (request: Request): string => `${request.method()} ${request.url()}`

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails where axe finds something in the page as it is now. */
export async function assertAccessible(page: Page): Promise<void> {
  // By the debugger and not by a script element, which the page's policy rightly forbids.
  await page.evaluate(AXE)
  const found: unknown = await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, help, nodes }) => id + ': ' + help + ': ' + nodes.map(({ target, failureSummary }) => target + ' (' + failureSummary + ')').join('; ')))`,
  )
  assert.deepEqual(found, [], `axe at ${page.url()}`)
}

/** Fails where the page is wider than its window: nobody reads sideways. */
export async function assertFits(page: Page): Promise<void> {
  const [needed, given]: unknown[] = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')
  assert.ok(Number(needed) <= Number(given), `${page.url()} is ${String(needed)} wide in a window of ${String(given)}`)
}

/** A picture for people, `NAME.png` in the folder PLUGPULL_SCREENSHOTS; nothing where that is not set. */
export async function shoot(page: Page, name: string, { full = true } = {}): Promise<void> {
  const folder = process.env['PLUGPULL_SCREENSHOTS']
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: full })
}
