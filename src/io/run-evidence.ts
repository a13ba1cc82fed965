/**
 * What is kept of a run that was verified: its log, its newest verdict, how its power was cut. From a collector, from a
 * collector's store without one, or from files. `plugpull explain` and `plugpull reproduce` begin here.
 */
import { readFileSync } from 'node:fs'
import type { CutRecord, RunView } from '../core/campaign/campaign.ts'
import { ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import { checkVerdict } from '../core/telling/finding-shape.ts'
import { VERDICT_SCHEMA, type Verdict } from '../core/verdict.ts'
import { FrameEncoder } from '../core/wire.ts'
import { ACCESS_OPTIONS, type CollectorAccess, collectorClient } from './collector-access.ts'
import type { CollectorClient } from './collector-client.ts'
import { type LogSource, collectorLog, fileLog } from './log-source.ts'

export interface RunEvidence {
  /** As messages call it. */
  readonly name: string
  readonly log: LogSource
  readonly verdict: Verdict
  readonly cut?: CutRecord
}

/** The part of a collector's store that is read here. */
export interface RunArchive {
  readonly name: string
  run(run: string): Promise<RunView | undefined>
  readLog(run: string, from: number, to: number): AsyncIterable<Uint8Array>
  runs(query: {
    readonly limit: number
  }): Promise<{ readonly runs: readonly { readonly run: string }[] } | 'run-unknown'>
  close(): Promise<void>
}

/** Runs that are named where the one asked for is not there. */
const RUNS_NAMED = 5

/** Opens a store by its name on the command line, for reading. Given by the entry of the program: a store is the collector's. */
export type OpenArchive = (spec: string) => Promise<RunArchive>

export interface EvidenceOptions extends CollectorAccess {
  readonly collector?: string
  readonly store?: string
  readonly log?: string
  readonly verdict?: string
}

/** The options as a command declares them. */
export const EVIDENCE_OPTIONS: readonly (readonly [flags: string, description: string])[] = [
  ['--collector <url>', 'ask this collector'],
  ...ACCESS_OPTIONS.map(({ flags, description }) => [flags, description] as const),
  ['--store <store>', 'read the store of a collector, as in sqlite:lab.db'],
  ['--log <file>', 'the log in a file, with --verdict; RUN may then be left out'],
  ['--verdict <file>', 'what verify --json printed, or the cycle.json that loop --keep left'],
]

/** RUN and FINDING out of the arguments: with --log the run may be left out. Throws BAD_OPTION. */
export function runAndFinding(
  first: string | undefined,
  second: string | undefined,
  { log }: EvidenceOptions,
): { readonly run?: string; readonly finding?: string } {
  const isRun = first !== undefined && /^[0-9a-f]{16}$/i.test(first)
  if (isRun) {
    const run = first.toLowerCase()
    return second === undefined ? { run } : { run, finding: second }
  }
  if (log === undefined || second !== undefined) {
    const got = first === undefined ? 'nothing' : JSON.stringify(first)
    throw new ProbeError('BAD_OPTION', `RUN got ${got}; it takes the 16 hexadecimal digits of a run`)
  }
  return first === undefined ? {} : { finding: first }
}

/** Runs `work` with the evidence on a run. Throws BAD_OPTION, RUN_UNKNOWN, LOG_MISSING, COLLECTOR_* and STORE_*. */
export async function withEvidence<T>(
  run: string | undefined,
  options: EvidenceOptions,
  openArchive: OpenArchive,
  work: (evidence: RunEvidence) => Promise<T>,
): Promise<T> {
  const { collector, store, log } = options
  checkSource(options)
  if (log !== undefined) return work(await fromFiles(log, options.verdict ?? '', run))
  if (run === undefined) throw new ProbeError('BAD_OPTION', 'RUN is missing: the 16 hexadecimal digits of a run')
  if (store !== undefined) {
    const archive = await openArchive(store)
    try {
      return await work(await fromArchive(archive, run))
    } finally {
      await archive.close()
    }
  }
  const client = collectorClient(collector ?? '', options)
  try {
    return await work(await fromCollector(client, run))
  } finally {
    await client.close()
  }
}

/** Exactly one source, with all that belongs to it. */
function checkSource({ collector, store, log, verdict }: EvidenceOptions): void {
  const given = [
    ...(collector === undefined ? [] : ['--collector']),
    ...(store === undefined ? [] : ['--store']),
    ...(log === undefined ? [] : ['--log']),
  ]
  if (given.length !== 1) {
    const what = given.length === 0 ? 'nothing says where the run is kept' : `${given.join(' and ')} exclude each other`
    throw new ProbeError('BAD_OPTION', `${what}; give --collector URL, --store sqlite:FILE, or --log with --verdict`)
  }
  if ((log === undefined) !== (verdict === undefined))
    throw new ProbeError(
      'BAD_OPTION',
      '--log and --verdict go together: the log of the run, and what verify said of it',
    )
}

async function fromCollector(client: CollectorClient, run: string): Promise<RunEvidence> {
  const view = await client.run(run).catch(async (error: unknown) => {
    const isUnknown = error instanceof ProbeError && error.code === 'RUN_UNKNOWN'
    throw isUnknown ? unknownRun(client.url, run, await client.runs({ limit: RUNS_NAMED })) : error
  })
  return evidenceOf(view, client.url, await collectorLog(client, run))
}

async function fromArchive(archive: RunArchive, run: string): Promise<RunEvidence> {
  const view = await archive.run(run)
  if (view === undefined) throw unknownRun(archive.name, run, await archive.runs({ limit: RUNS_NAMED }))
  const { bytes, manifest } = view
  return evidenceOf(view, archive.name, {
    name: `${archive.name} run ${run}`,
    sizeBytes: bytes,
    // An agent that was cut before its first append left a run with a manifest and nothing else: an empty history.
    chunks: () => (bytes === 0 ? only(new FrameEncoder().manifest(manifest)) : archive.readLog(run, 0, bytes)),
  })
}

function unknownRun(name: string, run: string, page: Awaited<ReturnType<RunArchive['runs']>>): ProbeError {
  const known = page === 'run-unknown' ? [] : page.runs.map((one) => one.run)
  const has = known.length === 0 ? 'it has none yet' : `its newest: ${known.join(', ')}`
  return new ProbeError('RUN_UNKNOWN', `${name} has no run ${run}; ${has}`)
}

async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield chunk
}

