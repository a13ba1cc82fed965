/** One measurement: a database, two collectors over it, a fleet that streams to them, and every log read back and compared. */
import { join } from 'node:path'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { startProcess } from '../../src/io/process.ts'
import type { OwnPostgres } from '../../test/support/postgres.ts'
import { type CollectorProcess, linesOf, startCollector } from '../collector-process.ts'
import { childrenOf, memoryOf, processorSeconds } from '../process-figures.ts'
import { isIntact } from '../read-back.ts'
import { type AgentResult } from './streaming-agent.ts'
import { CAMPAIGN, type FleetResult } from './fleet.ts'

const FLEET = join(import.meta.dirname, 'fleet.js')
/** Agents are shared out among so many processes, so that they are not what is measured. */
const FLEETS = 2
const READERS = 8

export interface Load {
  readonly agents: number
  readonly writesPerSecond: number
  readonly seconds: number
}

export interface ScaleRun extends Load {
  readonly records: number
  readonly bytes: number
  readonly appends: number
  readonly retries: number
  /** Share of the agents' time in which they waited for a window. */
  readonly stalled: number
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly most: number }
  /** From the first append to the last acknowledgement. */
  readonly streamedSeconds: number
  /** Transactions that the database committed meanwhile. */
  readonly commits: number
  /** What the database takes more than when it was empty, and what it wrote ahead. */
  readonly databaseBytes: number
  readonly walBytes: number
  readonly processorSeconds: { readonly agents: number; readonly collectors: number; readonly postgres: number }
  readonly collectorPeakBytes: readonly number[]
  /** Logs read back whose digest is that of what was sent. */
  readonly intact: number
  /** Bytes of all chunks: where it is that of the logs, nothing is there twice. */
  readonly chunkBytes: number
}

export async function measure(postgres: OwnPostgres, load: Load): Promise<ScaleRun> {
  const database = await postgres.createDatabase()
  const collectors = await Promise.all([startCollector(database), startCollector(database)])
  try {
    const empty = await countersOf(postgres, database)
    const { results, before, after } = await stream(load, collectors, () => counters(postgres, database, collectors))
    const last = await settledCounters(postgres, database)
    return {
      ...load,
      ...summaryOf(load, results),
      commits: after.commits - before.commits,
      databaseBytes: last.bytes - empty.bytes,
      walBytes: after.wal - before.wal,
      processorSeconds: {
        agents: round(sum(results.map((result) => result.processorSeconds))),
        collectors: round(after.collectors - before.collectors),
        postgres: round(after.postgres - before.postgres),
      },
      collectorPeakBytes: collectors.map(({ process: { pid } }) => memoryOf(pid).peakBytes),
      intact: await intactLogs(
        collectors,
        results.flatMap(({ agents }) => agents),
      ),
      chunkBytes: Number((await postgres.query(database, 'SELECT sum(length(bytes)) AS sum FROM chunks'))[0]?.['sum']),
    }
  } finally {
    await Promise.all(collectors.map((collector) => collector.process.stop()))
  }
}

/** What the agents of all fleets saw. */
function summaryOf({ agents }: Load, results: readonly FleetResult[]) {
  const total = (of: (result: FleetResult) => number): number => sum(results.map(of))
  const streamedSeconds = Math.max(...results.map(({ seconds }) => seconds))
  const sorted = results.flatMap(({ latenciesMs }) => latenciesMs).toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return {
    streamedSeconds,
    records: total(({ records }) => records),
    bytes: total(({ bytes }) => bytes),
    appends: total(({ appends }) => appends),
    retries: total(({ retries }) => retries),
    stalled: total(({ stalledSeconds }) => stalledSeconds) / (agents * streamedSeconds),
    latencyMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) },
  }
}

const round = (value: number): number => Math.round(value * 10) / 10

/** Runs the fleets to their end, with what `look` sees when they begin to stream and when they are done. */
async function stream<T>(
  { agents, writesPerSecond, seconds }: Load,
  collectors: readonly CollectorProcess[],
  look: () => Promise<T>,
) {
  const share = Math.ceil(agents / FLEETS)
  const fleets = Array.from({ length: FLEETS }, (_, index) => {
    const numbers = [index * share, Math.min(share, agents - index * share), writesPerSecond, seconds * 1000]
    const args = [FLEET, ...numbers.map(String), ...collectors.map(({ url }) => url)]
    const fleet = startProcess(process.execPath, args, { pipeOutput: true, pipeInput: true })
    return { fleet, lines: linesOf(fleet) }
  })
  await Promise.all(fleets.map(({ lines }) => lines.next()))
  const before = await look()
  for (const { fleet } of fleets) fleet.child.stdin?.write('stream\n')
  const said = await Promise.all(fleets.map(({ lines }) => lines.next()))
  const after = await look()
  await Promise.all(fleets.map(({ fleet }) => fleet.exited))
  const results = said.map((line, index): FleetResult => {
    if (line.done === true) throw new Error(`a fleet ended: ${fleets[index]?.fleet.errorTail()}`)
    return JSON.parse(line.value)
  })
  return { results, before, after }
}

interface Counters {
  readonly commits: number
  readonly wal: number
  readonly bytes: number
}

async function countersOf(postgres: OwnPostgres, database: string): Promise<Counters> {
  const [row] = await postgres.query(
    database,
    `SELECT xact_commit AS commits, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal, pg_database_size(current_database()) AS bytes
      FROM pg_stat_database WHERE datname = current_database()`,
  )
  return { commits: Number(row?.['commits']), wal: Number(row?.['wal']), bytes: Number(row?.['bytes']) }
}

/** Once what was written is in the tables' files. */
async function settledCounters(postgres: OwnPostgres, database: string): Promise<Counters> {
  await postgres.query(database, 'CHECKPOINT')
  return countersOf(postgres, database)
}

async function counters(postgres: OwnPostgres, database: string, collectors: readonly CollectorProcess[]) {
  const own = collectors.map(({ process: { pid } }) => processorSeconds(pid))
  const server = [postgres.pid, ...childrenOf(postgres.pid)].map(processorSeconds)
  return { ...(await countersOf(postgres, database)), collectors: sum(own), postgres: sum(server) }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Every log read from the collector that it was not sent to, whole, and held against the digest of what was sent. */
async function intactLogs(collectors: readonly CollectorProcess[], agents: readonly AgentResult[]): Promise<number> {
  const clients = collectors.map(({ url }) => new CollectorClient(url))
  let intact = 0
  const left = agents.entries()
  const work = async (): Promise<void> => {
    for (const [n, log] of left) {
      const client = clients[(n + 1) % clients.length]
      if (client === undefined) return
      if (await isIntact(client, log)) intact++
    }
  }
  try {
    await Promise.all(Array.from({ length: READERS }, work))
    const [campaign] = (await clients[0]?.campaigns())?.filter(({ campaign: name }) => name === CAMPAIGN) ?? []
    if (campaign?.runs !== agents.length) throw new Error(`there are ${campaign?.runs} runs, not ${agents.length}`)
    return intact
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
}
