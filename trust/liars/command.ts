/** `npm run trust -- liars`: calibration of the judge by disks that lie, and how many cuts each workload takes to catch them. */
import { Command } from 'commander'
import { choiceOf, parseSeed, type RawOptions, wholeOf } from '../../src/core/agent-options.ts'
import { EXIT } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createProgress } from '../../src/io/progress.ts'
import { FAULT_KINDS } from '../../src/rig/sim/fault.ts'
import { inWorkers } from '../crew.ts'
import { measuredBefore, published } from '../published.ts'
import type { TrustPart } from '../part.ts'
import { isExact } from './calibration.ts'
import { WORKLOADS_COMPARED } from './campaign.ts'
import { checkLiarsData, LIARS_SCHEMA, type LiarsData, ratesMeasured } from './data.ts'
import type { Result, Task } from './task.ts'

const CUTS_DEFAULT = '2000'
const CAMPAIGN_CUTS_DEFAULT = '100'
const CUTS_MAX = 1_000_000
const JOBS_DEFAULT = '2'
const JOBS_MAX = 64
const SEED_DEFAULT = '0x11a5'

/** The two that run by themselves. */
const HALVES = ['calibration', 'workloads'] as const
type Half = (typeof HALVES)[number]

export function liarsCommand(part: TrustPart): Command {
  return new Command('liars')
    .description(
      'cut simulated disks that lie: each is to be convicted of exactly its fault; and count the cuts that takes',
    )
    .option('--cuts <n>', `of each liar, held against the oracle (default: ${CUTS_DEFAULT})`)
    .option('--campaign-cuts <n>', `of each liar, rate and workload, at most (default: ${CAMPAIGN_CUTS_DEFAULT})`)
    .option('--seed <n>', `seed of the campaigns (default: ${SEED_DEFAULT})`)
    .option('--only <half>', `${HALVES.join(' or ')}: the other half stays as it was measured before`)
    .option('--jobs <n>', `worker threads (default: ${JOBS_DEFAULT})`)
    .option('--no-publish', 'leave docs/ as it is')
    .action(async (raw: RawOptions) => {
      process.exitCode = await withInterrupt((signal) => run(part, raw, signal))
    })
}

async function run(part: TrustPart, raw: RawOptions, signal: AbortSignal): Promise<number> {
  const text = (key: string): string | undefined => (typeof raw[key] === 'string' ? raw[key] : undefined)
  const asked = {
    cuts: wholeOf(text('cuts') ?? CUTS_DEFAULT, '--cuts', CUTS_MAX),
    cutsMax: wholeOf(text('campaignCuts') ?? CAMPAIGN_CUTS_DEFAULT, '--campaign-cuts', CUTS_MAX),
    seed: parseSeed(text('seed') ?? SEED_DEFAULT),
  }
  const jobs = wholeOf(text('jobs') ?? JOBS_DEFAULT, '--jobs', JOBS_MAX)
  const only = text('only')
  const halves = only === undefined ? HALVES : [choiceOf(only, '--only', HALVES)]
  const before = only === undefined ? undefined : measuredBefore(part)
  const results = await work(tasksOf(asked, halves), jobs, signal)
  const data = dataOf(asked, halves, results, before === undefined ? NOTHING : checkLiarsData(before))
  const summary = tell(data)
  process.stdout.write(`${summary}\n${raw['publish'] === false ? 'not published' : await published(part, data)}\n`)
  return data.calibration.every(isExact) ? EXIT.held : EXIT.violation
}

/** One line; what went wrong goes to stderr, with how it is had again. */
function tell({ calibration, workloads }: LiarsData): string {
  const wrong = calibration.filter((liar) => !isExact(liar))
  for (const { problems } of wrong)
    for (const { text, replay } of problems) process.stderr.write(`${text}\nreplay: ${replay}\n`)
  const result =
    wrong.length === 0
      ? 'each convicted of exactly its fault'
      : `NOT convicted exactly: ${wrong.map(({ fault }) => fault).join(', ')}`
  return `${calibration.length} liars, ${result}; ${workloads.rows.length} campaigns`
}

interface Asked {
  readonly cuts: number
  readonly cutsMax: number
  readonly seed: string
}

const NOTHING: Pick<LiarsData, Half> = { calibration: [], workloads: { seed: '', cutsMax: 0, rows: [] } }

/** What was measured now; of a half that was not run, what was measured before. */
function dataOf(
  { cutsMax, seed }: Asked,
  halves: readonly Half[],
  results: readonly Result[],
  before: Pick<LiarsData, Half>,
): LiarsData {
  const calibration = results.flatMap((result) => (result.kind === 'calibration' ? [result.liar] : []))
  const rows = results.flatMap((result) => (result.kind === 'campaign' ? [result.row] : []))
  return {
    schema: LIARS_SCHEMA,
    node: process.version,
    calibration: halves.includes('calibration') ? calibration : before.calibration,
    workloads: halves.includes('workloads') ? { seed, cutsMax, rows } : before.workloads,
  }
}

function tasksOf({ cuts, cutsMax, seed }: Asked, halves: readonly Half[]): readonly Task[] {
  const calibrations = FAULT_KINDS.map((fault): Task => ({ kind: 'calibration', fault, cuts }))
  const campaigns = FAULT_KINDS.flatMap((fault) =>
    ratesMeasured(fault).flatMap((rate) =>
      WORKLOADS_COMPARED.map((workload): Task => ({ kind: 'campaign', fault, rate, workload, cuts: cutsMax, seed })),
    ),
  )
  return [...(halves.includes('calibration') ? calibrations : []), ...(halves.includes('workloads') ? campaigns : [])]
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
