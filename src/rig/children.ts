/**
 * The other parts of the program, run as a user runs them: `plugpull collector`, `agent` and `verify` as processes of
 * their own. How each ended, and what it said last, becomes an error that names it.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { EXIT, ProbeError, errnoOf } from '../core/errors.ts'
import { VERDICT_SCHEMA, type Verdict } from '../core/verdict.ts'
import { monotonicMs, sleepMs } from '../io/clock.ts'
import { type CollectorAccess, accessArguments, collectorClient } from '../io/collector-access.ts'
import type { CollectorClient } from '../io/collector-client.ts'
import { type Exit, type ManagedProcess, runTool, startProcess } from '../io/process.ts'
import type { Scratch } from '../io/scratch.ts'
import { errorSaid } from '../io/self.ts'

const COLLECTOR_START_LIMIT_MS = 30_000
const VERIFY_LIMIT_MS = 3_600_000
const POLL_MS = 10
const LAST_LINES = 4

/** How this very program is started again. */
export interface Program {
  /** The file that Node was given: the CLI's entry. */
  readonly entry: string
  /** The same for `agent` and `verify`, two of which start in each cycle. */
  readonly guestEntry: string
}

/** The CLI beside this file; where all is bundled into one file, that file. */
export function thisProgram(): Program {
  const beside = fileURLToPath(new URL('../cli.js', import.meta.url))
  const [, entry] = process.argv
  if (existsSync(beside)) return { entry: beside, guestEntry: bundleAsNewAs(beside) ?? beside }
  if (entry === undefined) throw new ProbeError('INTERNAL', 'the entry of the program is not known')
  return { entry, guestEntry: entry }
}

/**
 * The bundle for guests starts in half the time of a hundred modules. In a checkout, one from before the last build is another
 * program; an installed package was built whole, and the times of its files are those of their unpacking.
 */
function bundleAsNewAs(entry: string): string | undefined {
  const bundle = fileURLToPath(new URL('../../guest/plugpull.cjs', import.meta.url))
  const made = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs
  if (made === undefined) return undefined
  const isCheckout = existsSync(new URL('../../../scripts/bundle.mjs', import.meta.url))
  return !isCheckout || made >= statSync(entry).mtimeMs ? bundle : undefined
}

/** A collector that answers. */
export interface Collector {
  readonly program: Program
  readonly scratch: Scratch
  readonly client: CollectorClient
  readonly url: string
  /** What the processes that talk to it are given to do so. */
  readonly access: CollectorAccess
  /** Resolves with what went wrong where it is ours and ends before `stop`. */
  readonly ended: Promise<ProbeError>
  /** Ends it where it is ours. */
  stop(): Promise<void>
}

/** A collector of somebody else's; throws COLLECTOR_UNREACHABLE where it does not answer, COLLECTOR_REFUSED where it would not take what a loop sends. */
export async function useCollector(
  program: Program,
  scratch: Scratch,
  url: string,
  access: CollectorAccess = {},
): Promise<Collector> {
  const client = collectorClient(url, access)
  try {
    const { role } = await client.session()
    if (role !== 'orchestrator' && role !== 'admin') throw lesserRole(url, role)
  } catch (error) {
    await client.close()
    throw error
  }
  const stop = (): Promise<void> => client.close()
  const ended = new Promise<never>(() => undefined)
  return { program, scratch, client, url: client.url, access, ended, stop }
}

const lesserRole = (url: string, role: string): ProbeError =>
  new ProbeError(
    'COLLECTOR_REFUSED',
    `the token for the collector at ${url} is of role ${role}; a loop makes runs, tells of cuts and has them verified: give --token-file one of role orchestrator`,
  )

/**
 * Starts a collector on that port of the loopback, or on a free one. Throws RIG_FAILED with its last words where it does not come up.
 * A store that has tokens makes it ask for one; it is then started with one of ours.
 */
