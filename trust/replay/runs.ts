/** The runs that are recorded and replayed, and what is kept of each as data. */
import type { RawOptions } from '../../src/core/agent-options.ts'
import { optionKey } from '../../src/core/agent-options.ts'
import { recordBehindDaemon, recordInGuest } from './record.ts'
import { type RuleResult, replay } from './replay.ts'

/** Who kept the log of writes. */
export const SOURCES = ['blklogwrites', 'dm-log-writes'] as const
export type Source = (typeof SOURCES)[number]

export interface RunPlan {
  readonly name: string
  readonly source: Source
  /** Options of the agent. */
  readonly workload: string
}

/** Each works a mebibyte over, so that most sectors are written again and again. No FUA in the guest: dm-log-writes logs a FUA write ahead of those that completed before it. */
export const RUNS: readonly RunPlan[] = [
  { name: 'random', source: 'blklogwrites', workload: '--writes 400 --queue-depth 4 --flush-every 8' },
  {
    name: 'FUA, concurrent flushes',
    source: 'blklogwrites',
    workload:
      '--writes 400 --write-size 512-16k --queue-depth 8 --flush-every 5 --flush-mode concurrent --fua 20 --baseline format',
  },
  {
    name: 'hotspot',
    source: 'blklogwrites',
    workload:
      '--workload hotspot --writes 400 --write-size 512-64k --queue-depth 4 --flush-interval 5 --flush-mode concurrent',
  },
  {
    name: 'overlap',
    source: 'blklogwrites',
    workload: '--workload overlap --writes 400 --write-size 8k --flush-every 7 --region 0..256k',
  },
  { name: 'wal', source: 'blklogwrites', workload: '--workload wal --writes 200' },
  {
    name: 'in a guest',
    source: 'dm-log-writes',
    workload: '--writes 200 --write-size 512-16k --queue-depth 4 --flush-every 8 --flush-mode concurrent',
  },
]

export interface RunData extends RunPlan {
  readonly seed: string
  readonly entries: number
  readonly points: number
  readonly flushes: number
  readonly flushesReached: number
  readonly rules: readonly RuleResult[]
  readonly disagreements: readonly string[]
}

export interface RunOptions {
  readonly seed: string
  readonly signal: AbortSignal
  readonly stride: number
  readonly onPoint?: (done: number, of: number) => void
}

/** Records the run and replays it. Throws what recording throws. */
export async function recordAndReplay(plan: RunPlan, options: RunOptions): Promise<RunData> {
  const words = [...plan.workload.split(' '), '--seed', options.seed]
  const recording =
    plan.source === 'blklogwrites'
      ? await recordBehindDaemon(words, options.signal)
      : await recordInGuest(rawOptionsOf(words), options.signal)
  return { ...plan, seed: options.seed, ...(await replay(recording, options)) }
}

/** `--queue-depth 4` as the loop's options have it: `{ queueDepth: '4' }`. */
function rawOptionsOf(words: readonly string[]): RawOptions {
  return Object.fromEntries(
    words.flatMap((word, at) => (word.startsWith('--') ? [[optionKey(word), words[at + 1] ?? '']] : [])),
  )
}

/** What is wrong with a run: the judge and the write log disagree somewhere, or the two logs do not fit together. */
export function troubleOf({ name, seed, flushes, flushesReached, rules, disagreements }: RunData): readonly string[] {
  const wrong = rules.reduce((sum, { missed, falselyAccused }) => sum + missed + falselyAccused, 0)
  const unfit = flushes === 0 || flushesReached < flushes
  return [
    ...(unfit ? [`${name}, seed ${seed}: only ${flushesReached} of ${flushes} flushes are in the log of writes`] : []),
    ...(wrong > 0 ? [`${name}, seed ${seed}: ${wrong} states are judged wrongly`, ...disagreements] : []),
  ]
}
