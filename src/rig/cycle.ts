/**
 * One cycle of the loop: a new disk, a run on it, the cut, the verification, and everything given back.
 *
 * The other parts take part as a user would run them: the agent and the verifier as processes, the collector over HTTP. Whatever
 * goes wrong makes the cycle inconclusive, with the last words of what failed; only what no other cycle can change
 * (an option or a target that the agent refuses, Ctrl-C) ends the loop.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { RunProgress } from '../core/campaign.ts'
import { EXIT, ProbeError, messageOf } from '../core/errors.ts'
import { workloadArguments } from '../core/agent-options.ts'
import type { Verdict } from '../core/verdict.ts'
import { runIdAt } from '../core/run-id.ts'
import { monotonicMs, sleepMs } from '../io/clock.ts'
import { APPEND_BYTES_MAX } from '../io/collector-client.ts'
import type { CycleResult } from './campaign.ts'
import { type AgentProcess, type Collector, startAgent, verifyRun } from './children.ts'
import { type LoopConfig, cutMomentMs, cycleSeed } from './loop-options.ts'
import type { AgentMachine, CutRecord, Machine, SelfRunningMachine } from './rig.ts'

const POLL_MS = 15
/** No sign of progress for so long before the cut: the cycle is given up. */
const STALL_LIMIT_MS = 60_000

export interface CycleContext {
  readonly config: LoopConfig
  readonly collector: Collector
  /** Directory for everything of the campaign's cycles; each cycle has one of its own in it. */
  readonly directory: string
  readonly signal: AbortSignal
  /** Looks at the survivor before it is removed; for the demo's picture. */
  readonly inspect?: (machine: Machine, result: CycleResult) => Promise<void>
}

/** What a cycle has come to so far; becomes its result. */
interface Course {
  readonly cycle: number
  readonly run: string
  readonly seed: string
  readonly cutAfterMs: number
  readonly directory: string
  cut?: CutRecord
  verdict?: Verdict
  problem?: string
  note?: string
}

