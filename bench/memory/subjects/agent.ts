/** The agent at full speed with its log on its way to a collector: packed as for a guest, and installed; with one, 16 and 64 writes in flight. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProbeError } from '../../../src/core/errors.ts'
import { startProcess } from '../../../src/io/process.ts'
import { withScratch } from '../../../src/io/scratch.ts'
import { startCollector } from '../../collector-process.ts'
import { memoryOf } from '../../process-figures.ts'
import type { MemorySubject } from '../subject.ts'

const DIST = join(import.meta.dirname, '..', '..', '..')
const PROGRAMS = { bundle: join(DIST, 'guest', 'plugpull.cjs'), installed: join(DIST, 'src', 'cli.js') } as const
const DEPTHS = [1, 16, 64] as const
const TARGET_BYTES = 32 * 2 ** 20
const SECONDS = 4
/** It is asked while it holds the target after that. */
const ASKED_AFTER_MS = SECONDS * 1000 + 3000

const agentAt = (program: keyof typeof PROGRAMS, depth: number): MemorySubject => ({
  name: `agent-${program}-${depth}`,
  title: `agent, ${program}, depth ${depth}`,
  limitBytes: 120e6,
  how: `random writes of 4 KiB to a file for ${SECONDS} s with ${depth} in flight and a flush every 16, streamed to a collector.`,
  weigh: (signal) =>
    withScratch('bench-memory', async (scratch) => {
      const target = scratch.file('target')
      writeFileSync(target, Buffer.alloc(TARGET_BYTES, 1))
      const collector = await startCollector(`sqlite:${scratch.file('store.db')}`, { scratch })
      const workload = ['--queue-depth', String(depth), '--write-size', '4k', '--duration', `${SECONDS}s`, '--hold']
      const args = [PROGRAMS[program], 'agent', '--target', target, '--collector', collector.url, ...workload]
      const agent = startProcess(process.execPath, [...args, '--quiet'], { scratch })
      try {
        await sleep(ASKED_AFTER_MS, undefined, { signal })
        if (!agent.running) throw new ProbeError('RIG_FAILED', `the agent ended early: ${agent.errorTail()}`)
        return memoryOf(agent.pid)
      } finally {
        await agent.stop()
        await collector.process.stop()
      }
    }),
})

export const AGENTS: readonly MemorySubject[] = [
  ...DEPTHS.map((depth) => agentAt('bundle', depth)),
  ...DEPTHS.map((depth) => agentAt('installed', depth)),
]
