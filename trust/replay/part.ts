/** `npm run trust -- replay`: recorded runs cut at every point of their logs of writes, and the judge held against those logs. */
import { Command } from 'commander'
import { randomBytes } from 'node:crypto'
import { parseSeed, wholeOf } from '../../src/core/agent-options.ts'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createProgress } from '../../src/io/progress.ts'
import type { TrustPart } from '../part.ts'
import { published } from '../published.ts'
import { RUNS, type RunData, type RunOptions, type RunPlan, recordAndReplay, troubleOf } from './runs.ts'
import { type ReplayData, sectionOf } from './section.ts'

interface Options {
  readonly seed?: string
  readonly only?: string
  readonly stride: string
  readonly publish: boolean
}

function command(): Command {
  return new Command('replay')
    .description(
      'cut recorded runs at every point of their logs of writes, as honest devices and as liars, and judge each state',
    )
    .option('--seed <n>', 'workloads and random choices follow from it, as of plugpull loop (default: random)')
    .option('--only <run>', `one run alone, published nowhere: ${RUNS.map(({ name }) => name).join(', ')}`)
    .option('--stride <n>', 'every how manieth point', '1')
    .option('--no-publish', 'leave docs/ as it is')
    .action((options: Options) => withInterrupt((signal) => run(options, signal)))
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const seed = options.seed === undefined ? randomBytes(8).toString('hex') : parseSeed(options.seed)
  const plans = RUNS.filter(({ name }) => options.only === undefined || name === options.only)
  if (plans.length === 0)
    throw new ProbeError(
      'BAD_OPTION',
      `--only got ${options.only}; it takes ${RUNS.map(({ name }) => name).join(', ')}`,
    )
  const stride = wholeOf(options.stride, '--stride', 1_000_000)
  const runs: RunData[] = []
  for (const plan of plans) runs.push(await one(plan, { seed, signal, stride }))
  const data: ReplayData = { seed, runs }
  process.stdout.write(`${sectionOf(data)}\n`)
  const trouble = runs.flatMap(troubleOf)
  if (trouble.length > 0) {
    process.stderr.write(`${trouble.join('\n')}\nreplay with: npm run trust -- replay --seed ${seed}\n`)
    process.exitCode = EXIT.internal
    return
  }
  const isWhole = options.only === undefined && stride === 1
  process.stdout.write(`${isWhole && options.publish ? await published(replayPart, data) : 'not published'}\n`)
}

async function one(plan: RunPlan, options: RunOptions): Promise<RunData> {
  const progress = createProgress({ label: plan.name, total: 1, format: (share) => `${Math.round(share * 100)} %` })
  try {
    return await recordAndReplay(plan, { ...options, onPoint: (done, of) => progress.update(done / of) })
  } finally {
    progress.finish()
  }
}

/** The part as the registry lists it. */
export const replayPart: TrustPart = {
  name: 'replay',
  command,
  section: (data) => sectionOf(dataOf(data)),
}

const isOurs = (data: unknown): data is ReplayData => typeof data === 'object' && data !== null && 'runs' in data

/** What this part wrote itself. */
function dataOf(data: unknown): ReplayData {
  if (isOurs(data)) return data
  throw new ProbeError('INTERNAL', 'docs/trust/replay.json is not what npm run trust -- replay writes')
}
