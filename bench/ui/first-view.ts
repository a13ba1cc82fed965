/**
 * How long a view takes to come up: from the start of the navigation until its text is there, nothing of it is on its way any more,
 * and the browser has drawn that. Seen from outside, whatever the page says of itself. Beside it, the browser's first contentful paint, and
 * the last change of the document.
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
  readonly readyMs: number
  readonly settledMs: number
  /** Answers of the collector up to then, and their bytes. */
  readonly requests: number
  readonly bytes: number
}

/** Runs before the page's own scripts; the page's policy does not apply to it. `.loading` is how the page says that something is on its way. */
const watching = (shows: RegExp): string => `{
  window.benchChangedMs = 0
  window.benchReadyMs = undefined
  const isThere = () => {
    const main = document.querySelector('main')
    return main !== null && main.querySelector('.loading') === null && ${String(shows)}.test(main.textContent)
  }
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => { window.benchReadyMs ??= performance.now() }))
  let seen = false
  new MutationObserver(() => {
    window.benchChangedMs = performance.now()
    if (seen || !isThere()) return
    seen = true
    drawn()
  }).observe(document, { subtree: true, childList: true, characterData: true })
}`

const READ = `(() => {
  const at = (name) => performance.getEntriesByName(name)[0]?.startTime
  const answers = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  return {
    paintMs: at('first-contentful-paint'),
    readyMs: window.benchReadyMs,
    settledMs: window.benchChangedMs,
    requests: answers.length,
    bytes: answers.reduce((sum, { transferSize }) => sum + transferSize, 0),
  }
})()`

/** Opens `url` and waits until the view is there. `shows` is what its text must match. */
export async function untilShown(page: Page, url: string, shows: RegExp): Promise<void> {
  await page.addInitScript(watching(shows))
  await page.goto(url, { waitUntil: 'commit' })
  await until(page, url, 'window.benchReadyMs !== undefined', `show ${String(shows)} with nothing still on its way`)
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

const FIELDS = ['paintMs', 'readyMs', 'settledMs', 'requests', 'bytes'] as const

const isFirstView = (value: unknown): value is FirstView =>
  typeof value === 'object' && value !== null && FIELDS.every((name) => typeof Object(value)[name] === 'number')
