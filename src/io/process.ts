/**
 * Other programs: found, started, watched, ended. Every process started here is killed when this one ends; one that
 * belongs to a scratch folder is marked so that the next start kills what a SIGKILL of this process left behind.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import { sleepMs } from './clock.ts'
import { atExit } from './interrupt.ts'

/** How a process ended; exactly one of the two is set, except that `code` is -1 where it could not be started. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Environment variable that marks a process as belonging to a scratch folder: it must not outlive it (io/scratch). */
export const SCRATCH_VARIABLE = 'PLUGPULL_SCRATCH'

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The scratch folder that it belongs to. */
  readonly scratch?: { readonly path: string }
  /** Keep standard output as a pipe (`child.stdout`) for the caller to read; else it is discarded. */
  readonly pipeOutput?: boolean
  /** Keep standard input as a pipe (`child.stdin`) for the caller to write; it closes when this process ends in any way. */
  readonly pipeInput?: boolean
  /** Called with each whole line of standard error. */
  readonly onErrorLine?: (line: string) => void
}

export interface ManagedProcess {
  readonly command: string
  readonly pid: number
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  readonly running: boolean
  /** The last few kilobytes of standard error, for messages. */
  errorTail(): string
  /** Sends a signal; false where the process is gone. */
  kill(signal: NodeJS.Signals): boolean
  /** SIGTERM, then SIGKILL after the limit; resolves when it is gone. */
  stop(limitMs?: number): Promise<Exit>
}

export interface ToolResult extends Exit {
  readonly stdout: string
  readonly stderr: string
}

const ERROR_TAIL_BYTES = 4096
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024
/** Administration programs live in these, which the PATH of an ordinary user leaves out. */
const EXTRA_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Absolute path of a program on PATH or in the sbin folders, or `undefined`. */
export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...EXTRA_FOLDERS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}

function programPath(command: string): string {
  const path = findProgram(command)
  if (path === undefined)
    throw new ProbeError('RIG_UNAVAILABLE', `the program ${command} is not installed or not on PATH`)
  return path
}

/** Standard error as a bounded tail and, where asked for, line by line. */
class ErrorOutput {
  #tail = ''
  #partial = ''
  readonly #onLine: ((line: string) => void) | undefined

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine
  }

  take(chunk: string): void {
    this.#tail = (this.#tail + chunk).slice(-ERROR_TAIL_BYTES)
    if (this.#onLine === undefined) return
    const lines = (this.#partial + chunk).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) this.#onLine(line)
  }

  end(): void {
    if (this.#partial !== '') this.#onLine?.(this.#partial)
    this.#partial = ''
  }

  get tail(): string {
    return this.#tail.trim()
  }
}

class RunningProcess implements ManagedProcess {
  readonly command: string
  readonly pid: number
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  readonly #errors: ErrorOutput
  #exit: Exit | undefined

  constructor(command: string, child: ChildProcess, pid: number, errors: ErrorOutput, onGone: () => void) {
    this.command = command
    this.child = child
    this.pid = pid
    this.#errors = errors
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => errors.take(chunk))
    this.exited = new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#exit ??= { code, signal }
        onGone()
      }
      child.once('exit', ended)
      // "close" follows "exit" once standard error has been read to its end, so that the tail is whole.
      child.once('close', (code, signal) => {
        ended(code, signal)
        errors.end()
        resolve(this.#exit ?? { code, signal })
      })
    })
  }

  get running(): boolean {
    return this.#exit === undefined
  }

  errorTail(): string {
    return this.#errors.tail
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.running && this.child.kill(signal)
  }

  async stop(limitMs = 5000): Promise<Exit> {
    this.kill('SIGTERM')
    const exit = await within(this.exited, limitMs)
    if (exit !== undefined) return exit
    this.kill('SIGKILL')
    return this.exited
  }
}

/** What the promise resolves to, or `undefined` after the limit. */
export async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  const done = new AbortController()
  try {
    return await Promise.race([promise, sleepMs(limitMs, done.signal).then(() => undefined)])
  } finally {
    done.abort()
  }
}

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches only us and we decide how it ends.
 * Throws RIG_UNAVAILABLE where it is not installed, RIG_FAILED where it cannot be started.
 */
