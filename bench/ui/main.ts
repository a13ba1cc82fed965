/** `npm run bench -- ui`: how soon the collector's pages are there, and how smoothly the block map moves. Writes docs/bench/ui.json and its section of docs/PERFORMANCE.md. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { wholeOf } from '../../src/core/agent-options.ts'
import { EXIT } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createProgress } from '../../src/io/progress.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { startCollector, thisProgram } from '../../src/rig/children.ts'
import { runProgram } from '../../src/run-program.ts'
import { machineOf } from '../machine.ts'
import { PERFORMANCE_FILE, performancePage } from '../performance.ts'
import { BIG_RUN_ID } from './big-run.ts'
import { WIDE, withPage } from './browser.ts'
import { BIG_CAMPAIGN } from './campaigns.ts'
import { factsOfData, makeData } from './data.ts'
import { type FirstView, firstView } from './first-view.ts'
import { type MapFrames, mapFrames } from './map-frames.ts'
import { UI, type UiData, type ViewTimes } from './page.ts'

const REPEATS_DEFAULT = '5'

interface View {
  readonly name: string
  readonly of: string
  readonly path: string
  /** What its text must hold, so that an empty page is not taken for a quick one. */
  readonly shows: RegExp
}

const views = ({ findings, campaigns }: UiData['data']): readonly View[] => [
  { name: 'Matrix', of: `${campaigns} campaigns`, path: '/', shows: /qcow2-overlay-extl2/ },
  {
    name: 'Campaign',
    of: '2,000 runs',
    path: `/campaigns/${encodeURIComponent(BIG_CAMPAIGN)}`,
    // Not what its name holds.
    shows: /2[,. \u00a0\u202f]?000 runs/,
  },
  {
    name: 'Run',
    of: `${findings.toLocaleString('en-GB')} findings`,
    path: `/runs/${BIG_RUN_ID}`,
    shows: new RegExp(findings.toLocaleString('en-GB').replace(',', '[,. \u00a0\u202f]?')),
  },
]

interface Measured {
  readonly views: readonly ViewTimes[]
  readonly map: readonly MapFrames[]
  readonly browser: string
}

async function measureAll(
  file: string,
  wanted: readonly View[],
  repeats: number,
  signal: AbortSignal,
): Promise<Measured> {
  const progress = createProgress({ label: 'visiting', total: repeats * wanted.length })
  const visits: { readonly view: View; readonly visit: Visit }[] = []
  try {
    for (let repeat = 0; repeat < repeats; repeat++)
      for (const view of wanted) {
        signal.throwIfAborted()
        visits.push({ view, visit: await withScratch('bench-ui', (scratch) => visitOnce(file, view, scratch)) })
        progress.update(visits.length, view.name)
      }
  } finally {
    progress.finish()
  }
  return {
    views: wanted.map((view) => ({
      view: view.name,
      of: view.of,
      visits: visits.flatMap((one) => (one.view === view ? [one.visit.times] : [])),
    })),
    map: visits.flatMap(({ visit }) => visit.map ?? []),
    browser: visits[0]?.visit.browser ?? '',
  }
}

interface Visit {
  readonly times: FirstView
  readonly map?: MapFrames
  readonly browser: string
}

/** A collector that was just started, and a browser that has never been anywhere. */
async function visitOnce(file: string, view: View, scratch: Scratch): Promise<Visit> {
  const collector = await startCollector(thisProgram(), scratch, `sqlite:${file}`)
  try {
    return await withPage(scratch, WIDE, async (page, browser) => {
      const times = await firstView(page, collector.url + view.path, view.shows)
      return { times, browser, ...(view.name === 'Run' ? { map: await mapFrames(page) } : {}) }
    })
  } finally {
    await collector.stop()
  }
}

interface Options {
  readonly repeat?: string
  readonly store?: string
  readonly publish: boolean
}

async function main({ repeat, store, publish }: Options, signal: AbortSignal): Promise<void> {
  const repeats = wholeOf(repeat ?? REPEATS_DEFAULT, '--repeat', 100)
  await withScratch('bench-ui', async (scratch) => {
    const file = store === undefined ? scratch.file('ui.db') : resolve(store)
    await makeData(file, signal)
    const data = await factsOfData(file, BIG_RUN_ID)
    const { browser, ...measured } = await measureAll(file, views(data), repeats, signal)
    const result: UiData = {
      command: `npm run bench -- ui --repeat ${repeats}`,
      machine: { ...machineOf(), chromium: browser },
      data,
      ...rounded(measured),
    }
    if (publish) {
      writeFileSync(UI.file, `${JSON.stringify(result)}\n`)
      writeFileSync(PERFORMANCE_FILE, performancePage())
    }
    process.stdout.write(publish ? `${PERFORMANCE_FILE}\n` : `${UI.text(result)}not published\n`)
  })
}

/** As much as a browser tells. */
const tenth = (ms: number): number => Math.round(ms * 10) / 10

function rounded({ views: times, map }: Omit<Measured, 'browser'>): Pick<UiData, 'views' | 'map'> {
  return {
    views: times.map((view) => ({
      ...view,
      visits: view.visits.map(({ paintMs, textMs, wholeMs, settledMs, requests, bytes }) => ({
        paintMs: tenth(paintMs),
        textMs: tenth(textMs),
        wholeMs: tenth(wholeMs),
        settledMs: tenth(settledMs),
        requests,
        bytes,
      })),
    })),
    map: map.map((frames) => ({
      ...frames,
      drawMs: frames.drawMs.map(tenth),
      betweenMs: frames.betweenMs.map(tenth),
    })),
  }
}

const command = new Command('ui')
  .description(
    "how soon the collector's pages are there, and how smoothly the block map moves; writes docs/bench/ui.json and docs/PERFORMANCE.md",
  )
  .option('--repeat <n>', `visits of each view (default: ${REPEATS_DEFAULT})`)
  .option('--store <file>', 'make the runs in this file, or use those that are there (default: made anew, and removed)')
  .option('--no-publish', 'print the section and leave docs/ as it is')
  .exitOverride()
  .configureOutput({ outputError: () => undefined })
  .action(async (options: Options) => {
    process.exitCode = await withInterrupt(async (signal) => {
      await main(options, signal)
      return EXIT.held
    })
  })

await runProgram(() => Promise.resolve(command))
