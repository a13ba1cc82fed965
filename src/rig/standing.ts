/**
 * A machine that stands by itself, driven through a cycle: its agent begins runs whenever it is on, perhaps the next one before
 * this loop has seen the verdict on the last. So every run is asked for by its id, and a cut is one only where the run's log ends,
 * for good: also after the machine is on again.
 *
 * What hangs is cut off without a verdict, so that the next cycle starts afresh; what cannot even be cut off is met again by
 * the next cycle, run and all.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { workloadArguments } from '../core/agent-options.ts'
import { ProbeError } from '../core/errors.ts'
import { runIdAt } from '../core/run-id.ts'
import type { Verdict } from '../core/verdict.ts'
import { monotonicMs, sleepMs } from '../io/clock.ts'
import type { Course, CycleContext } from './cycle.ts'
import { cycleSeed } from './loop-options.ts'
import {
  type Waiting,
  endOfLog,
  requireStillEnded,
  requireUnderWay,
  untilItMayBeCut,
  untilRunIsUnderWay,
  untilVerdict,
} from './progress.ts'
import type { CutRecord, Remains, StandingMachine, StandingOrder } from './rig.ts'
import { labelsOf, workloadOf } from './run-order.ts'

/** Takes the machine from wherever it is to after the cut. Throws what went wrong before it. */
export async function driveStanding(
  context: CycleContext,
  course: Course,
  machine: StandingMachine,
): Promise<CutRecord> {
  const { config, signal } = context
  await unlessAborted(signal, machine.start(orderOf(context, course.cycle, course.run, machine)))
  try {
    const waiting = waitingOf(context, machine)
    // Perhaps begun by the recovery of the cycle before this one.
    course.run = await untilRunIsUnderWay(context, waiting)
    await untilItMayBeCut(context, course.run, waiting)
    await sleepMs(course.cutAfterMs, signal)
    await requireUnderWay(context, course.run, waiting)
  } catch (error) {
    throw await afterReset(context, course, machine, error)
  }
  const record = await unlessAborted(signal, machine.cut(config.cut, []))
  if (!record.died) return record
  const bytes = await endOfLog(context, course.run)
  if (bytes !== undefined) {
    course.logBytes = bytes
    return record
  }
  const goesOn = `the log of run ${course.run} goes on after the cut`
  return { ...record, died: false, note: record.note === undefined ? goesOn : `${goesOn}; ${record.note}` }
}

/**
 * The verdict once the machine is on again: its own, or `verifyHere` on what it leaves. Throws RIG_FAILED where the run goes on, since then it
 * was not cut, whatever was judged meanwhile.
 */
export async function verdictAfterRecovery(
  context: CycleContext,
  course: Course,
  machine: StandingMachine,
  verifyHere: (leaves: Remains) => Promise<Verdict>,
): Promise<Verdict> {
  const { run, logBytes } = course
  assert(logBytes !== undefined, 'the end of a log is known before its run is judged')
  await recover(context, course, machine)
  const recoveredAtMs = monotonicMs()
  // What this host is to judge must have come to rest before; a machine that judges by itself has to boot first.
  if (machine.leaves !== undefined) await requireStillEnded(context, run, logBytes, recoveredAtMs)
  const verdict = await (machine.leaves === undefined
    ? verdictFromMachine(context, course, machine)
    : verifyHere(machine.leaves))
  await requireStillEnded(context, run, logBytes, recoveredAtMs)
  return verdict
}

/** Switches the machine on again; its agent may then begin the run of the next cycle. */
function recover(context: CycleContext, course: Course, machine: StandingMachine): Promise<void> {
  const run = runIdAt(Date.now(), randomBytes(4).readUInt32LE())
  return unlessAborted(context.signal, machine.recover(orderOf(context, course.cycle + 1, run, machine)))
}

/** The verdict that the machine gives by itself. Throws TIMED_OUT, and RIG_FAILED where it judged by another contract than was asked for. */
async function verdictFromMachine(context: CycleContext, course: Course, machine: StandingMachine): Promise<Verdict> {
  const { contract } = context.config
  const verdict = await untilVerdict(context, course.run, waitingOf(context, machine))
  if (contract === undefined || verdict.contract === contract) return verdict
  throw new ProbeError(
    'RIG_FAILED',
    `the machine judged run ${course.run} by the contract ${verdict.contract}, not by ${contract}; give its agent --contract ${contract} too`,
  )
}

const waitingOf = ({ config }: CycleContext, machine: StandingMachine): Waiting => ({
  bootLimitMs: config.bootLimitMs,
  console: () => machine.console(),
})

function orderOf(
  { collector, config }: CycleContext,
  cycle: number,
  run: string,
  machine: StandingMachine,
): StandingOrder {
  return {
    collectorUrl: collector.url,
    access: collector.access,
    campaign: config.campaign,
    cycle,
    run,
    workload: workloadArguments(workloadOf(config, cycleSeed(config.seed, cycle))),
    labels: labelsOf(config, machine),
  }
}

/** The error, after the power of a machine that does not get on was cut. An error of anybody else's leaves it alone. */
async function afterReset(
  context: CycleContext,
  course: Course,
  machine: StandingMachine,
  error: unknown,
): Promise<unknown> {
  const isMachines = error instanceof ProbeError && (error.code === 'TIMED_OUT' || error.code === 'RIG_FAILED')
  if (context.signal.aborted || !isMachines) return error
  const cut = await unlessAborted(context.signal, machine.cut(context.config.cut, []))
  if (cut.died) await recordedWhereOpen(context, course, cut)
  const then = cut.died
    ? 'its power was cut, so that the next cycle starts afresh'
    : (cut.note ?? 'it cannot be cut off')
  return new ProbeError(error.code, `${error.message}; ${then}`, { cause: error })
}

/** A run that was under way when it hung was cut too, and may be verified: how is a part of its evidence. */
async function recordedWhereOpen(
  { collector: { client } }: CycleContext,
  course: Course,
  cut: CutRecord,
): Promise<void> {
  try {
    const view = await client.run(course.run)
    if (view.cut === undefined && view.verdict === undefined) await client.recordCut(course.run, cut)
  } catch (error) {
    // No run had begun, or the collector is away: what went wrong first is what has to be told.
    if (!(error instanceof ProbeError)) throw error
  }
}

/** The work's outcome, or the signal's reason where that comes first. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const done = new AbortController()
  try {
    return await Promise.race([work, abortion(signal, done.signal)])
  } finally {
    done.abort()
  }
}

/** Rejects with the signal's reason; with anything once `done` is aborted. */
async function abortion(signal: AbortSignal, done: AbortSignal): Promise<never> {
  await once(signal, 'abort', { signal: done })
  throw signal.reason
}