export function startProcess(command: string, args: readonly string[], options: StartOptions = {}): ManagedProcess {
  const path = programPath(command)
  const mark = options.scratch === undefined ? {} : { [SCRATCH_VARIABLE]: options.scratch.path }
  const child = spawn(path, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, ...mark },
    stdio: [options.pipeInput === true ? 'pipe' : 'ignore', options.pipeOutput === true ? 'pipe' : 'ignore', 'pipe'],
    detached: true,
  })
  const { pid } = child
  if (pid === undefined) {
    child.once('error', () => undefined)
    throw new ProbeError('RIG_FAILED', `${path} could not be started`)
  }
  const disarm = atExit(() => void child.kill('SIGKILL'))
  return new RunningProcess(command, child, pid, new ErrorOutput(options.onErrorLine), disarm)
}

export interface ToolOptions {
  readonly limitMs?: number
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Statuses that are not failures; default 0 only. */
  readonly accept?: readonly number[]
  readonly signal?: AbortSignal
}

const TOOL_LIMIT_MS = 60_000

function checkTool(
  command: string,
  args: readonly string[],
  result: ToolResult,
  options: ToolOptions,
  timedOut: boolean,
): ToolResult {
  const shown = [command, ...args].join(' ')
  if (timedOut) throw new ProbeError('TIMED_OUT', `${shown} did not end within ${options.limitMs ?? TOOL_LIMIT_MS} ms`)
  if (result.code !== null && (options.accept ?? [0]).includes(result.code)) return result
  const how = result.signal === null ? `status ${result.code}` : result.signal
  throw new ProbeError(
    'RIG_FAILED',
    `${shown} failed (${how}): ${result.stderr.trim().slice(-ERROR_TAIL_BYTES) || 'no message'}`,
  )
}

/** Runs a program to its end. Throws RIG_UNAVAILABLE, TIMED_OUT, or RIG_FAILED with what it said. */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  options.signal?.throwIfAborted()
  const path = programPath(command)
  const child = spawn(path, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    stdio: 'pipe',
    detached: true,
  })
  const disarm = atExit(() => void child.kill('SIGKILL'))
  const abort = (): void => void child.kill('SIGKILL')
  options.signal?.addEventListener('abort', abort, { once: true })
  let timedOut = false
  const limit = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
  }, options.limitMs ?? TOOL_LIMIT_MS)
  try {
    const result = await collect(child, options.input)
    options.signal?.throwIfAborted()
    return checkTool(command, args, result, options, timedOut)
  } finally {
    clearTimeout(limit)
    options.signal?.removeEventListener('abort', abort)
    disarm()
  }
}

function collect(child: ChildProcess, input: string | undefined): Promise<ToolResult> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    if (stdout.length < OUTPUT_BYTES_MAX) stdout += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-OUTPUT_BYTES_MAX)
  })
  // A program that ends without reading its input breaks the pipe; its status says the rest.
  child.stdin?.on('error', () => undefined).end(input ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new ProbeError('RIG_FAILED', `cannot start ${child.spawnfile}: ${messageOf(error)}`, { cause: error })),
    )
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** The same, blocking: for short looks before anything is under way, and on the way out. */
export function runToolSync(
  command: string,
  args: readonly string[],
  options: Omit<ToolOptions, 'signal'> = {},
): ToolResult {
  const done = spawnSync(programPath(command), args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    encoding: 'utf8',
    input: options.input ?? '',
    timeout: options.limitMs ?? TOOL_LIMIT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  const timedOut = errnoOf(done.error) === 'ETIMEDOUT'
  if (done.error !== undefined && !timedOut)
    throw new ProbeError('RIG_FAILED', `cannot run ${command}: ${messageOf(done.error)}`, { cause: done.error })
  return checkTool(
    command,
    args,
    { code: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr },
    options,
    timedOut,
  )
}