/** Runs cycle number `cycle` (from 1). Throws INTERRUPTED, and errors that every further cycle would meet. */
export async function runCycle(context: CycleContext, cycle: number): Promise<CycleResult> {
  const seed = cycleSeed(context.config.seed, cycle)
  const directory = join(context.directory, `cycle-${String(cycle).padStart(5, '0')}`)
  const cutAfterMs = cutMomentMs(context.config, seed)
  const course: Course = { cycle, run: runIdAt(Date.now(), randomBytes(4).readUInt32LE()), seed, cutAfterMs, directory }
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  try {
    const result = await throughMachine(context, course)
    return result.word === 'held' ? result : await kept(context, course, result)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function throughMachine(context: CycleContext, course: Course): Promise<CycleResult> {
  const { config } = context
  let machine: Machine | undefined
  try {
    machine = await config.rig.prepare({
      directory: course.directory,
      image: config.image,
      cache: config.cache,
      sizeBytes: config.sizeBytes,
      seed: course.seed,
      scratch: context.collector.scratch,
      ...(config.clusterBytes === undefined ? {} : { clusterBytes: config.clusterBytes }),
      ...(config.fault === undefined ? {} : { fault: config.fault }),
    })
    await driveAndVerify(context, course, machine)
    const result = resultOf(course)
    await context.inspect?.(machine, result)
    return result
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason
    if (endsLoop(error)) throw error
    course.problem = messageOf(error)
    return resultOf(course)
  } finally {
    await machine?.dispose()
  }
}

/** Errors that the next cycle would only repeat. */
function endsLoop(error: unknown): boolean {
  if (!(error instanceof ProbeError)) return true
  return error.exitStatus === EXIT.usage || error.exitStatus === EXIT.refused || error.code === 'RIG_UNAVAILABLE'
}

async function driveAndVerify(context: CycleContext, course: Course, machine: Machine): Promise<void> {
  course.cut =
    machine.kind === 'agent'
      ? await runAndCut(context, course, machine)
      : await simulateAndCut(context, course, machine)
  await context.collector.client.recordCut(course.run, course.cut)
  if (!course.cut.died) {
    course.problem = `the cut did not kill everything it should: ${course.cut.note ?? 'something is still alive'}`
    return
  }
  context.signal.throwIfAborted()
  course.verdict = await verifyRun(context.collector, {
    target: machine.survivor,
    format: machine.survivorFormat,
    run: course.run,
    contract: context.config.contract ?? machine.contract,
    signal: context.signal,
  })
}

function resultOf(course: Course): CycleResult {
  const { cycle, run, seed, cutAfterMs, cut, note, problem, verdict } = course
  const word = problem === undefined ? (verdict?.verdict ?? 'inconclusive') : 'inconclusive'
  return {
    cycle,
    run,
    seed,
    cutAfterMs,
    word,
    ...(cut === undefined ? {} : { cut }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(problem === undefined ? {} : { problem }),
    ...(note === undefined ? {} : { note }),
  }
}

const labelsOf = (config: LoopConfig, machine: Machine): Record<string, string> => ({
  ...machine.labels,
  rig: config.rig.name,
  image: config.image,
  cache: config.cache,
  cut: config.cut,
})

/** Workload options of a cycle: the loop's, with the cycle's seed, and clusters as large as the image's. */
const workloadOf = (config: LoopConfig, course: Course): LoopConfig['workload'] => ({
  ...config.workload,
  seed: course.seed,
  ...(config.clusterBytes === undefined ? {} : { clusterSize: String(config.clusterBytes) }),
})

async function runAndCut(context: CycleContext, course: Course, machine: AgentMachine): Promise<CutRecord> {
  const { config } = context
  const agent = startAgent(context.collector, {
    target: machine.target,
    run: course.run,
    campaign: config.campaign,
    labels: labelsOf(config, machine),
    workload: workloadArguments(workloadOf(config, course)),
  })
  try {
    await Promise.race([reached(context, course), deathOf(machine, agent)])
    await Promise.race([sleepMs(course.cutAfterMs, context.signal), deathOf(machine, agent)])
    context.signal.throwIfAborted()
    return await machine.cut(config.cut, [{ what: 'agent', pid: agent.pid }])
  } finally {
    await agent.stop()
  }
}

/** Rejects when the machine or the agent ends before the cut. */
async function deathOf(machine: AgentMachine, agent: AgentProcess): Promise<never> {
  const why = await Promise.race([machine.died, agent.ended])
  if (why instanceof ProbeError) throw why
  throw new ProbeError('RIG_FAILED', `${why}, before the cut`)
}

/**
 * Resolves once the moment of the cut may be counted: the agent writes and its first flush has completed, since before that
 * nothing is stable and a cut has nothing to show; or, for a workload with an end, it has written everything and holds.
 */
async function reached(context: CycleContext, course: Course): Promise<void> {
  const { client } = context.collector
  let seen = ''
  let since = monotonicMs()
  for (;;) {
    context.signal.throwIfAborted()
    const progress = await progressOf(client, course.run)
    if (progress !== undefined && mayBeCut(context.config, progress)) return
    const now = JSON.stringify(progress)
    if (now !== seen) {
      seen = now
      since = monotonicMs()
    }
    if (monotonicMs() - since > STALL_LIMIT_MS) {
      const state = progress === undefined ? 'it has told nothing yet' : `its state is ${progress.state}`
      throw new ProbeError('TIMED_OUT', `the agent did not get on for ${STALL_LIMIT_MS / 1000} s; ${state}`)
    }
    await sleepMs(POLL_MS, context.signal)
  }
}

function mayBeCut({ ends, workload }: LoopConfig, { state, flushes }: RunProgress): boolean {
  if (state === 'holding') return true
  return !ends && state === 'writing' && (flushes > 0 || workload['flushNever'] === true)
}

/** Progress together with the bytes that the collector holds, so that either counts as a sign of life. */
async function progressOf(
  client: Collector['client'],
  run: string,
): Promise<(RunProgress & { readonly bytes: number }) | undefined> {
  try {
    const { progress, bytes } = await client.run(run)
    return progress === undefined ? undefined : { ...progress, bytes }
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'RUN_UNKNOWN') return undefined
    throw error
  }
}

async function simulateAndCut(context: CycleContext, course: Course, machine: SelfRunningMachine): Promise<CutRecord> {
  const { config, collector } = context
  const own = await machine.run({
    run: course.run,
    campaign: config.campaign,
    options: workloadOf(config, course),
    labels: labelsOf(config, machine),
    cutAfterMs: course.cutAfterMs,
  })
  course.note = own.note
  await collector.client.createRun(course.run, config.campaign, own.manifest)
  let offset = 0
  for await (const bytes of own.log) {
    context.signal.throwIfAborted()
    for (let at = 0; at < bytes.length; at += APPEND_BYTES_MAX) {
      const { offset: end } = await collector.client.append(
        course.run,
        offset,
        bytes.subarray(at, at + APPEND_BYTES_MAX),
      )
      offset = end
    }
  }
  return machine.cut(config.cut, [])
}

/** `--keep`: leaves the image, the log and the verdict where `plugpull verify --log` can be tried on them again. */
async function kept(context: CycleContext, course: Course, result: CycleResult): Promise<CycleResult> {
  const { keep } = context.config
  if (keep === undefined) return result
  await saveLog(context, course).catch((error: unknown) => {
    writeFileSync(join(course.directory, 'log-missing.txt'), `${messageOf(error)}\n`)
  })
  const keptIn = join(resolve(keep), `${basename(context.directory)}-${basename(course.directory)}`)
  const withPlace = { ...result, keptIn }
  writeFileSync(join(course.directory, 'cycle.json'), `${JSON.stringify(withPlace, null, 2)}\n`)
  // The scratch folder lies in the same one, so this is a rename within a file system.
  renameSync(course.directory, keptIn)
  return withPlace
}

async function saveLog(context: CycleContext, course: Course): Promise<void> {
  const path = join(course.directory, 'run.log')
  const part = `${path}.part`
  writeFileSync(part, '')
  for await (const bytes of context.collector.client.readLog(course.run)) writeFileSync(part, bytes, { flag: 'a' })
  renameSync(part, path)
}
