/** `npm run bench -- start`: how soon the agent writes, beside `node -e 0`; writes docs/bench/start.json and its section of docs/PERFORMANCE.md. */
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '../../src/io/process.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { runBench } from '../bench-command.ts'
import { START, type StartData, type StartRound } from './page.ts'

const DIST = join(import.meta.dirname, '..', '..')
const BUNDLE = join(DIST, 'guest', 'plugpull.cjs')
const INSTALLED = join(DIST, 'src', 'cli.js')
const TARGET_BYTES = 2 ** 20

interface Taken {
  /** Up to the last change of the target; without meaning where it was not changed. */
  readonly writeMs: number
  readonly endMs: number
}

async function take(scratch: Scratch, args: readonly string[], signal: AbortSignal): Promise<Taken> {
  rmSync(scratch.file('log'), { force: true })
  const started = Date.now()
  const before = performance.now()
  await runTool(process.execPath, args, { signal })
  const endMs = performance.now() - before
  return { endMs, writeMs: statSync(scratch.file('target')).mtimeMs - started }
}

async function round(scratch: Scratch, signal: AbortSignal): Promise<StartRound> {
  const where = ['--target', scratch.file('target'), '--log', scratch.file('log')]
  const workload = ['--writes', '1', '--write-size', '4k', '--baseline', 'scan', '--region', '0..64k']
  const agent = ['agent', ...where, ...workload]
  const node = await take(scratch, ['-e', '0'], signal)
  const startsMs: number[] = []
  for (const program of [BUNDLE, INSTALLED]) {
    const run = await take(scratch, [program, ...agent], signal)
    const version = await take(scratch, [program, '--version'], signal)
    startsMs.push(run.writeMs, run.endMs, version.endMs)
  }
  return { nodeMs: node.endMs, startsMs }
}

async function measure(repeats: number, signal: AbortSignal): Promise<readonly StartRound[]> {
  return withScratch('bench-start', async (scratch) => {
    writeFileSync(scratch.file('target'), '')
    truncateSync(scratch.file('target'), TARGET_BYTES)
    // The first brings the files into the page cache.
    await round(scratch, signal)
    const rounds: StartRound[] = []
    for (let repeat = 0; repeat < repeats; repeat++) rounds.push(await round(scratch, signal))
    return rounds
  })
}

await runBench<StartData>({
  name: 'start',
  description: 'how soon the agent writes, beside node -e 0',
  repeatDefault: 15,
  section: START,
  measure: async (repeats, signal) => ({
    bundleBytes: statSync(BUNDLE).size,
    rounds: await measure(repeats, signal),
  }),
})
