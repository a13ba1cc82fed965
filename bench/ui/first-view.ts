/**
 * How long a view takes to come up, from the start of the navigation: until what it tells is there as text, and until nothing of it
 * is on its way any more; each when the browser has drawn it. Seen from outside, whatever the page says of itself. Beside it, the
 * browser's first contentful paint, and the last change of the document.
 */
import type { Page } from 'playwright-core'
import { ProbeError } from '../../src/core/errors.ts'
import { sleepMs } from '../../src/io/clock.ts'

const LIMIT_MS = 30_000
const POLL_MS = 20
/** No change for so long: nothing more is coming. */
const QUIET_MS = 500

/** Times from the start of the navigation. */
export interface FirstView {
  readonly paintMs: number
  /** What it tells is there as text. */
  readonly textMs: number
  /** And nothing is on its way any more. */
  readonly wholeMs: number
  readonly settledMs: number
  /** Answers of the collector up to then, and their bytes. */
  readonly requests: number
  readonly bytes: number
}

/** Runs before the page's own scripts; the page's policy does not apply to it. `.loading` is how the page says that something is on its way. */
const watching = (shows: RegExp): string => `{
  window.benchChangedMs = 0
  window.benchSeenMs = {}
  const seen = new Set()
  const see = (what, isSo) => {
    if (seen.has(what) || !isSo()) return
    seen.add(what)
    requestAnimationFrame(() => requestAnimationFrame(() => { window.benchSeenMs[what] = performance.now() }))
  }
  const hasText = (main) => main !== null && ${String(shows)}.test(main.textContent)
  new MutationObserver(() => {
    window.benchChangedMs = performance.now()
    const main = document.querySelector('main')
    see('text', () => hasText(main))
    see('whole', () => seen.has('text') && main.querySelector('.loading') === null)
  }).observe(document, { subtree: true, childList: true, characterData: true })
}`

const READ = `(() => {
  const at = (name) => performance.getEntriesByName(name)[0]?.startTime
  const answers = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  return {
    paintMs: at('first-contentful-paint'),
    textMs: window.benchSeenMs.text,
    wholeMs: window.benchSeenMs.whole,
    settledMs: window.benchChangedMs,
    requests: answers.length,
    bytes: answers.reduce((sum, { transferSize }) => sum + transferSize, 0),
  }
})()`

/** Opens `url` and waits until the view is there. `shows` is what its text must match. */
export async function untilShown(page: Page, url: string, shows: RegExp): Promise<void> {
  await page.addInitScript(watching(shows))
  await page.goto(url, { waitUntil: 'commit' })
  await until(
    page,
    url,
    'window.benchSeenMs.whole !== undefined',
    `show ${String(shows)} with nothing still on its way`,
  )
}

/** The same, and then until nothing changes any more. */
export async function firstView(page: Page, url: string, shows: RegExp): Promise<FirstView> {
  await untilShown(page, url, shows)
  await until(page, url, `performance.now() - window.benchChangedMs > ${QUIET_MS}`, 'come to rest')
  const seen: unknown = await page.evaluate(READ)
  return isFirstView(seen) ? seen : refuse(url, `has times that are not there: ${JSON.stringify(seen)}`)
}

/** Asked from outside, again and again: the page's policy forbids what would wait inside. */
async function until(page: Page, url: string, isSo: string, what: string): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while ((await page.evaluate(isSo)) !== true) {
    if (performance.now() > end) {
      const text = await page.locator('main').innerText()
      refuse(url, `did not ${what} within ${LIMIT_MS / 1000} s; it shows ${JSON.stringify(text.slice(0, 300))}`)
    }
    await sleepMs(POLL_MS)
  }
}

export function refuse(url: string, what: string, cause?: unknown): never {
  throw new ProbeError('INTERNAL', `the view ${url} ${what}`, { cause })
}

const FIELDS = ['paintMs', 'textMs', 'wholeMs', 'settledMs', 'requests', 'bytes'] as const

const isFirstView = (value: unknown): value is FirstView =>
  typeof value === 'object' && value !== null && FIELDS.every((name) => typeof Object(value)[name] === 'number')
