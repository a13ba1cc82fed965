/** `npm run bench -- wire`: bytes of log a write, from real runs; writes docs/bench/wire.json and its section of docs/PERFORMANCE.md. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { runTool } from '../../src/io/process.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { runBench } from '../bench-command.ts'
import { startCollector } from '../collector-process.ts'
import { WIRE, type WireData, type WireRun } from './page.ts'
import { splitOf } from './split.ts'

const BUNDLE = join(import.meta.dirname, '..', '..', 'guest', 'plugpull.cjs')
const TARGET_BYTES = 32 * 2 ** 20
const SECONDS = 3
const DEPTHS = [1, 16] as const
const FLUSHES = [16, 1] as const

async function oneRun(
  { url, scratch, run }: { readonly url: string; readonly scratch: Scratch; readonly run: string },
  { depth, flushEvery }: Pick<WireRun, 'depth' | 'flushEvery'>,
  signal: AbortSignal,
): Promise<WireRun> {
  const workload = ['--write-size', '4k', '--queue-depth', String(depth), '--flush-every', String(flushEvery)]
  const where = ['--target', scratch.file('target'), '--collector', url, '--run-id', run]
  const args = [BUNDLE, 'agent', ...where, ...workload, '--duration', `${SECONDS}s`, '--quiet']
  await runTool(process.execPath, args, { signal })
  const client = new CollectorClient(url)
  try {
    const pieces: Uint8Array[] = []
    for await (const piece of client.readLog(run)) pieces.push(piece)
    return { depth, flushEvery, seconds: SECONDS, ...splitOf(Buffer.concat(pieces)) }
  } finally {
    await client.close()
  }
}

async function measure(repeats: number, signal: AbortSignal): Promise<readonly WireRun[]> {
  return withScratch('bench-wire', async (scratch) => {
    writeFileSync(scratch.file('target'), Buffer.alloc(TARGET_BYTES, 1))
    const collector = await startCollector(`sqlite:${scratch.file('store.db')}`, { scratch })
    try {
      const runs: WireRun[] = []
      for (let repeat = 0; repeat < repeats; repeat++) {
        for (const depth of DEPTHS) {
          for (const flushEvery of FLUSHES) {
            const run = (0x3172_e000 + runs.length).toString(16).padStart(16, '0')
            runs.push(await oneRun({ url: collector.url, scratch, run }, { depth, flushEvery }, signal))
          }
        }
      }
      return runs
    } finally {
      await collector.process.stop()
    }
  })
}

await runBench<WireData>({
  name: 'wire',
  description: 'bytes of log a write, from real runs',
  repeatDefault: 3,
  section: WIRE,
  measure: async (repeats, signal) => ({ seconds: SECONDS, runs: await measure(repeats, signal) }),
})
