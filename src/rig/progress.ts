/**
 * What the collector tells of a run that is under way: when it may be cut, which one a machine has begun by itself, and the verdict
 * that a machine gives by itself. Every wait has a limit, and says at its end what it waited for and what the console said last.
 */
import type { RunProgress, RunView } from '../core/campaign/campaign.ts'
import { ProbeError } from '../core/errors.ts'
import { monotonicMs, sleepMs } from '../io/clock.ts'
import type { CollectorClient } from '../io/collector-client.ts'
import type { CycleContext } from './cycle.ts'
import type { LoopConfig } from './loop-options.ts'

const POLL_MS = 15
/** No sign of progress for so long before the cut: the cycle is given up. */
const STALL_LIMIT_MS = 60_000
/** An agent that lives says something every 100 ms (docs/MODEL.md); a busy collector may take its time to keep it. */
const SILENCE_MS = 1500
/** What was on its way at the cut may still come in for so long, before silence must begin. */
const LAST_BYTES_MS = 4000

/** What a look at a run needs of the cycle. */
export interface Watching {
  readonly collector: Pick<CycleContext['collector'], 'client'>
  readonly signal: AbortSignal
}

/** What a wait for something inside a machine needs. */
export interface Waiting {
  /** For the first sign of life of an agent that has to boot first. */
  readonly bootLimitMs: number
  /** The machine's last words. */
  readonly console: () => string
  /** How the machine ended, where that is seen from here. */
  readonly ended?: () => string | undefined
}

/**
 * Resolves once the moment of the cut may be counted: the agent writes and its first flush has completed, since before that
 * nothing is stable and a cut has nothing to show; or, for a workload with an end, it has written everything and holds.
 * Throws TIMED_OUT where it does not get on.
 */
export async function untilItMayBeCut(context: CycleContext, run: string, waiting?: Waiting): Promise<void> {
  let seen: string | undefined
  let since = monotonicMs()
  for (;;) {
    context.signal.throwIfAborted()
    const progress = await progressOf(context.collector.client, run)
    if (progress !== undefined && mayBeCut(context.config, progress)) return
    if (waiting !== undefined) refuseEnded(run, progress, waiting)
    const now = JSON.stringify(progress)
    if (now !== seen) {
      seen = now
      since = monotonicMs()
    }
    const limitMs = progress === undefined ? (waiting?.bootLimitMs ?? STALL_LIMIT_MS) : STALL_LIMIT_MS
    if (monotonicMs() - since > limitMs) throw notGettingOn(progress, limitMs, waiting)
    await sleepMs(POLL_MS, context.signal)
  }
}

function notGettingOn(progress: RunProgress | undefined, limitMs: number, waiting: Waiting | undefined): ProbeError {
  const state = progress === undefined ? 'it has told nothing yet' : `its state is ${progress.state}`
  return new ProbeError(
    'TIMED_OUT',
    `the agent did not get on for ${limitMs / 1000} s; ${state}${lastWords(waiting?.console())}`,
  )
}

/** Throws RIG_FAILED where an agent inside a machine is known to have ended: nobody here sees its process. */
function refuseEnded(run: string, progress: RunProgress | undefined, { console }: Waiting): void {
  const state = progress?.state
  if (state !== 'failed' && state !== 'done') return
  throw new ProbeError(
    'RIG_FAILED',
    `the agent of run ${run} ended before the cut; its last state is ${state}${lastWords(console())}`,
  )
}

/**
 * Makes sure that the cut will be the run's own: a machine that begins runs by itself may have ended this one, and even judged
 * it, by starting again. Throws RIG_FAILED.
 */
export async function requireUnderWay(context: Watching, run: string, waiting: Waiting): Promise<void> {
  const view = await context.collector.client.run(run)
  refuseEnded(run, view.progress, waiting)
  if (view.verdict === undefined) return
  throw new ProbeError(
    'RIG_FAILED',
    `run ${run} was verified before the cut: the machine has started again by itself${lastWords(waiting.console())}`,
  )
}

/**
 * The size of the log of a run that was cut, once it has come to its end; `undefined` where it goes on. Waits for silence, or for
 * something to come too late.
 */
export async function endOfLog(context: Watching, run: string): Promise<number | undefined> {
  const { client } = context.collector
  const cutAt = monotonicMs()
  let bytes = await client.logSize(run)
  for (let changedAt = cutAt; monotonicMs() - changedAt < SILENCE_MS;) {
    await sleepMs(POLL_MS, context.signal)
    const now = await client.logSize(run)
    if (now === bytes) continue
    bytes = now
    changedAt = monotonicMs()
    if (changedAt - cutAt > LAST_BYTES_MS) return undefined
  }
  return bytes
}

