/** Debian's Chromium with a profile of its own, driven for measurements and pictures. */
import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { ProbeError } from '../../src/core/errors.ts'
import type { Scratch } from '../../src/io/scratch.ts'

const PROGRAM = '/usr/bin/chromium'
/** Without most of these Chromium talks to its maker at every start. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Window {
  readonly width: number
  readonly height: number
  readonly theme: 'light' | 'dark'
}

export const WIDE: Window = { width: 1280, height: 800, theme: 'light' }

/** Runs `work` with an empty page of a browser that has never been anywhere; nothing of it is left. Tells the browser's version. */
export async function withPage<T>(
  scratch: Scratch,
  { width, height, theme }: Window,
  work: (page: Page, version: string) => Promise<T>,
): Promise<T> {
  if (!existsSync(PROGRAM))
    throw new ProbeError('RIG_UNAVAILABLE', `${PROGRAM} is not installed; on Debian: apt-get install chromium`)
  const context = await chromium.launchPersistentContext(mkdtempSync(join(scratch.path, 'chromium-')), {
    executablePath: PROGRAM,
    args: ARGUMENTS,
    headless: true,
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
  })
  try {
    const [page = await context.newPage()] = context.pages()
    return await work(page, context.browser()?.version() ?? (await versionOf(page)))
  } finally {
    await context.close()
  }
}

async function versionOf(page: Page): Promise<string> {
  const agent: unknown = await page.evaluate('navigator.userAgent')
  return /Chrome\/([\d.]+)/.exec(String(agent))?.[1] ?? 'unknown'
}
