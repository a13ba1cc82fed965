/** One measurement: a new store, one collector on one processor, the fleet on the other, every log read back; then the raw appends. */
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { type ManagedProcess, runTool } from '../../src/io/process.ts'
import type { Scratch } from '../../src/io/scratch.ts'
import { type CollectorProcess, linesOf, startCollector, startOn } from '../collector-process.ts'
import { childrenOf, processorSeconds } from '../process-figures.ts'
import { isIntact } from '../read-back.ts'
import type { FleetOrder, FleetResult } from './fleet.ts'

export const COLLECTOR_PROCESSOR = 0
export const FLEET_PROCESSOR = 1
const READERS = 4
const RAW_LIMIT_MS = 120_000
/** Enough to tell the rate of single appends by. */
const RAW_APPENDS = 500

export interface Ingested {
  readonly seconds: number
  readonly records: number
  readonly bytes: number
  readonly appends: number
  /** Commits of the collector while the fleet pushed. */
  readonly commits: number
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  readonly processorSeconds: { readonly collector: number; readonly fleet: number; readonly postgres: number }
  readonly logs: number
  /** Logs read back whole whose digest is that of what was sent. */
  readonly intact: number
  /** Bytes a second of a raw append, measured right after. */
  readonly raw: RawAppends
}

export interface RawAppends {
  /** The same bytes in as many pieces as there were commits, an fdatasync behind each. */
  readonly perCommit: number
  /** Pieces of the size of one agent's append, an fdatasync behind each. */
  readonly perAppend: number
}

export class Fleet {
  readonly #process: ManagedProcess
  readonly #lines: AsyncIterator<string>

  constructor(agents: number, logBytes: number, scratch: Scratch) {
    const line = [process.execPath, join(import.meta.dirname, 'fleet.js'), String(agents), String(logBytes)]
    this.#process = startOn(FLEET_PROCESSOR, line, { pipeOutput: true, pipeInput: true, scratch })
    this.#lines = linesOf(this.#process)
  }

  /** Once every log is made. */
  async ready(): Promise<void> {
    await this.#answer()
  }

  async push(order: FleetOrder): Promise<FleetResult> {
    this.#process.child.stdin?.write(`${JSON.stringify(order)}\n`)
    const result: FleetResult = JSON.parse(await this.#answer())
    return result
  }

  async end(): Promise<void> {
    await this.#process.stop()
  }

  async #answer(): Promise<string> {
    const line = await this.#lines.next()
    if (line.done === true) throw new Error(`the fleet ended: ${this.#process.errorTail()}`)
    return line.value
  }
}

export interface Order {
  /** As on the command line. */
  readonly store: string
  readonly appendBytes: number
  readonly logBytes: number
  /** Process id of the database server, where there is one. */
  readonly server?: number
  /** Options of Node for the collector, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
}

export async function measure(fleet: Fleet, order: Order, scratch: Scratch, signal: AbortSignal): Promise<Ingested> {
  signal.throwIfAborted()
  const { store, appendBytes, logBytes, server, nodeOptions = [] } = order
  const collector = await startCollector(store, { processor: COLLECTOR_PROCESSOR, scratch, nodeOptions })
  const { pid } = collector.process
  try {
    const before = {
      collector: processorSeconds(pid),
      postgres: serverSeconds(server),
      commits: await commitsOf(collector),
    }
    const { logs, ...pushed } = await fleet.push({ url: collector.url, appendBytes, logBytes })
    const used = {
      collector: processorSeconds(pid) - before.collector,
      postgres: serverSeconds(server) - before.postgres,
      fleet: pushed.processorSeconds,
    }
    const commits = (await commitsOf(collector)) - before.commits
    const intact = await intactLogs(collector, logs, signal)
    const raw = {
      perCommit: await rawAppend(pushed.bytes, Math.ceil(pushed.bytes / commits), scratch, signal),
      perAppend: await rawAppend(Math.min(pushed.bytes, RAW_APPENDS * appendBytes), appendBytes, scratch, signal),
    }
    return { ...pushed, commits, processorSeconds: used, logs: logs.length, intact, raw }
  } finally {
    await collector.process.stop()
  }
}

/** What the collector tells of itself: each commit is one observation of how many appends were in it. */
async function commitsOf({ url }: CollectorProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^plugpull_commit_appends_count (\d+)/m.exec(text)?.[1])
}

const serverSeconds = (server: number | undefined): number =>
  server === undefined ? 0 : [server, ...childrenOf(server)].reduce((sum, pid) => sum + processorSeconds(pid), 0)

async function rawAppend(bytes: number, batch: number, scratch: Scratch, signal: AbortSignal): Promise<number> {
  const file = scratch.file('raw')
  rmSync(file, { force: true })
  const program = join(import.meta.dirname, 'raw-append.js')
  const line = [process.execPath, program, file, String(bytes), String(batch)]
  const pinned = ['-c', String(COLLECTOR_PROCESSOR), ...line]
  const { stdout } = await runTool('taskset', pinned, { signal, limitMs: RAW_LIMIT_MS })
  const size = statSync(file).size
  rmSync(file)
  const { seconds }: { readonly seconds: number } = JSON.parse(stdout)
  if (size !== bytes) throw new Error(`the raw append wrote ${size} bytes, not ${bytes}`)
  return bytes / seconds
}

async function intactLogs({ url }: CollectorProcess, logs: FleetResult['logs'], signal: AbortSignal): Promise<number> {
  const client = new CollectorClient(url)
  let intact = 0
  const left = logs.values()
  const work = async (): Promise<void> => {
    for (const log of left) {
      signal.throwIfAborted()
      if (await isIntact(client, log)) intact++
    }
  }
  try {
    await Promise.all(Array.from({ length: READERS }, work))
    return intact
  } finally {
    await client.close()
  }
}