function evidenceOf({ run, verdict, cut }: RunView, name: string, log: LogSource): RunEvidence {
  if (verdict === undefined) {
    throw new ProbeError(
      'BAD_OPTION',
      `run ${run} has no verdict at ${name} yet; verify it first: plugpull verify --run ${run}`,
    )
  }
  checkVerdict(verdict, name)
  return { name, log, verdict, ...(cut === undefined ? {} : { cut }) }
}

async function fromFiles(log: string, verdict: string, run: string | undefined): Promise<RunEvidence> {
  const read = readVerdict(verdict)
  checkVerdict(read.verdict, `--verdict ${verdict}`)
  if (run !== undefined && run !== read.verdict.run)
    throw new ProbeError('BAD_OPTION', `--verdict ${verdict} is of run ${read.verdict.run}, not of run ${run}`)
  return { name: verdict, log: await fileLog(log), ...read }
}

/** A verdict by itself, or the cycle that `loop --keep` left. */
function readVerdict(path: string): Pick<RunEvidence, 'verdict' | 'cut'> {
  const parsed = parsedFile(path)
  if (isVerdict(parsed)) return { verdict: parsed }
  if (isObject(parsed) && isVerdict(parsed['verdict'])) {
    const { verdict, cut } = parsed
    return { verdict, ...(isCut(cut) ? { cut } : {}) }
  }
  throw new ProbeError(
    'BAD_OPTION',
    `--verdict ${path} is not of schema ${VERDICT_SCHEMA}; give what verify --json printed`,
  )
}

function parsedFile(path: string): unknown {
  const text = readVerdictFile(path)
  try {
    return JSON.parse(text)
  } catch (cause) {
    // What the parser says quotes the file, which may be anything.
    throw new ProbeError('BAD_OPTION', `--verdict ${path} is not JSON; give what verify --json printed`, { cause })
  }
}

function readVerdictFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const why = errnoOf(cause) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(cause)}`
    throw new ProbeError('BAD_OPTION', `--verdict ${path} ${why}; give what verify --json printed`, { cause })
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Our own program wrote it, so its schema says enough. */
const isVerdict = (value: unknown): value is Verdict =>
  isObject(value) && value['schema'] === VERDICT_SCHEMA && Array.isArray(value['findings'])

const isCut = (value: unknown): value is CutRecord => isObject(value) && typeof value['kind'] === 'string'
