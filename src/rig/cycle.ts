/**
 * One cycle of the loop: a new disk, a run on it, the cut, the verification, and everything given back.
 *
 * How a machine is driven to its cut is drive.ts. The other parts take part as a user would run them: the agent and the verifier as processes, the collector over HTTP. Whatever
 * goes wrong makes the cycle inconclusive, with the last words of what failed; only what no other cycle can change
 * (an option or a target that the agent refuses, Ctrl-C) ends the loop.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type ErrorCode, ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import type { Verdict } from '../core/verdict.ts'
import { runIdAt } from '../core/run-id.ts'
import { type RunSetup, setupOf } from '../core/campaign/setup.ts'
import { type CycleResult, type Told, toldOf } from './campaign.ts'
import { tellAbandoned } from './abandoned.ts'
import { type Collector, verifyArguments, verifyRun } from './children.ts'
import { driveToCut } from './drive.ts'
import { guestCollector } from './guest/guest-collector.ts'
import { type LoopConfig, cutMomentMs, cycleSeed } from './loop-options.ts'
import { untilVerdict } from './progress.ts'
import type { CutRecord, GuestMachine, Machine, Remains } from './rig.ts'
import { verdictAfterRecovery } from './standing.ts'

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
export interface Course {
  readonly cycle: number
  /** Ours to choose, but for a machine that begins its runs by itself. */
  run: string
  readonly seed: string
  readonly cutAfterMs: number
  readonly directory: string
  cut?: CutRecord
  /** Size of the log when it had come to its end after the cut; looked at for a machine that is not ours. */
  logBytes?: number
  told?: Told
  setup?: RunSetup
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
      cut: config.cut,
      sizeBytes: config.sizeBytes,
      seed: course.seed,
      scratch: context.collector.scratch,
      ...(config.clusterBytes === undefined ? {} : { clusterBytes: config.clusterBytes }),
      ...(config.chainLength === undefined ? {} : { chainLength: config.chainLength }),
      ...(config.fault === undefined ? {} : { fault: config.fault }),
      options: config.rigOptions,
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
    if (endedWith(machine) && course.cut === undefined) await tellAbandoned(context.collector.client, course.run)
  }
}

/** Whether the run cannot outlive its machine; one of somebody else's goes on, and its agent with it. */
const endedWith = (machine: Machine | undefined): boolean => machine !== undefined && machine.kind !== 'standing'

/**
 * Errors that the next cycle would only repeat: what was asked for cannot be done. A disk that is not there any more, was taken
 * by somebody else, or has turned read-only is this cycle's trouble.
 */
const ENDS_LOOP: ReadonlySet<ErrorCode> = new Set([
  'BAD_OPTION',
  'BAD_SCRIPT',
  'REGION_UNALIGNED',
  'TARGET_TOO_SMALL',
  'TARGET_KIND',
  'TARGET_DENIED',
  'TARGET_CARRIES_DATA',
  'TARGET_UNCHECKED',
  'RIG_UNAVAILABLE',
])

/** What the system refused may pass too; anything else that was thrown is a fault of ours. */
const endsLoop = (error: unknown): boolean =>
  error instanceof ProbeError ? ENDS_LOOP.has(error.code) : errnoOf(error) === undefined

async function driveAndVerify(context: CycleContext, course: Course, machine: Machine): Promise<void> {
  const { client } = context.collector
  course.cut = await driveToCut(context, course, machine)
  // A machine that stands by itself goes on with a run whose cut did nothing: the next cycle cuts it again.
  if (course.cut.died || machine.kind !== 'standing') await client.recordCut(course.run, course.cut)
  if (!course.cut.died) {
    course.problem = `the cut did not kill everything it should: ${course.cut.note ?? 'something is still alive'}`
    return
  }
  const { manifest } = await client.run(course.run)
  course.told = toldOf(manifest)
  course.setup = setupOf(manifest, course.cut)
  context.signal.throwIfAborted()
  course.verdict = await verdictOf(context, course, machine, manifest.contract)
}

/** The verdict on what survived: read on this host, or by the machine itself once it is on again. */
async function verdictOf(context: CycleContext, course: Course, machine: Machine, promised: string): Promise<Verdict> {
  switch (machine.kind) {
    case 'agent':
    case 'self':
      return verifyHere(context, course, machine, { promised: machine.contract, isOurs: true })
    case 'guest':
      return context.config.verifyIn === 'guest' || !machine.hostCanVerify
        ? verifyInGuest(context, course, machine)
        : verifyHere(context, course, machine, { promised: machine.contract, isOurs: true })
    case 'standing':
      return verdictAfterRecovery(context, course, machine, (leaves) =>
        verifyHere(context, course, leaves, { promised, isOurs: false }),
      )
  }
}

function verifyHere(
  { collector, config, signal }: CycleContext,
  { run }: Course,
  { survivor: target, survivorFormat: format }: Remains,
  { promised, isOurs }: { readonly promised: string; readonly isOurs: boolean },
): Promise<Verdict> {
  return verifyRun(collector, { target, format, run, contract: config.contract ?? promised, isOurs, signal })
}

async function verifyInGuest(context: CycleContext, { run }: Course, machine: GuestMachine): Promise<Verdict> {
  const { config, collector } = context
  const order = { target: machine.target, run, contract: config.contract ?? machine.contract, isOurs: true }
  const { address, files } = guestCollector(collector, machine)
  await machine.start(['verify', ...verifyArguments(order, address)], files)
  return untilVerdict(context, run, {
    bootLimitMs: config.bootLimitMs,
    console: () => machine.console(),
    ended: () => machine.ended(),
  })
}

function resultOf(course: Course): CycleResult {
  const { cycle, run, seed, cutAfterMs, cut, told, setup, note, problem, verdict } = course
  const word = problem === undefined ? (verdict?.verdict ?? 'inconclusive') : 'inconclusive'
  return {
    cycle,
    run,
    seed,
    cutAfterMs,
    word,
    ...(cut === undefined ? {} : { cut }),
    ...(told === undefined ? {} : { told }),
    ...(setup === undefined ? {} : { setup }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(problem === undefined ? {} : { problem }),
    ...(note === undefined ? {} : { note }),
  }
}

/** `--keep`: leaves the image, the log and the verdict where `plugpull verify --log` can be tried on them again. */
async function kept(context: CycleContext, course: Course, result: CycleResult): Promise<CycleResult> {
  const { keep } = context.config
  if (keep === undefined) return result
  await saveLog(context, course).catch((error: unknown) => {
    writeFileSync(join(course.directory, 'log-missing.txt'), `${messageOf(error)}\n`)
  })
  const campaign = context.config.campaign.replaceAll(/[^\w.-]/g, '_')
  const keptIn = join(resolve(keep), `${campaign}-${basename(course.directory)}`)
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
