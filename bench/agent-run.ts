/**
 * One run of the agent as a user starts it, its log streaming to a collector, looked at in its middle: what it wrote is in the log that
 * arrived, what it cost in /proc at two moments of the same stretch.
 */
import { randomBytes } from 'node:crypto'
import { EXIT, ProbeError } from '../src/core/errors.ts'
import { monotonicMs, sleepMs } from '../src/io/clock.ts'
import { type ManagedProcess, startProcess } from '../src/io/process.ts'
import type { Collector } from '../src/rig/children.ts'
import { Completions } from './completions.ts'
import { type ThreadTime, threadTimes } from './processor-time.ts'

const CAMPAIGN = 'bench'
const BEGIN_LIMIT_MS = 30_000
const END_LIMIT_MS = 30_000
const POLL_MS = 20
/** After the last look, so that what is looked at is the middle of a run. */
export const MARGIN_MS = 150
/** What the first of a run amounts to is told for information. */
const FIRST_MS = 500

export interface AgentFigures {
  readonly perSecond: number
  /** In its first half second, in which much of the code is not compiled yet. */
  readonly perSecondAtFirst: number
  /** Microseconds of the processor a write: of the main thread, and of all others. */
  readonly mainUserUs: number
  readonly workerUserUs: number
  readonly systemUs: number
}

export interface AgentRun {
  readonly collector: Collector
  readonly target: string
  /** What to write, in the words of `plugpull agent`. */
  readonly workload: readonly string[]
  readonly warmUpMs: number
  readonly measuredMs: number
  readonly signal: AbortSignal
}

/** All arguments of the agent for a run of that id and length. */
export const agentArguments = (
  { collector, target, workload }: Pick<AgentRun, 'collector' | 'target' | 'workload'>,
  id: string,
  durationMs: number,
): readonly string[] => [
  'agent',
  `--target=${target}`,
  `--collector=${collector.url}`,
  `--campaign=${CAMPAIGN}`,
  `--run-id=${id}`,
  `--duration=${durationMs}ms`,
  '--quiet',
  ...workload,
]

export const newRunId = (): string => randomBytes(8).toString('hex')

/** Its figures, and the id of the run, whose log the collector has. */
export async function runAgent(run: AgentRun): Promise<AgentFigures & { readonly run: string }> {
  const { collector, warmUpMs, measuredMs, signal } = run
  const id = newRunId()
  const args = agentArguments(run, id, warmUpMs + measuredMs + MARGIN_MS)
  const agent = startProcess(process.execPath, [collector.program.entry, ...args], { scratch: collector.scratch })
  try {
    await untilWriting(agent, collector, id, signal)
    await sleepMs(warmUpMs, signal)
    const before = threadTimes(agent.pid)
    const since = monotonicMs()
    await sleepMs(measuredMs, signal)
    const spentMs = monotonicMs() - since
    const after = threadTimes(agent.pid)
    await ended(agent)
    const log = await Completions.of(collector.client.readLog(id))
    const perSecond = log.perSecond(warmUpMs, warmUpMs + measuredMs)
    const spent = spentBy(agent.pid, before, after)
    const perWrite = (us: number): number => us / ((perSecond * spentMs) / 1000)
    return {
      run: id,
      perSecond,
      perSecondAtFirst: log.perSecond(0, FIRST_MS),
      mainUserUs: perWrite(spent.mainUserUs),
      workerUserUs: perWrite(spent.workerUserUs),
      systemUs: perWrite(spent.systemUs),
    }
  } finally {
    agent.kill('SIGKILL')
    await agent.exited
    signal.throwIfAborted()
  }
}

/** Until the collector sees it write, which is some milliseconds after it does. */
export async function untilWriting(
  agent: ManagedProcess,
  collector: Collector,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const until = monotonicMs() + BEGIN_LIMIT_MS
  for (;;) {
    signal.throwIfAborted()
    if (!agent.running) throw new ProbeError('RIG_FAILED', `the agent ended before it wrote: ${agent.errorTail()}`)
    if ((await completedOf(collector, id)) > 0) return
    if (monotonicMs() > until) throw new ProbeError('TIMED_OUT', `the agent wrote nothing: ${agent.errorTail()}`)
    await sleepMs(POLL_MS)
  }
}

async function completedOf({ client }: Collector, id: string): Promise<number> {
  try {
    return (await client.run(id)).progress?.completed ?? 0
  } catch (error) {
    // Not announced yet.
    if (error instanceof ProbeError && error.code === 'RUN_UNKNOWN') return 0
    throw error
  }
}

/** Waits for its own end; one in error is an error of the bench. */
export async function ended(agent: ManagedProcess): Promise<void> {
  const limit = setTimeout(() => void agent.kill('SIGKILL'), END_LIMIT_MS)
  const { code, signal } = await agent.exited
  clearTimeout(limit)
  if (code !== EXIT.held)
    throw new ProbeError('RIG_FAILED', `the agent ended (${signal ?? `status ${code}`}): ${agent.errorTail()}`)
}

/** What its threads used between two looks; the one whose id is the process's is the main thread. */
function spentBy(pid: number, before: readonly ThreadTime[], after: readonly ThreadTime[]) {
  const earlier = new Map(before.map((time) => [time.thread, time]))
  let mainUserUs = 0
  let workerUserUs = 0
  let systemUs = 0
  for (const { thread, ...now } of after) {
    const then = earlier.get(thread) ?? { userUs: 0, systemUs: 0 }
    const userUs = now.userUs - then.userUs
    systemUs += now.systemUs - then.systemUs
    if (thread === pid) mainUserUs += userUs
    else workerUserUs += userUs
  }
  return { mainUserUs, workerUserUs, systemUs }
}
