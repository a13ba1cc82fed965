/** What is read: files that a real agent covered with its writes, each with the log of that run. */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '../../src/io/process.ts'
import type { Scratch } from '../../src/io/scratch.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.js')
const AGENT_LIMIT_MS = 300_000

export type Place = 'disk' | 'tmpfs'

export interface TargetKind {
  readonly place: Place
  readonly workload: 'sequential' | 'random'
  readonly writeBytes: number
  /** Writes for each place in the region that one could go to. */
  readonly rounds: number
}

/** In the order of the table. */
export const TARGETS: readonly TargetKind[] = [
  { place: 'disk', workload: 'sequential', writeBytes: 65_536, rounds: 1 },
  { place: 'tmpfs', workload: 'sequential', writeBytes: 65_536, rounds: 1 },
  { place: 'tmpfs', workload: 'random', writeBytes: 4096, rounds: 1 },
]

export interface Filled {
  readonly path: string
  readonly log: string
}

/** Makes a file of `bytes` in the scratch folder, and has the agent write all over it. */
export async function fill(
  kind: TargetKind,
  bytes: number,
  scratch: Scratch,
  logs: Scratch,
  signal: AbortSignal,
): Promise<Filled> {
  const path = scratch.file('target.raw')
  const log = logs.file(`${kind.place}-${kind.workload}.log`)
  writeFileSync(path, '')
  truncateSync(path, bytes)
  const options = {
    '--target': path,
    '--log': log,
    '--region': `0..${bytes}`,
    '--workload': kind.workload,
    '--write-size': String(kind.writeBytes),
    '--writes': String((bytes / kind.writeBytes) * kind.rounds),
    '--queue-depth': '4',
    '--flush-every': '4096',
    // tmpfs of older kernels does not know O_DIRECT.
    '--io': kind.place === 'tmpfs' ? 'buffered' : 'direct',
  }
  await runTool(process.execPath, [CLI, 'agent', ...Object.entries(options).flat()], {
    signal,
    limitMs: AGENT_LIMIT_MS,
  })
  return { path, log }
}
