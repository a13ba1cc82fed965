/** The verifier on a sparse file of 1 TiB, all of which is the run's region. The run is made by hand: an agent would scan it first. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT, ProbeError, errnoOf } from '../../../src/core/errors.ts'
import { startProcess } from '../../../src/io/process.ts'
import { type Scratch, withScratch } from '../../../src/io/scratch.ts'
import { handMade } from '../../../test/verify/hand-made.ts'
import { type ProcessMemory, memoryOf } from '../../process-figures.ts'
import type { MemorySubject } from '../subject.ts'

const CLI = join(import.meta.dirname, '..', '..', '..', 'src', 'cli.js')
const SECTORS = 2 ** 31
const WRITES = 20_000
const LOOK_EVERY_MS = 100

/** A peak never falls: what it was when it was last looked at is the peak, but for what came in the tenth of a second after. */
async function weigh(scratch: Scratch, signal: AbortSignal): Promise<ProcessMemory> {
  const folder = scratch.file('run')
  mkdirSync(folder)
  const options = { writes: WRITES, flushEvery: 16, sizeSectors: SECTORS, baseline: 'scan' } as const
  const { target, log } = handMade(folder, { ...options, plan: { workload: 'random' } })
  const args = [CLI, 'verify', '--target', target, '--log', log, '--quiet', '--json']
  const verifier = startProcess(process.execPath, args, { scratch })
  try {
    let memory = memoryOf(verifier.pid)
    while (verifier.running) {
      memory = lookAt(verifier.pid) ?? memory
      await sleep(LOOK_EVERY_MS, undefined, { signal })
    }
    const status = await verifier.exited
    if (status.code !== EXIT.held)
      throw new ProbeError('RIG_FAILED', `the verifier ended with ${status.code}: ${verifier.errorTail()}`)
    return memory
  } finally {
    await verifier.stop()
  }
}

/** `undefined` where it has just ended. */
function lookAt(pid: number): ProcessMemory | undefined {
  try {
    const seen = memoryOf(pid)
    return seen.peakBytes > 0 ? seen : undefined
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

export const VERIFIER: MemorySubject = {
  name: 'verifier',
  title: 'verifier on a sparse file of 1 TiB',
  limitBytes: 1e9,
  how: `\`plugpull verify\` of a run of ${WRITES.toLocaleString('en-GB')} writes of 4 KiB at random places of the whole file, whose region is all of it.`,
  weigh: (signal) => withScratch('bench-memory', (scratch) => weigh(scratch, signal)),
}
