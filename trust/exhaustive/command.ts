/** `npm run trust -- exhaustive`: the judge against the reference, in worker threads, and the page of what came out. */
import { Command } from 'commander'
import { type RawOptions, parseSeed, wholeOf } from '../../src/core/agent-options.ts'
import { EXIT } from '../../src/core/errors.ts'
import { monotonicMs } from '../../src/io/clock.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createProgress } from '../../src/io/progress.ts'
import { inWorkers } from '../crew.ts'
import type { TrustPart } from '../part.ts'
import { published } from '../published.ts'
import { grouped } from '../words.ts'
import { exhaustiveData } from './data.ts'
import { ALL_LAYOUTS, type BatchesOptions, batches } from './parts.ts'
import type { Task, TaskResult } from './worker.ts'

const DEFAULTS = { samples: '20000', every: '1', seed: '1', jobs: '2' } as const
const BATCHES_A_TASK = 16
const SHOWN_MAX = 10

export function exhaustiveCommand(part: TrustPart): Command {
  return new Command('exhaustive')
    .description(
      'compare the judge with an independent model, over every small history and every state a cut can leave',
    )
    .option('--layouts-every <n>', `classes of four writes: one layout in so many (default: ${DEFAULTS.every})`)
    .option('--samples <n>', `logs of four writes to draw besides (default: ${DEFAULTS.samples})`)
    .option('--seed <n>', `what is drawn (default: ${DEFAULTS.seed})`)
    .option('--jobs <n>', `worker threads (default: ${DEFAULTS.jobs})`)
    .option('--no-publish', 'leave docs/ alone')
    .action(async (raw: RawOptions) => {
      process.exitCode = await withInterrupt((signal) => run(part, raw, signal))
    })
}

async function run(part: TrustPart, raw: RawOptions, signal: AbortSignal): Promise<number> {
  const text = (key: string, otherwise: string): string => (typeof raw[key] === 'string' ? raw[key] : otherwise)
  const every = wholeOf(text('layoutsEvery', DEFAULTS.every), '--layouts-every', 1296)
  const options: BatchesOptions = {
    layoutsEvery: { ...ALL_LAYOUTS, classes4: every },
    samples: wholeOf(text('samples', DEFAULTS.samples), '--samples', 10_000_000),
    seed: parseSeed(text('seed', DEFAULTS.seed)),
  }
  const jobs = wholeOf(text('jobs', DEFAULTS.jobs), '--jobs', 64)
  const started = monotonicMs()
  const results = await compareAll(options, jobs, signal)
  const command = `npm run trust -- exhaustive${every === 1 ? '' : ` --layouts-every ${every}`} --samples ${options.samples}`
  const data = exhaustiveData(command, options, results, (monotonicMs() - started) / 1000)
  const verdicts = data.parts.reduce((total, part_) => total + part_.verdicts + part_.odd, 0)
  process.stdout.write(`${grouped(verdicts)} verdicts, ${data.disagreements.length} disagreements\n`)
  for (const disagreement of data.disagreements.slice(0, SHOWN_MAX)) process.stdout.write(`${disagreement}\n`)
  if (raw['publish'] !== false) process.stdout.write(`${await published(part, data)}\n`)
  return data.disagreements.length === 0 ? EXIT.held : EXIT.violation
}

/** Every batch, in worker threads. */
export async function compareAll(
  options: BatchesOptions,
  jobs: number,
  signal: AbortSignal,
): Promise<readonly TaskResult[]> {
  const { length } = [...batches(options)]
  const tasks = Array.from({ length: Math.ceil(length / BATCHES_A_TASK) }, (_, i): Task => ({
    options,
    from: i * BATCHES_A_TASK,
    to: (i + 1) * BATCHES_A_TASK,
  }))
  const progress = createProgress({ label: 'histories compared', total: tasks.length })
  const results: TaskResult[] = []
  let verdicts = 0
  try {
    await inWorkers<Task, TaskResult>({
      program: new URL('worker.js', import.meta.url),
      tasks,
      jobs,
      signal,
      done(_task, result) {
        results.push(result)
        for (const { verdicts: here } of Object.values(result.counts)) verdicts += here
        const problems = results.reduce((total, { disagreements }) => total + disagreements.length, 0)
        progress.update(results.length, `${grouped(verdicts)} verdicts, ${problems} disagreements`)
      },
    })
  } finally {
    progress.finish()
  }
  return results
}
