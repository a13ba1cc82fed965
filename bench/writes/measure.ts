/** All of it, side by side: on each target each match, the peers and the agent in turn, as often as asked for. */
import { createProgress } from '../../src/io/progress.ts'
import { requireAll } from '../../src/io/requirements.ts'
import { withScratch } from '../../src/io/scratch.ts'
import { type Collector, startCollector, thisProgram } from '../../src/rig/children.ts'
import { type AgentFigures, runAgent } from '../agent-run.ts'
import { attachLoop, memoryFolder, reapLoops, sparseFile, writtenFile } from '../targets.ts'
import { type FioFigures, fioArguments, runFio } from './fio.ts'
import { COST_TARGET, type Job, MATCHES, type Match } from './jobs.ts'
import { type Profile, profileAll } from './profile.ts'
import { MEASURED_MS, REGION_BYTES, warmUpMs, workloadOf } from './settings.ts'

const LABEL = 'writes'

/** One match on one target; every list is one entry a repetition. */
export interface Played {
  readonly target: string
  readonly table: Match['table']
  readonly job: Job
  readonly ours: readonly { readonly name: string; readonly goal?: number; readonly runs: readonly AgentFigures[] }[]
  readonly peers: readonly { readonly name: string; readonly runs: readonly FioFigures[] }[]
}

export interface Measured {
  /** Whether the collector kept its store in memory, and not on the disk that is written to. */
  readonly storeInMemory: boolean
  readonly played: readonly Played[]
  readonly profiles: readonly Profile[] | { readonly absent: string }
}

interface Target {
  readonly name: string
  readonly path: string
}

export async function measureWrites(repeats: number, signal: AbortSignal): Promise<Measured> {
  requireAll('bench writes', ['root', 'losetup'])
  reapLoops(LABEL)
  const memory = memoryFolder()
  return withScratch(LABEL, (disk) =>
    withScratch(
      LABEL,
      async (ram) => {
        const loop = attachLoop(sparseFile(ram.file('null.img'), REGION_BYTES))
        try {
          const collector = await startCollector(thisProgram(), ram, `sqlite:${ram.file('store.db')}`)
          try {
            const targets = [
              { name: 'file', path: writtenFile(disk.file('target.img'), REGION_BYTES) },
              { name: COST_TARGET, path: loop.path },
            ]
            const played = await playAll({ targets, collector, repeats, signal })
            const profiles = await profileAll(collector, loop.path, signal)
            return { storeInMemory: memory.inMemory, played, profiles }
          } finally {
            await collector.stop()
          }
        } finally {
          loop.detach()
        }
      },
      memory.path,
    ),
  )
}

interface Order {
  readonly targets: readonly Target[]
  readonly collector: Collector
  readonly repeats: number
  readonly signal: AbortSignal
}

async function playAll({ targets, collector, repeats, signal }: Order): Promise<readonly Played[]> {
  const pairs = targets.flatMap((target) => MATCHES.map((match) => ({ target, match, turns: [] as Turn[] })))
  const progress = createProgress({ label: 'writing', total: pairs.length * repeats })
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [index, { target, match, turns }] of pairs.entries()) {
        turns.push(await playOnce(target, match, collector, signal))
        const { depth, flushEvery } = match.job
        progress.update(repeat * pairs.length + index + 1, `${target.name}, depth ${depth}, flush ${flushEvery}`)
      }
    }
  } finally {
    progress.finish()
  }
  return pairs.map(({ target, match, turns }) => ({
    target: target.name,
    table: match.table,
    job: match.job,
    ours: match.ours.map(({ name, goal }, index) => ({
      name,
      ...(goal === undefined ? {} : { goal }),
      runs: turns.flatMap(({ ours }) => ours[index] ?? []),
    })),
    peers: match.peers.map(({ name }, index) => ({ name, runs: turns.flatMap(({ peers }) => peers[index] ?? []) })),
  }))
}

interface Turn {
  readonly ours: readonly AgentFigures[]
  readonly peers: readonly FioFigures[]
}

async function playOnce(
  target: Target,
  { job, ours, peers }: Match,
  collector: Collector,
  signal: AbortSignal,
): Promise<Turn> {
  const turn = { ours: [] as AgentFigures[], peers: [] as FioFigures[] }
  for (const peer of peers)
    turn.peers.push(
      await runFio(fioArguments(peer, job, target.path, REGION_BYTES), { cwd: collector.scratch.path, signal }),
    )
  for (const one of ours) {
    const workload = workloadOf(job, one, target.path)
    const stretch = { warmUpMs: warmUpMs(job.depth), measuredMs: MEASURED_MS }
    const { run: _run, ...figures } = await runAgent({ collector, target: target.path, workload, ...stretch, signal })
    turn.ours.push(figures)
  }
  return turn
}
