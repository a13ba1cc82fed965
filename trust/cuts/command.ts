/** `npm run trust -- cuts`: many honest disks cut, in worker threads, and the page of what came out. */
import { Command } from 'commander'
import { parseSeed, type RawOptions, wholeOf } from '../../src/core/agent-options.ts'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import { keyOf } from '../../src/core/prng.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createProgress } from '../../src/io/progress.ts'
import { Corners } from '../../test/support/simulated/corners.ts'
import { HONEST_FAMILY } from '../../test/support/simulated/honest.ts'
import { replayCommand } from '../../test/support/simulated/replay.ts'
import { inWorkers } from '../crew.ts'
import { published } from '../published.ts'
import type { TrustPart } from '../part.ts'
import type { Block, BlockResult } from './block.ts'
import { type CutsData, cutsData, type DoneBlock } from './data.ts'
import { CutsState } from './state.ts'

const CUTS_DEFAULT = '1000000'
const CUTS_MAX = 0xffff_ffff
const JOBS_DEFAULT = '2'
const JOBS_MAX = 64
const BLOCK_CUTS = 1000

export function cutsCommand(part: TrustPart): Command {
  return new Command('cuts')
    .description('cut simulated honest disks: none may be convicted, and judge and oracle must agree on each')
    .option('--cuts <n>', `how many (default: ${CUTS_DEFAULT})`)
    .option('--seed <n>', `first half of every seed, a number below 2^32 (default: 0x${HONEST_FAMILY.toString(16)})`)
    .option('--jobs <n>', `worker threads (default: ${JOBS_DEFAULT})`)
    .option('--state <file>', 'keep there what is done; the same command again goes on from it')
    .option('--no-publish', 'leave docs/ as it is')
    .action(async (raw: RawOptions) => {
      process.exitCode = await withInterrupt((signal) => run(part, raw, signal))
    })
}

async function run(part: TrustPart, raw: RawOptions, signal: AbortSignal): Promise<number> {
  const text = (key: string): string | undefined => (typeof raw[key] === 'string' ? raw[key] : undefined)
  const cuts = wholeOf(text('cuts') ?? CUTS_DEFAULT, '--cuts', CUTS_MAX)
  const jobs = wholeOf(text('jobs') ?? JOBS_DEFAULT, '--jobs', JOBS_MAX)
  const family = familyOf(text('seed'))
  const state = new CutsState(text('state'))
  const blocks = blocksOf(family, cuts)
  const known = new Map(state.done(family).map((done) => [keyOfBlock(done.block), done]))
  const done = blocks.flatMap((block) => known.get(keyOfBlock(block)) ?? [])
  await work(
    blocks.filter((block) => !known.has(keyOfBlock(block))),
    { jobs, signal, state, done, cuts },
  )
  const data = cutsData(family.toString(16).padStart(8, '0'), done)
  const missed = missedCorners(data)
  process.stdout.write(
    `${summary(data)}${missed}\n${raw['publish'] === false ? 'not published' : await published(part, data)}\n`,
  )
  return data.falseAccusations + data.disagreements + data.simulatorFaults > 0
    ? EXIT.violation
    : missed === ''
      ? EXIT.held
      : EXIT.inconclusive
}

interface Work {
  readonly jobs: number
  readonly signal: AbortSignal
  readonly state: CutsState
  readonly done: DoneBlock[]
  readonly cuts: number
}

async function work(tasks: readonly Block[], { jobs, signal, state, done, cuts }: Work): Promise<void> {
  const progress = createProgress({ label: 'simulated cuts', total: cuts })
  let reached = done.reduce((sum, { block }) => sum + block.cuts, 0)
  let problems = 0
  try {
    await inWorkers<Block, BlockResult>({
      program: new URL('worker.js', import.meta.url),
      tasks,
      jobs,
      signal,
      done(block, result) {
        reached += block.cuts
        problems += result.problems.length
        done.push({ block, result })
        state.keep({ block, result })
        for (const { seed, kind, text } of result.problems)
          process.stderr.write(`${kind}, seed ${seed}: ${text}\nreplay: ${replayCommand(seed)}\n`)
        progress.update(reached, problems === 0 ? 'no violation' : `${problems} PROBLEMS`)
      },
    })
  } finally {
    progress.finish(signal.aborted ? `stopped after ${reached} of ${cuts} cuts` : undefined)
  }
}

const keyOfBlock = ({ from, cuts }: Block): string => `${from}+${cuts}`

const blocksOf = (family: number, cuts: number): Block[] =>
  Array.from({ length: Math.ceil(cuts / BLOCK_CUTS) }, (_, i) => ({
    family,
    from: i * BLOCK_CUTS,
    cuts: Math.min(BLOCK_CUTS, cuts - i * BLOCK_CUTS),
  }))

function familyOf(text: string | undefined): number {
  if (text === undefined) return HONEST_FAMILY
  const { hi, lo } = keyOf(parseSeed(text))
  if (hi !== 0)
    throw new ProbeError('BAD_OPTION', `--seed got ${JSON.stringify(text)}; here it takes a number below 2^32`)
  return lo
}

function missedCorners({ corners, cuts }: CutsData): string {
  const reached = new Corners()
  reached.merge(corners)
  const missed = reached.missed(cuts)
  return missed.length === 0 ? '' : `; never reached: ${missed.join(', ')}`
}

function summary({ cuts, falseAccusations, disagreements, simulatorFaults, cutsPerSecond }: CutsData): string {
  return `${cuts} cuts of honest disks: ${falseAccusations} false accusations, ${disagreements} disagreements of judge and oracle, ${simulatorFaults} faults of the simulator; up to ${cutsPerSecond} cuts a second and worker`
}
