/**
 * How long a view takes to come up: from the start of the navigation to what the page itself calls ready (`performance.mark('view-ready')`).
 * Two witnesses that do not depend on the page's word: the browser's first contentful paint, and the last change of the document.
 */
import type { Page } from 'playwright-core'
import { ProbeError } from '../../src/core/errors.ts'

const READY_LIMIT_MS = 30_000
/** No change for so long: nothing more is coming. */
const QUIET_MS = 500
export const READY_MARK = 'view-ready'

/** Times from the start of the navigation. */
export interface FirstView {
  readonly paintMs: number
  readonly readyMs: number
  readonly settledMs: number
  /** Answers of the collector up to then, and their bytes. */
  readonly requests: number
  readonly bytes: number
}

/** Runs before the page's own scripts; the page's policy does not apply to it. */
const WATCH = `
  window.benchChangedMs = 0
  new MutationObserver(() => { window.benchChangedMs = performance.now() })
    .observe(document, { subtree: true, childList: true, characterData: true })`

const READ = `(() => {
  const at = (name) => performance.getEntriesByName(name)[0]?.startTime
  const answers = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  return {
    paintMs: at('first-contentful-paint'),
    readyMs: at(${JSON.stringify(READY_MARK)}),
    settledMs: window.benchChangedMs,
    requests: answers.length,
    bytes: answers.reduce((sum, { transferSize }) => sum + transferSize, 0),
  }
})()`

/** Opens `url` and waits until nothing changes any more. `shows` must match the view's text, else it measured something else. */
export async function firstView(page: Page, url: string, shows: RegExp): Promise<FirstView> {
  await page.addInitScript(WATCH)
  await page.goto(url, { waitUntil: 'commit' })
  await page
    .waitForFunction(`performance.getEntriesByName(${JSON.stringify(READY_MARK)}).length > 0`, undefined, {
      timeout: READY_LIMIT_MS,
    })
    .catch((error: unknown) =>
      refuse(url, `did not set the mark ${READY_MARK} within ${READY_LIMIT_MS / 1000} s`, error),
    )
  await page.waitForFunction(`performance.now() - window.benchChangedMs > ${QUIET_MS}`)
  const text = await page.locator('main').innerText()
  if (!shows.test(text)) refuse(url, `does not show ${String(shows)}: ${JSON.stringify(text.slice(0, 300))}`)
  const seen: unknown = await page.evaluate(READ)
  return isFirstView(seen) ? seen : refuse(url, `has times that are not there: ${JSON.stringify(seen)}`)
}

export function refuse(url: string, what: string, cause?: unknown): never {
  throw new ProbeError('INTERNAL', `the view ${url} ${what}`, { cause })
}

const FIELDS = ['paintMs', 'readyMs', 'settledMs', 'requests', 'bytes'] as const

const isFirstView = (value: unknown): value is FirstView =>
  typeof value === 'object' && value !== null && FIELDS.every((name) => typeof Object(value)[name] === 'number')
