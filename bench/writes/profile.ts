/**
 * What the agent's own time is spent on: samples of its threads while they are not in the kernel, by perf, sorted into buckets.
 *
 * Node writes the names of compiled functions to /tmp, where perf looks for them. Both get the scratch folder for a /tmp of their own,
 * so that nothing is left there, whatever ends them.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, runTool, startProcess } from '../../src/io/process.ts'
import { sleepMs } from '../../src/io/clock.ts'
import type { Collector } from '../../src/rig/children.ts'
import { MARGIN_MS, agentArguments, ended, newRunId, untilWriting } from '../agent-run.ts'
import { Completions } from '../completions.ts'
import { bucketOf, samplesIn } from './buckets.ts'
import { type Job, PROFILES } from './jobs.ts'
import { warmUpMs, workloadOf } from './settings.ts'

const SAMPLES_PER_SECOND = 1999
const PROFILED_MS = 2000
/** For perf to begin. */
const BEGIN_MS = 500

export interface Profile {
  readonly engine: string
  readonly depth: number
  readonly samples: number
  /** Microseconds a write, by bucket. */
  readonly us: Readonly<Record<string, number>>
}

export async function profileAll(
  collector: Collector,
  target: string,
  signal: AbortSignal,
): Promise<readonly Profile[] | { readonly absent: string }> {
  const missing = Object.entries({ perf: 'linux-perf', unshare: 'util-linux' }).find(
    ([name]) => findProgram(name) === undefined,
  )
  if (missing !== undefined)
    return { absent: `${missing[0]} is not installed (on Debian: apt-get install ${missing[1]})` }
  const profiles: Profile[] = []
  for (const one of PROFILES) profiles.push(await profile(one, collector, target, signal))
  return profiles
}

/** The command, with `folder` for its /tmp. */
const withTmp = (folder: string, command: readonly string[]): readonly string[] => [
  '--mount',
  'sh',
  '-c',
  'mount --bind "$0" /tmp && exec "$@"',
  folder,
  ...command,
]

async function profile(
  { engine, depth }: (typeof PROFILES)[number],
  collector: Collector,
  target: string,
  signal: AbortSignal,
): Promise<Profile> {
  const { scratch, program } = collector
  const id = newRunId()
  const folder = scratch.file(`profile-${id}`)
  mkdirSync(folder)
  const job: Job = { pattern: 'random', writeBytes: 4096, depth, flushEvery: 0 }
  const run = { collector, target, workload: workloadOf(job, engine, target) }
  const warmMs = warmUpMs(depth)
  const args = agentArguments(run, id, warmMs + BEGIN_MS + PROFILED_MS + MARGIN_MS)
  // The program as it was compiled, file by file: in a bundle the names say nothing.
  const command = [process.execPath, '--perf-basic-prof', program.entry, ...args]
  // Node also leaves a log of each thread where it stands.
  const agent = startProcess('unshare', withTmp(folder, command), { scratch, cwd: folder })
  try {
    await untilWriting(agent, collector, id, signal)
    await sleepMs(warmMs, signal)
    const data = join(folder, 'perf.data')
    const record = [
      'record',
      '-q',
      '-g',
      '-F',
      String(SAMPLES_PER_SECOND),
      '-e',
      'cpu-clock:u',
      '-p',
      String(agent.pid),
    ]
    await runTool('perf', [...record, '-o', data, '--', 'sleep', String(PROFILED_MS / 1000)], { signal })
    await ended(agent)
    const script = ['perf', 'script', '-i', '/tmp/perf.data', '-F', 'tid,ip,sym']
    const { stdout } = await runTool('unshare', withTmp(folder, script), { signal })
    const log = await Completions.of(collector.client.readLog(id))
    const writes = (log.perSecond(warmMs, warmMs + PROFILED_MS) * PROFILED_MS) / 1000
    return { engine: engine.name, depth, ...sorted(stdout, agent.pid, writes) }
  } finally {
    agent.kill('SIGKILL')
    await agent.exited
    signal.throwIfAborted()
  }
}

function sorted(script: string, main: number, writes: number): Pick<Profile, 'samples' | 'us'> {
  const samples = samplesIn(script)
  const us: Record<string, number> = {}
  for (const sample of samples) {
    const bucket = bucketOf(sample, main)
    us[bucket] = (us[bucket] ?? 0) + 1_000_000 / SAMPLES_PER_SECOND / writes
  }
  return { samples: samples.length, us }
}
