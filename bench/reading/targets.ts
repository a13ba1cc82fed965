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
  readonly sizeBytes: number
  readonly workload: 'sequential' | 'random'
  readonly writeBytes: number
}

const GIB = 2 ** 30

/** In the order of the table. Some tenths of a second go into starting threads and compiling, so that a shorter file would measure those. */
export const TARGETS: readonly TargetKind[] = [
  { place: 'disk', sizeBytes: 8 * GIB, workload: 'sequential', writeBytes: 65_536 },
  { place: 'tmpfs', sizeBytes: 4 * GIB, workload: 'sequential', writeBytes: 65_536 },
  { place: 'tmpfs', sizeBytes: 4 * GIB, workload: 'random', writeBytes: 4096 },
]

/** As many as there are places in the file that one could go to. */
export const writesOf = ({ sizeBytes, writeBytes }: TargetKind): number => sizeBytes / writeBytes

export interface Filled {
  readonly path: string
  readonly log: string
}

/** Makes the file in the scratch folder, and has the agent write all over it. */
export async function fill(kind: TargetKind, scratch: Scratch, logs: Scratch, signal: AbortSignal): Promise<Filled> {
  const path = scratch.file('target.raw')
  const log = logs.file(`${kind.place}-${kind.workload}.log`)
  writeFileSync(path, '')
  truncateSync(path, kind.sizeBytes)
  const options = {
    '--target': path,
    '--log': log,
    '--region': `0..${kind.sizeBytes}`,
    '--workload': kind.workload,
    '--write-size': String(kind.writeBytes),
    '--writes': String(writesOf(kind)),
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