export async function startCollector(program: Program, scratch: Scratch, store: string, port = 0): Promise<Collector> {
  const collector = await collectorProcess(program, scratch, { store, port }, {})
  try {
    await collector.client.session()
    return collector
  } catch (error) {
    await collector.stop()
    if (!(error instanceof ProbeError && error.code === 'COLLECTOR_REFUSED')) throw error
  }
  const tokenFile = scratch.file('collector.token')
  writeFileSync(tokenFile, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  return collectorProcess(program, scratch, { store, port }, { tokenFile })
}

async function collectorProcess(
  program: Program,
  scratch: Scratch,
  { store, port }: { readonly store: string; readonly port: number },
  access: CollectorAccess,
): Promise<Collector> {
  const portFile = scratch.file('collector.port')
  rmSync(portFile, { force: true })
  const args = ['collector', '--listen', `127.0.0.1:${port}`, '--store', store, '--port-file', portFile]
  const child = startProcess(process.execPath, [program.entry, ...args, ...accessArguments(access)], { scratch })
  const bound = await portFrom(portFile, child)
  const client = collectorClient(`http://127.0.0.1:${bound}`, access)
  return {
    program,
    scratch,
    client,
    url: client.url,
    access,
    ended: child.exited.then((exit) => failureOf('the collector', exit, child.errorTail())),
    stop: async () => {
      await client.close()
      await child.stop()
    },
  }
}

/** The port file is written once the collector answers. */
async function portFrom(path: string, child: ManagedProcess): Promise<number> {
  const until = monotonicMs() + COLLECTOR_START_LIMIT_MS
  for (;;) {
    const port = Number.parseInt(readIfThere(path), 10)
    if (port > 0) return port
    if (!child.running) throw failureOf('the collector', await child.exited, child.errorTail())
    if (monotonicMs() > until) {
      await child.stop()
      throw new ProbeError(
        'TIMED_OUT',
        `the collector did not come up within ${COLLECTOR_START_LIMIT_MS / 1000} s: ${lastLines(child.errorTail())}`,
      )
    }
    await sleepMs(POLL_MS)
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    return ''
  }
}

export interface AgentOrder {
  readonly target: string
  readonly run: string
  readonly campaign: string
  readonly labels: Readonly<Record<string, string>>
  /** Workload options as arguments. */
  readonly workload: readonly string[]
}

export interface AgentProcess {
  readonly pid: number
  /** Resolves with what went wrong where it ends; before the cut, any end is wrong. */
  readonly ended: Promise<ProbeError>
  /** Makes sure that it is gone. */
  stop(): Promise<void>
}

/** Where a process finds the collector. */
export type CollectorAddress = Pick<Collector, 'url' | 'access'>

/** Arguments of `plugpull agent` for a run that is held until its power is cut. */
export const agentArguments = (order: AgentOrder, collector: CollectorAddress): readonly string[] => [
  '--target',
  order.target,
  ...collectorArguments(collector),
  '--run-id',
  order.run,
  '--campaign',
  order.campaign,
  '--hold',
  ...Object.entries(order.labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
  ...order.workload,
]

/** Starts an agent that writes until its power is cut. */
export function startAgent(collector: Collector, order: AgentOrder): AgentProcess {
  const child = startProcess(
    process.execPath,
    [collector.program.guestEntry, 'agent', ...agentArguments(order, collector)],
    {
      scratch: collector.scratch,
    },
  )
  return {
    pid: child.pid,
    ended: child.exited.then((exit) => failureOf('the agent', exit, child.errorTail())),
    stop: async () => {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

export interface VerifyOrder {
  readonly target: string
  readonly run: string
  readonly contract: string
  /** Made here for this very run: one that lost everything is then a verdict, not a mistake. Anybody else's may be a stranger. */
  readonly isOurs: boolean
}

/** A verification on this host. */
export interface VerifyHereOrder extends VerifyOrder {
  readonly format: 'raw' | 'qcow2'
  readonly signal: AbortSignal
}

/** Arguments of `plugpull verify` for a run of the collector's, which gets the verdict too. */
export const verifyArguments = (
  { target, run, contract, isOurs }: VerifyOrder,
  collector: CollectorAddress,
): readonly string[] => [
  '--target',
  target,
  '--run',
  run,
  ...collectorArguments(collector),
  '--contract',
  contract,
  ...(isOurs ? ['--same-target'] : []),
]

/** Verifies a run on this host. */
export async function verifyRun(collector: Collector, order: VerifyHereOrder): Promise<Verdict> {
  const { code, signal, stdout, stderr } = await runTool(
    process.execPath,
    [
      collector.program.guestEntry,
      'verify',
      ...verifyArguments(order, collector),
      '--target-format',
      order.format,
      '--json',
    ],
    { signal: order.signal, limitMs: VERIFY_LIMIT_MS, accept: Array.from({ length: 256 }, (_, status) => status) },
  )
  if (code !== EXIT.held && code !== EXIT.violation && code !== EXIT.inconclusive)
    throw failureOf('the verifier', { code, signal }, stderr)
  return parseVerdict(stdout)
}

function parseVerdict(text: string): Verdict {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new ProbeError('INTERNAL', `the verifier's output is not JSON: ${JSON.stringify(text.slice(0, 200))}`, {
      cause,
    })
  }
  if (isVerdict(parsed)) return parsed
  throw new ProbeError(
    'INTERNAL',
    `the verifier's output is not of schema ${VERDICT_SCHEMA}: ${JSON.stringify(text.slice(0, 200))}`,
  )
}

/** Our own program of the same version wrote it, so its schema says enough. */
const isVerdict = (parsed: unknown): parsed is Verdict =>
  typeof parsed === 'object' && parsed !== null && 'schema' in parsed && parsed.schema === VERDICT_SCHEMA

const collectorArguments = (collector: CollectorAddress): readonly string[] => [
  '--collector',
  collector.url,
  ...accessArguments(collector.access),
]

/** `plugpull: CODE: message` is how every command of ours ends in error; the code says whether another try is worth it. */
function failureOf(who: string, exit: Exit, stderr: string): ProbeError {
  const said = errorSaid(stderr)
  if (said !== undefined) return new ProbeError(said.code, `${who}: ${said.message}`)
  const how = exit.signal === null ? `status ${exit.code}` : exit.signal
  return new ProbeError('RIG_FAILED', `${who} ended (${how}): ${lastLines(stderr) || 'it said nothing'}`)
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-LAST_LINES).join(' | ')
