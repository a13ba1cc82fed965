/**
 * A command of the user's, run by /bin/sh: its output in a file, its end awaited, a limit to it. What it leaves running in the
 * background, a machine perhaps, is the user's: it goes on with that file for its output, and nothing here ends it. For the
 * same reason it does not carry the mark of a scratch folder (io/process), by which all that a loop leaves behind is killed.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { errnoOf } from '../core/errors.ts'
import { atExit } from '../io/interrupt.ts'
import { findProgram, startProcess, within } from '../io/process.ts'
import { signalTo } from './power.ts'

const TAIL_BYTES = 4096
const TAIL_LINES = 8
/** Beyond the limit, for a command whose loop was killed and cannot end it any more. */
const GRACE_S = 5

export interface ShellOrder {
  readonly command: string
  readonly environment: Readonly<Record<string, string>>
  /** File to append standard output and standard error to. */
  readonly output: string
  readonly limitMs: number
}

export interface ShellCommand {
  /** How it ended, or `late` where it had to be killed at the limit. Never rejects. */
  readonly ended: Promise<ShellEnd>
  /** Kills it with all that it started, unless it has ended. */
  kill(): void
}

export type ShellEnd =
  | { readonly kind: 'ended'; readonly status: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: 'late' }

/** Starts it in a process group of its own. Throws RIG_UNAVAILABLE or RIG_FAILED where there is no shell to run it. */
export function startShell({ command, environment, output, limitMs }: ShellOrder): ShellCommand {
  // A pipe would stay open for as long as the machine in the background runs.
  const shell = ['-c', 'exec /bin/sh -c "$1" >>"$2" 2>&1', 'plugpull', command, output]
  const limiter = findProgram('timeout')
  const [program, args] =
    limiter === undefined
      ? ['/bin/sh', shell]
      : [limiter, ['-s', 'KILL', String(Math.ceil(limitMs / 1000) + GRACE_S), '/bin/sh', ...shell]]
  const child = startProcess(program, args, { env: environment })
  const kill = (): void => {
    if (child.running) signalTo(-child.pid, 'SIGKILL')
  }
  const disarm = atExit(kill)
  const end = async (): Promise<ShellEnd> => {
    const exit = await within(child.exited, limitMs)
    if (exit === undefined) {
      kill()
      await child.exited
    }
    disarm()
    return exit === undefined ? { kind: 'late' } : { kind: 'ended', status: exit.code, signal: exit.signal }
  }
  return { ended: end(), kill }
}

/** The last lines of a file, joined; empty where it is not there. */
export function lastLinesOf(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const tail = Buffer.alloc(Math.min(size, TAIL_BYTES))
      const got = readSync(file, tail, 0, tail.length, size - tail.length)
      return tail.toString('utf8', 0, got).trim().split('\n').slice(-TAIL_LINES).join(' | ')
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return ''
  }
}

/** As a shell takes it for one word. */
export const shellQuoted = (text: string): string =>
  /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
