/** Taking the power away: signals to many processes in one go, and watching that they are gone. */
import { ProbeError, errnoOf } from '../core/errors.ts'
import { monotonicMs, sleepMs } from '../io/clock.ts'
import { readKernelFile } from '../io/target.ts'
import type { CutKind, CutRecord, Victim } from './rig.ts'

const GONE_LIMIT_MS = 10_000
const POLL_MS = 2

/** Field `num_threads` of /proc/PID/stat, counted from the state. */
const THREADS_FIELD = 17

/**
 * Whether the process is gone; a zombie holds no file and counts as gone. Not so one whose first thread alone has ended: until the
 * last one has, I/O can complete and the image is locked.
 */
export function isGone(pid: number): boolean {
  const stat = readKernelFile(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const [state] = fields
  return state === undefined || state === 'X' || (state === 'Z' && Number(fields[THREADS_FIELD]) <= 1)
}

/** Sends a signal (0 only asks whether one may); nothing happens where the process is gone already. Throws RIG_UNAVAILABLE where it is not ours to end. */
export function signalTo(pid: number, signal: NodeJS.Signals | 0): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EPERM')
      throw new ProbeError(
        'RIG_UNAVAILABLE',
        `this user may not kill process ${pid}; run as root, or as the user that QEMU runs as`,
        { cause: error },
      )
    if (errno !== 'ESRCH') throw error
  }
}

/** Throws RIG_UNAVAILABLE where one of them is not ours to end: before the first dies, so that nothing is done by halves. */
export function requireRightToKill(doomed: readonly Pick<Victim, 'pid'>[]): void {
  for (const { pid } of doomed) signalTo(pid, 0)
}

/** Waits until all are gone; returns those that are not when the limit is reached. */
export async function untilGone(victims: readonly Victim[], limitMs = GONE_LIMIT_MS): Promise<readonly Victim[]> {
  const until = monotonicMs() + limitMs
  for (;;) {
    const alive = victims.filter(({ pid }) => !isGone(pid))
    if (alive.length === 0 || monotonicMs() >= until) return alive
    await sleepMs(POLL_MS)
  }
}

/** SIGKILL to all, in the order given and with nothing in between; then the record of it. The first is the cut's target. */
export async function killInOneGo(
  kind: CutKind,
  doomed: readonly [Victim, ...Victim[]],
  note: string,
): Promise<CutRecord> {
  requireRightToKill(doomed)
  const at = new Date().toISOString()
  for (const { pid } of doomed) signalTo(pid, 'SIGKILL')
  return cutRecord({
    kind,
    at,
    signal: 'SIGKILL',
    doomed,
    alive: await untilGone(doomed),
    note,
    limitMs: GONE_LIMIT_MS,
  })
}

/**
 * SIGTERM to the first, which may tidy up; SIGKILL to the rest once it is gone. The rest is killed even where the first
 * stays, and then the record says that it did not die.
 */
export async function terminateThenKill(
  kind: CutKind,
  doomed: readonly [Victim, ...Victim[]],
  note: string,
  limitMs = GONE_LIMIT_MS,
): Promise<CutRecord> {
  const [target, ...others] = doomed
  requireRightToKill(doomed)
  const at = new Date().toISOString()
  signalTo(target.pid, 'SIGTERM')
  const stubborn = await untilGone([target], limitMs)
  for (const { pid } of others) signalTo(pid, 'SIGKILL')
  const alive = [...stubborn, ...(await untilGone(others))]
  return cutRecord({ kind, at, signal: 'SIGTERM', doomed, alive, note, limitMs })
}

interface Outcome {
  readonly kind: CutKind
  readonly at: string
  readonly signal: string
  readonly doomed: readonly [Victim, ...Victim[]]
  readonly alive: readonly Victim[]
  readonly note: string
  readonly limitMs: number
}

function cutRecord({ kind, at, signal, doomed: [target, ...others], alive, note, limitMs }: Outcome): CutRecord {
  const left = alive.map(({ what, pid }) => `${what} (pid ${pid})`).join(', ')
  return {
    kind,
    at,
    signal,
    target,
    alsoDied: others.filter((victim) => !alive.includes(victim)).map(({ what }) => what),
    died: alive.length === 0,
    note: alive.length === 0 ? note : `${left} did not end within ${limitMs / 1000} s of its signal; ${note}`,
  }
}
