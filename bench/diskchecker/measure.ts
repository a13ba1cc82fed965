/** diskchecker.pl's own job, done by it and by the agent in turn, on a file of the same disk, each with its witness on loopback. */
import { rmSync } from 'node:fs'
import { createProgress } from '../../src/io/progress.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { type Collector, startCollector, thisProgram } from '../../src/rig/children.ts'
import { runAgent } from '../agent-run.ts'
import { memoryFolder, writtenFile } from '../targets.ts'
import { runClient } from './client.ts'
import { PAGE_BYTES, digestText } from './server.ts'
import { type StretchUs, stretchesOf } from './stretches.ts'

const LABEL = 'diskchecker'
/** So small that diskchecker.pl, whose file grows from nothing, soon writes to blocks that it has. */
export const MEGABYTES = 16
const WARM_UP_SECONDS = 2
const MEASURED_SECONDS = 2
/** An agent that waits comes round less often, so that its code and the collector's take longer to be compiled. */
const WAITING_WARM_UP_SECONDS = 4

/** How the agent is run, and where its collector has its store; a goal is the least ratio to diskchecker.pl. */
export const WAYS = [
  { io: 'buffered', commit: 'stream', store: 'disk', goal: 3 },
  { io: 'buffered', commit: 'wait', store: 'disk', goal: 1 },
  { io: 'buffered', commit: 'wait', store: 'memory', goal: undefined },
  { io: 'direct', commit: 'stream', store: 'disk', goal: undefined },
  { io: 'direct', commit: 'wait', store: 'disk', goal: undefined },
] as const
type Way = Pick<(typeof WAYS)[number], 'io' | 'commit' | 'store'>

export interface AgentTurn {
  readonly perSecond: number
  readonly us: StretchUs
}

export interface Measured {
  /** Of the program that was supplied. */
  readonly supplied: string
  /** Pages a second, a repetition each. */
  readonly diskchecker: readonly number[]
  /** In the order of `WAYS`. */
  readonly agent: readonly (Way & { readonly turns: readonly AgentTurn[] })[]
}

export async function measureDiskchecker(program: string, repeats: number, signal: AbortSignal): Promise<Measured> {
  const measured = await withScratch(LABEL, (disk) =>
    withScratch(
      LABEL,
      (memory) =>
        withCollector(disk, (onDisk) =>
          withCollector(memory, (inMemory) =>
            turns({ program, repeats, signal, scratch: disk, collectors: { disk: onDisk, memory: inMemory } }),
          ),
        ),
      memoryFolder().path,
    ),
  )
  return { supplied: digestText(program), ...measured }
}

async function withCollector<T>(scratch: Scratch, work: (collector: Collector) => Promise<T>): Promise<T> {
  const collector = await startCollector(thisProgram(), scratch, `sqlite:${scratch.file('store.db')}`)
  try {
    return await work(collector)
  } finally {
    await collector.stop()
  }
}

interface Order {
  readonly program: string
  readonly repeats: number
  readonly signal: AbortSignal
  /** On the disk. */
  readonly scratch: Scratch
  readonly collectors: Readonly<Record<Way['store'], Collector>>
}

async function turns({ program, repeats, signal, scratch, collectors }: Order): Promise<Omit<Measured, 'supplied'>> {
  const peer: number[] = []
  const ways = WAYS.map(({ io, commit, store }) => ({ io, commit, store, turns: [] as AgentTurn[] }))
  const progress = createProgress({ label: 'writing', total: repeats * (ways.length + 1) })
  try {
    for (let repeat = 0, done = 0; repeat < repeats; repeat++) {
      peer.push(await diskcheckerTurn(program, scratch, signal))
      progress.update(++done, 'diskchecker.pl')
      for (const way of ways) {
        way.turns.push(await agentTurn(way, collectors[way.store], scratch, signal))
        progress.update(++done, `${way.io}, ${way.commit}`)
      }
    }
  } finally {
    progress.finish()
  }
  return { diskchecker: peer, agent: ways }
}

async function diskcheckerTurn(program: string, scratch: Scratch, signal: AbortSignal): Promise<number> {
  const file = scratch.file('diskchecker.img')
  try {
    const stretch = { warmUpSeconds: WARM_UP_SECONDS, measuredSeconds: MEASURED_SECONDS }
    return await runClient({ program, file, megabytes: MEGABYTES, ...stretch, scratch, signal })
  } finally {
    rmSync(file, { force: true })
  }
}

async function agentTurn(
  { io, commit }: Way,
  collector: Collector,
  scratch: Scratch,
  signal: AbortSignal,
): Promise<AgentTurn> {
  const target = writtenFile(scratch.file('agent.img'), MEGABYTES * 2 ** 20)
  try {
    const workload = [
      '--workload=random',
      `--write-size=${PAGE_BYTES}`,
      '--flush-every=1',
      `--io=${io}`,
      `--commit=${commit}`,
    ]
    const warmUpSeconds = commit === 'wait' ? WAITING_WARM_UP_SECONDS : WARM_UP_SECONDS
    const stretch = { warmUpMs: warmUpSeconds * 1000, measuredMs: MEASURED_SECONDS * 1000 }
    const { run, perSecond } = await runAgent({ collector, target, workload, ...stretch, signal })
    return { perSecond, us: await stretchesOf(collector.client.readLog(run), stretch.warmUpMs) }
  } finally {
    rmSync(target, { force: true })
  }
}
