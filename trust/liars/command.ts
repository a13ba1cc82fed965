/** `npm run trust -- liars`: calibration of the judge by disks that lie, and how many cuts each workload takes to catch them. */
import { Command } from 'commander'
import { parseSeed, type RawOptions, wholeOf } from '../../src/core/agent-options.ts'
import { EXIT } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createProgress } from '../../src/io/progress.ts'
import { FAULT_KINDS } from '../../src/rig/sim/fault.ts'
import { inWorkers } from '../crew.ts'
import { published } from '../published.ts'
import type { TrustPart } from '../part.ts'
import { isExact } from './calibration.ts'
import { WORKLOADS_COMPARED } from './campaign.ts'
import { LIARS_SCHEMA, type LiarsData, ratesMeasured } from './data.ts'
import type { Result, Task } from './task.ts'

const CUTS_DEFAULT = '2000'
const CAMPAIGN_CUTS_DEFAULT = '100'
const CUTS_MAX = 1_000_000
const JOBS_DEFAULT = '2'
const JOBS_MAX = 64
const SEED_DEFAULT = '0x11a5'

export function liarsCommand(part: TrustPart): Command {
  return new Command('liars')
    .description(
      'cut simulated disks that lie: each is to be convicted of exactly its fault; and count the cuts that takes',
    )
    .option('--cuts <n>', `of each liar, held against the oracle (default: ${CUTS_DEFAULT})`)
    .option('--campaign-cuts <n>', `of each liar, rate and workload, at most (default: ${CAMPAIGN_CUTS_DEFAULT})`)
    .option('--seed <n>', `seed of the campaigns (default: ${SEED_DEFAULT})`)
    .option('--jobs <n>', `worker threads (default: ${JOBS_DEFAULT})`)
    .option('--no-publish', 'leave docs/ as it is')
    .action(async (raw: RawOptions) => {
      process.exitCode = await withInterrupt((signal) => run(part, raw, signal))
    })
}

async function run(part: TrustPart, raw: RawOptions, signal: AbortSignal): Promise<number> {
  const text = (key: string): string | undefined => (typeof raw[key] === 'string' ? raw[key] : undefined)
  const cuts = wholeOf(text('cuts') ?? CUTS_DEFAULT, '--cuts', CUTS_MAX)
  const cutsMax = wholeOf(text('campaignCuts') ?? CAMPAIGN_CUTS_DEFAULT, '--campaign-cuts', CUTS_MAX)
  const jobs = wholeOf(text('jobs') ?? JOBS_DEFAULT, '--jobs', JOBS_MAX)
  const seed = parseSeed(text('seed') ?? SEED_DEFAULT)
  const results = await work(tasksOf(cuts, cutsMax, seed), jobs, signal)
  const calibration = results.flatMap((result) => (result.kind === 'calibration' ? [result.liar] : []))
  const rows = results.flatMap((result) => (result.kind === 'campaign' ? [result.row] : []))
  const data: LiarsData = {
    schema: LIARS_SCHEMA,
    node: process.version,
    calibration,
    workloads: { seed, cutsMax, rows },
  }
  const wrong = calibration.filter((liar) => !isExact(liar))
  for (const { problems } of wrong)
    for (const { text: what, replay } of problems) process.stderr.write(`${what}\nreplay: ${replay}\n`)
  const names = wrong.map(({ fault }) => fault).join(', ')
  process.stdout.write(
    `${calibration.length} liars, ${wrong.length === 0 ? 'each convicted of exactly its fault' : `NOT convicted exactly: ${names}`}; ${rows.length} campaigns\n${raw['publish'] === false ? 'not published' : await published(part, data)}\n`,
  )
  return wrong.length === 0 ? EXIT.held : EXIT.violation
}

function tasksOf(cuts: number, cutsMax: number, seed: string): readonly Task[] {
  const calibrations = FAULT_KINDS.map((fault): Task => ({ kind: 'calibration', fault, cuts }))
  const campaigns = FAULT_KINDS.flatMap((fault) =>
    ratesMeasured(fault).flatMap((rate) =>
      WORKLOADS_COMPARED.map((workload): Task => ({ kind: 'campaign', fault, rate, workload, cuts: cutsMax, seed })),
    ),
  )
  return [...calibrations, ...campaigns]
}

/** In the order of the tasks, whichever worker was done first. */
async function work(tasks: readonly Task[], jobs: number, signal: AbortSignal): Promise<readonly Result[]> {
  const progress = createProgress({ label: 'liars', total: tasks.length })
  const results = new Map<Task, Result>()
  try {
    await inWorkers<Task, Result>({
      program: new URL('worker.js', import.meta.url),
      tasks,
      jobs,
      signal,
      done(task, result) {
        results.set(task, result)
        progress.update(results.size, `${task.kind} ${task.fault}`)
      },
    })
  } finally {
    progress.finish()
  }
  return tasks.flatMap((task) => results.get(task) ?? [])
}
