/**
 * Many agents in one process: fleet.js FIRST AGENTS WRITES_PER_SECOND DURATION_MS URL... Creates a run for each, says `ready`,
 * waits for a line, lets all of them stream at once, each to a collector of its own choice, and prints what came of it as one
 * line of JSON.
 */
import { once } from 'node:events'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { type AgentResult, StreamingAgent } from './streaming-agent.ts'

export interface FleetResult {
  readonly seconds: number
  readonly records: number
  readonly bytes: number
  readonly appends: number
  readonly retries: number
  /** Time in which agents waited for a window, all together. */
  readonly stalledSeconds: number
  readonly latenciesMs: readonly number[]
  readonly processorSeconds: number
  readonly agents: readonly AgentResult[]
}

export const CAMPAIGN = 'scale'
const CREATED_AT_ONCE = 16

const runId = (n: number): string => (0x5ca1e_0000 + n).toString(16).padStart(16, '0')

async function createAll(agents: readonly StreamingAgent[]): Promise<void> {
  const left = agents.values()
  const work = async (): Promise<void> => {
    for (const agent of left) await agent.create(CAMPAIGN)
  }
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, work))
}

const round = (value: number): number => Math.round(value * 10) / 10
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

async function main(
  [first = 0, count = 0, rate = 0, durationMs = 0]: readonly number[],
  urls: readonly string[],
): Promise<void> {
  const clients: CollectorClient[] = []
  const clientOf = (url: string): CollectorClient => {
    const client = new CollectorClient(url)
    clients.push(client)
    return client
  }
  // As processes of their own would: each has connections of its own, and collectors in an order of its own.
  const agents = Array.from({ length: count }, (_, n) => {
    const order = urls.map((_url, index) => urls[(n + index) % urls.length] ?? '')
    return new StreamingAgent(runId(first + n), order.map(clientOf), rate)
  })
  await createAll(agents)
  for (const agent of agents) agent.forgetLatencies()
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  const before = process.cpuUsage()
  const started = performance.now()
  await Promise.all(agents.map((agent) => agent.stream(durationMs)))
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  const result: FleetResult = {
    seconds: round(seconds),
    records: sum(agents.map(({ records }) => records)),
    bytes: sum(agents.map(({ bytes }) => bytes)),
    appends: sum(agents.map(({ appends }) => appends)),
    retries: sum(agents.map(({ retries }) => retries)),
    stalledSeconds: round(sum(agents.map(({ stalledUs }) => stalledUs)) / 1e6),
    latenciesMs: agents.flatMap(({ latenciesMs }) => latenciesMs.map(round)),
    processorSeconds: round((user + system) / 1e6),
    agents: agents.map((agent) => agent.result()),
  }
  await Promise.all(clients.map((client) => client.close()))
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(result)}\n`, resolve))
}

const args = process.argv.slice(2)
if (process.argv[1]?.endsWith('fleet.js') === true) {
  await main(args.slice(0, 4).map(Number), args.slice(4))
  process.exit()
}