/**
 * Makes sure that a run which was silent after its cut is so for good: a machine that was only suspended goes on with it once it
 * is on again, and nothing was cut. Throws RIG_FAILED. What lives is heard within the silence that was waited for at the cut.
 */
export async function requireStillEnded(
  context: Watching,
  run: string,
  bytes: number,
  recoveredAtMs: number,
): Promise<void> {
  const { client } = context.collector
  for (;;) {
    const now = await client.logSize(run)
    if (now !== bytes)
      throw new ProbeError(
        'RIG_FAILED',
        `run ${run} went on after its cut: its log grew from ${bytes} to ${now} bytes once the machine was on again, so it was suspended, not cut; no verdict on it counts`,
      )
    if (monotonicMs() - recoveredAtMs >= SILENCE_MS) return
    await sleepMs(POLL_MS, context.signal)
  }
}

/** For the end of a message: nothing where nothing was said. */
export const lastWords = (console: string | undefined): string =>
  console === undefined ? '' : console === '' ? '; its console said nothing' : `; its console said last: ${console}`

function mayBeCut({ ends, workload }: LoopConfig, { state, flushes }: RunProgress): boolean {
  if (state === 'holding') return true
  return !ends && state === 'writing' && (flushes > 0 || workload['flushNever'] === true)
}

/** Progress together with the bytes that the collector holds, so that either counts as a sign of life. */
async function progressOf(
  client: CollectorClient,
  run: string,
): Promise<(RunProgress & { readonly bytes: number }) | undefined> {
  const view = await viewOf(client, run)
  return view?.progress === undefined ? undefined : { ...view.progress, bytes: view.bytes }
}

async function viewOf(client: CollectorClient, run: string): Promise<RunView | undefined> {
  try {
    return await client.run(run)
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'RUN_UNKNOWN') return undefined
    throw error
  }
}

/**
 * The run that a machine has begun by itself: the newest of the campaign that was neither cut nor judged, once it is seen to get
 * on. One that stands still may be anybody's, from yesterday. Throws TIMED_OUT.
 */
export async function untilRunIsUnderWay(context: CycleContext, waiting: Waiting): Promise<string> {
  const until = monotonicMs() + waiting.bootLimitMs
  let last: { readonly run: string; readonly sign: string } | undefined
  for (;;) {
    context.signal.throwIfAborted()
    const { runs } = await context.collector.client.runs({ campaign: context.config.campaign, limit: 1 })
    const [newest] = runs
    if (newest !== undefined && newest.cut === undefined && newest.verdict === undefined) {
      const sign = JSON.stringify([newest.bytes, newest.progress])
      const isHolding = newest.progress?.state === 'holding'
      if (last?.run === newest.run && (isHolding || last.sign !== sign)) return newest.run
      last = { run: newest.run, sign }
    }
    if (monotonicMs() > until) {
      const seen = newest === undefined ? 'the campaign has no run' : `its newest run is ${newest.run}`
      throw new ProbeError(
        'TIMED_OUT',
        `no agent began a run of campaign ${context.config.campaign} within ${waiting.bootLimitMs / 1000} s; ${seen}${lastWords(waiting.console())}`,
      )
    }
    await sleepMs(POLL_MS, context.signal)
  }
}

/** The verdict that a machine publishes by itself. Throws TIMED_OUT, and RIG_FAILED where the machine ended without one. */
export async function untilVerdict(
  context: Watching,
  run: string,
  waiting: Waiting,
): Promise<NonNullable<RunView['verdict']>> {
  const until = monotonicMs() + waiting.bootLimitMs
  for (;;) {
    context.signal.throwIfAborted()
    // Looked at first: what a machine published before its end is there by now.
    const ended = waiting.ended?.()
    const { verdict } = await context.collector.client.run(run)
    if (verdict !== undefined) return verdict
    if (ended !== undefined)
      throw new ProbeError(
        'RIG_FAILED',
        `${ended}, switched on again, without a verdict on run ${run}${lastWords(waiting.console())}`,
      )
    if (monotonicMs() > until)
      throw new ProbeError(
        'TIMED_OUT',
        `no verdict on run ${run} came within ${waiting.bootLimitMs / 1000} s of switching on again${lastWords(waiting.console())}`,
      )
    await sleepMs(POLL_MS, context.signal)
  }
}
