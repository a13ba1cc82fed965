/**
 * All agents in one process: fleet.js AGENTS BYTES. Makes a log of at least so many bytes for each and says `ready`. Then, for each line
 * of JSON (FleetOrder), it creates the runs, lets all of them push at once as fast as they are acknowledged, and answers with a line of
 * JSON (FleetResult).
 */
import { createInterface } from 'node:readline'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { type MadeLog, makeLogs } from './logs.ts'
import { Pusher } from './pusher.ts'

export const CAMPAIGN = 'ingest'

export interface FleetOrder {
  readonly url: string
  readonly appendBytes: number
  /** Of each log at most so many bytes, up to the end of a frame. */
  readonly logBytes: number
}

export interface FleetResult {
  /** From the first append to the last acknowledgement. */
  readonly seconds: number
  readonly records: number
  readonly bytes: number
  readonly appends: number
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  readonly processorSeconds: number
  readonly logs: readonly { readonly run: string; readonly bytes: number; readonly sha256: string }[]
}

const runId = (n: number): string => (0x1_0000_0000 + n).toString(16).padStart(16, '0')
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

async function createRuns(url: string, logs: readonly MadeLog[]): Promise<void> {
  const client = new CollectorClient(url)
  try {
    for (const { manifest } of logs) await client.createRun(manifest.run, CAMPAIGN, manifest)
  } finally {
    await client.close()
  }
}

async function obey({ url, appendBytes, logBytes }: FleetOrder, logs: readonly MadeLog[]): Promise<FleetResult> {
  await createRuns(url, logs)
  const pushers = logs.map((log) => new Pusher(new URL(url), log))
  try {
    await Promise.all(pushers.map((pusher) => pusher.connected()))
    const endOf = ({ log }: Pusher): number => log.markAt(logBytes).end
    const before = process.cpuUsage()
    const started = performance.now()
    await Promise.all(pushers.map((pusher) => pusher.push(endOf(pusher), appendBytes)))
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(before)
    const latencies = pushers.flatMap(({ latenciesMs }) => latenciesMs).toSorted((a, b) => a - b)
    const at = (share: number): number =>
      latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0
    return {
      seconds,
      records: sum(pushers.map(({ log }) => log.markAt(logBytes).records)),
      bytes: sum(pushers.map(endOf)),
      appends: latencies.length,
      latencyMs: { p50: at(0.5), p99: at(0.99) },
      processorSeconds: (user + system) / 1e6,
      logs: pushers.map((pusher) => {
        const bytes = endOf(pusher)
        return { run: pusher.log.manifest.run, bytes, sha256: pusher.sha256(bytes) }
      }),
    }
  } finally {
    for (const pusher of pushers) pusher.end()
  }
}

async function main([agents = 0, bytes = 0]: readonly number[]): Promise<void> {
  const runs = Array.from({ length: agents }, (_, n) => runId(n))
  const logs = makeLogs(runs, CAMPAIGN, bytes)
  process.stdout.write('ready\n')
  for await (const line of createInterface(process.stdin)) {
    const order: FleetOrder = JSON.parse(line)
    process.stdout.write(`${JSON.stringify(await obey(order, logs))}\n`)
  }
}

if (process.argv[1]?.endsWith('fleet.js') === true) await main(process.argv.slice(2).map(Number))
