/** `npm run shots`: pictures of every view of the collector's pages, of real campaigns, into docs/images/ui-*.png. */
import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import type { Page } from 'playwright-core'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import { sleepMs } from '../../src/io/clock.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { findProgram, runTool, startProcess } from '../../src/io/process.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { type Collector, startCollector, thisProgram } from '../../src/rig/children.ts'
import { runProgram } from '../../src/run-program.ts'
import { type Window, withPage } from '../ui/browser.ts'
import { untilShown } from '../ui/first-view.ts'
import { commandOf, LIVE_ARGUMENTS, makeCampaigns, NAMES } from './campaigns.ts'

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'docs', 'images')
const BYTES_MAX = 200_000
/** What is drawn on canvases, and fades, is there after so long. */
const DRAWN_MS = 1500
const LIVE_VERDICTS = 4
const LIVE_LIMIT_MS = 180_000
/** The state of an agent, not the heading above them. */
const AGENT_WRITES = /(?<!Agents )writing/

const LOOKS: readonly (Window & { readonly name: string })[] = [
  { name: 'light', width: 1280, height: 860, theme: 'light' },
  { name: 'dark', width: 1280, height: 860, theme: 'dark' },
  { name: 'narrow', width: 390, height: 844, theme: 'light' },
]

interface Shot {
  readonly name: string
  readonly path: string
  readonly shows: RegExp
  /** The heading that stands at the top of the picture; the view's own, where there is none. */
  readonly from?: string
}

/** Which views, of which runs: those that have something to tell. */
async function shotsOf({ client }: Collector): Promise<readonly Shot[]> {
  const worst = await runOf(client, NAMES.liar)
  const torn = await runOf(client, NAMES.tear)
  return [
    { name: 'matrix', path: '/', shows: /host-power|qcow2/ },
    { name: 'campaigns', path: '/campaigns', shows: new RegExp(NAMES.liar) },
    { name: 'campaign', path: `/campaigns/${NAMES.honest}`, shows: new RegExp(NAMES.honest) },
    {
      name: 'compare',
      path: `/campaigns/${NAMES.liar}?against=${NAMES.honest}`,
      shows: new RegExp(NAMES.honest),
    },
    { name: 'run', path: `/runs/${worst}`, shows: new RegExp(worst) },
    { name: 'finding', path: `/runs/${torn}?finding=1`, shows: /torn/, from: 'Finding 1' },
  ]
}

/** The run of a campaign with most to see: a violation before anything permitted. */
async function runOf(client: Collector['client'], campaign: string): Promise<string> {
  const { runs } = await client.runs({ campaign, limit: 50 })
  const lost = (at: number): number => runs[at]?.verdict?.exposure.lostWrites ?? 0
  const order = [...runs.keys()].toSorted((a, b) => lost(b) - lost(a))
  const convicted = order.find((at) => runs[at]?.verdict?.verdict === 'violation')
  const chosen = runs[convicted ?? order[0] ?? 0]
  if (chosen === undefined) throw new ProbeError('CAMPAIGN_UNKNOWN', `campaign ${campaign} has no run to show`)
  return chosen.run
}

async function shoot(page: Page, url: string, shot: Shot, look: string): Promise<void> {
  await untilShown(page, url + shot.path, shot.shows)
  await sleepMs(DRAWN_MS)
  if (shot.from !== undefined) await page.evaluate(scrollTo(shot.from))
  const file = join(FOLDER, `ui-${shot.name}-${look}.png`)
  await page.screenshot({ path: file })
  await shrink(file)
  const { size } = statSync(file)
  process.stderr.write(`${file}  ${size} bytes\n`)
  if (size > BYTES_MAX)
    throw new ProbeError(
      'OUTPUT_IO',
      `${file} has ${size} bytes, more than ${BYTES_MAX}; with pngquant it would have fewer`,
    )
}

const scrollTo = (heading: string): string => `
  [...document.querySelectorAll('main :is(h2, h3)')]
    .find(({ textContent }) => textContent.startsWith(${JSON.stringify(heading)}))
    ?.scrollIntoView({ block: 'start' })`

/** To 256 colours, where Debian's pngquant is there: a third of the bytes, and no eye tells. */
async function shrink(file: string): Promise<void> {
  if (findProgram('pngquant') === undefined) return
  const signal = AbortSignal.timeout(60_000)
  await runTool('pngquant', ['--force', '--strip', '--output', file, '256', file], { signal, limitMs: 60_000 })
}

async function shootAll(collector: Collector, scratch: Scratch, shots: readonly Shot[]): Promise<void> {
  for (const look of LOOKS)
    await withPage(scratch, look, async (first) => {
      for (const shot of shots) {
        const page = await first.context().newPage()
        await shoot(page, collector.url, shot, look.name)
        await page.close()
      }
    })
}

/** What goes on, while something does. */
async function shootLive(collector: Collector, scratch: Scratch): Promise<void> {
  const args = ['loop', '--campaign', NAMES.live, ...LIVE_ARGUMENTS, '--collector', collector.url]
  const loop = startProcess(process.execPath, commandOf(collector, args), { scratch })
  try {
    const until = performance.now() + LIVE_LIMIT_MS
    while ((await verdictsOf(collector)) < LIVE_VERDICTS) {
      if (!loop.running || performance.now() > until)
        throw new ProbeError('RIG_FAILED', `the loop for the live view did not get on: ${loop.errorTail()}`)
      await sleepMs(200)
    }
    await shootAll(collector, scratch, [{ name: 'live', path: '/live', shows: AGENT_WRITES }])
  } finally {
    loop.kill('SIGINT')
    await loop.exited
  }
}

async function verdictsOf({ client }: Collector): Promise<number> {
  const { runs } = await client.runs({ campaign: NAMES.live, limit: 50 })
  return runs.filter(({ verdict }) => verdict !== undefined).length
}

interface Options {
  readonly store?: string
  readonly live: boolean
}

async function main({ store, live }: Options, signal: AbortSignal): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  await withScratch('shots', async (scratch) => {
    const file = scratch.file('shots.db')
    if (store !== undefined)
      for (const end of ['', '-wal']) if (existsSync(store + end)) copyFileSync(resolve(store + end), file + end)
    const collector = await startCollector(thisProgram(), scratch, `sqlite:${file}`)
    try {
      await makeCampaigns(collector, signal)
      await shootAll(collector, scratch, await shotsOf(collector))
      if (live) await shootLive(collector, scratch)
    } finally {
      await collector.stop()
    }
  })
}

const command = new Command('shots')
  .description("pictures of the collector's pages, of real campaigns, into docs/images/ui-*.png; root, FUSE and QEMU")
  .option('--store <file>', 'begin with a copy of this store; campaigns that it lacks are made (default: all are)')
  .option('--no-live', 'leave out the view of what goes on')
  .exitOverride()
  .configureOutput({ outputError: () => undefined })
  .action(async (options: Options) => {
    process.exitCode = await withInterrupt(async (signal) => {
      await main(options, signal)
      return EXIT.held
    })
  })

await runProgram(() => Promise.resolve(command))
