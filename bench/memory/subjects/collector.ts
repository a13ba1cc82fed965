/** The collector with many agents that are connected and have nothing to say. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CollectorClient } from '../../../src/io/collector-client.ts'
import { withScratch } from '../../../src/io/scratch.ts'
import { startCollector } from '../../collector-process.ts'
import { memoryOf, socketsOf } from '../../process-figures.ts'
import { StreamingAgent } from '../../scale/streaming-agent.ts'
import type { MemorySubject } from '../subject.ts'

const AGENTS = 1000
/** As many stream at once. */
const CREATED_AT_ONCE = 100
const WRITES_PER_SECOND = 100
const STREAMED_MS = 500
const IDLE_MS = 5000

const runId = (n: number): string => (0x1d1e_0000 + n).toString(16).padStart(16, '0')

export const COLLECTOR: MemorySubject = {
  name: 'collector',
  title: 'collector, 1,000 idle agents',
  limitBytes: 300e6,
  how: `each of ${AGENTS} agents created its run, streamed for half a second over a connection of its own and kept it open, idle for ${IDLE_MS / 1000} s when the kernel was asked; the store is SQLite.`,
  weigh: (signal) =>
    withScratch('bench-memory', async (scratch) => {
      const collector = await startCollector(`sqlite:${scratch.file('store.db')}`, { scratch })
      const clients: CollectorClient[] = []
      try {
        await connectAll(collector.url, clients, signal)
        await sleep(IDLE_MS, undefined, { signal })
        requireConnections(collector.process.pid)
        return memoryOf(collector.process.pid)
      } finally {
        await Promise.all(clients.map((client) => client.close()))
        await collector.process.stop()
      }
    }),
}

/** Some at a time, each on a connection of its own, as processes of their own would. */
async function connectAll(url: string, clients: CollectorClient[], signal: AbortSignal): Promise<void> {
  const numbers = Array.from({ length: AGENTS }, (_, n) => n).values()
  const work = async (): Promise<void> => {
    for (const n of numbers) {
      signal.throwIfAborted()
      const client = new CollectorClient(url)
      clients.push(client)
      const agent = new StreamingAgent(runId(n), [client], WRITES_PER_SECOND)
      await agent.create('memory')
      await agent.stream(STREAMED_MS)
    }
  }
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, work))
}

function requireConnections(pid: number): void {
  const sockets = socketsOf(pid)
  if (sockets < AGENTS)
    throw new Error(`the collector has ${sockets} sockets open, not one for each of ${AGENTS} agents`)
}
