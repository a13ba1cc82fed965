/**
 * How the program ends: Ctrl-C, SIGTERM and SIGHUP, and what has to be undone on every way out.
 *
 * A command that can stop in good order asks for `onInterrupt()`: the first signal aborts it, the second ends the
 * program at once. Without such a command the first signal ends it. In every case the functions given to `atExit` run,
 * the newest first. They are synchronous, because the process is on its way out. Nothing here survives SIGKILL:
 * scratch.ts cleans up after that at the next start.
 */
import { EXIT, ProbeError } from '../core/errors.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type EndSignal = (typeof SIGNALS)[number]

export interface Interrupt {
  /** Aborted at the first signal; its reason is a ProbeError INTERRUPTED. */
  readonly signal: AbortSignal
  /** Back to ending at once; MUST be called when the command is done. */
  dispose(): void
}

const hooks: (() => void)[] = []
const scopes = new Set<AbortController>()
const reloads = new Set<() => void>()
let listening = false
let leaving = false

function runHooks(): void {
  leaving = true
  for (let hook = hooks.pop(); hook !== undefined; hook = hooks.pop()) {
    try {
      hook()
    } catch {
      // One failed clean-up must not keep the others from running; the next start cleans what is left.
    }
  }
}

function onSignal(name: EndSignal): void {
  if (name === 'SIGHUP' && reloads.size > 0) {
    for (const reload of reloads) reload()
    return
  }
  const waiting = [...scopes].filter((scope) => !scope.signal.aborted)
  if (waiting.length === 0) {
    process.exit(EXIT.interrupted)
  }
  for (const scope of waiting) scope.abort(new ProbeError('INTERRUPTED', `stopped by ${name}`))
}

function listen(): void {
  if (listening) return
  listening = true
  for (const name of SIGNALS) process.on(name, onSignal)
  process.once('exit', runHooks)
}

/** Runs `hook` when the process ends by itself or by a signal it can handle. Returns what takes the hook back. */
export function atExit(hook: () => void): () => void {
  listen()
  hooks.push(hook)
  return () => {
    const at = hooks.indexOf(hook)
    if (at >= 0) hooks.splice(at, 1)
  }
}

/** From here to the call of what is returned, SIGHUP means this instead of the end, as it does for a service. */
export function onHangup(reload: () => void): () => void {
  listen()
  reloads.add(reload)
  return () => void reloads.delete(reload)
}

/** True once the exit hooks run: nothing new should be started. */
export const isLeaving = (): boolean => leaving

/** From here to `dispose()` the first signal aborts instead of ending the program. */
export function onInterrupt(): Interrupt {
  listen()
  const controller = new AbortController()
  scopes.add(controller)
  return {
    signal: controller.signal,
    dispose: () => {
      scopes.delete(controller)
    },
  }
}

/** Runs `work` with an abort signal for Ctrl-C and SIGTERM. */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = onInterrupt()
  try {
    return await work(interrupt.signal)
  } finally {
    interrupt.dispose()
  }
}
