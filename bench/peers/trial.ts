/**
 * One repetition of one tool: a run on an honest disk, judged as it is and once for each damage, and a run on a disk that drops flushes.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { ProbeError } from '../../src/core/errors.ts'
import { Prng } from '../../src/core/prng.ts'
import { BLOCK_BYTES } from './device-log.ts'
import type { FaultTrial, HonestTrial } from './data.ts'
import { FAULTS, type Fault, type Patch, SECTOR_BYTES, changedSectors } from './faults.ts'
import { type Aftermath, type RunOrder, runUntilCut } from './run.ts'
import { countTexts, score } from './score.ts'
import type { Report } from './tool.ts'

export interface Trials {
  readonly honest?: HonestTrial
  readonly faults: readonly FaultTrial[]
  readonly problems: readonly string[]
}

export interface TrialOrder extends Omit<RunOrder, 'isLiar'> {
  readonly repeat: number
  readonly faults: readonly string[]
}

/** What of the order did not work is a problem of the result; only an interruption and a fault of ours are thrown. */
export async function runTrials(order: TrialOrder): Promise<Trials> {
  const wanted = FAULTS.filter(({ name }) => order.faults.includes(name))
  const liars = wanted.filter(({ damage }) => damage === undefined)
  const parts = [
    await guarded(order, 'honest disk', () => honestTrials(order, wanted)),
    ...(liars.length === 0 ? [] : [await guarded(order, 'dropped-flush', () => liarTrials(order, liars))]),
  ]
  const [honest] = parts.flatMap((part) => (part.honest === undefined ? [] : [part.honest]))
  return {
    ...(honest === undefined ? {} : { honest }),
    faults: parts.flatMap(({ faults }) => faults),
    problems: parts.flatMap(({ problems }) => problems),
  }
}

async function guarded(order: TrialOrder, what: string, work: () => Promise<Trials>): Promise<Trials> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ProbeError) || error.code === 'INTERRUPTED' || error.code === 'INTERNAL') throw error
    return { faults: [], problems: [`run ${order.repeat}, ${what}: ${error.message}`] }
  }
}

async function honestTrials(order: TrialOrder, wanted: readonly Fault[]): Promise<Trials> {
  const left = await runUntilCut({ ...order, isLiar: false, folder: `${order.folder}-honest` })
  const twin = await judged(order, left, [])
  const { writes, flushes, writesAtRisk } = left.history
  const { word, said, ms } = twin
  const honest: HonestTrial = {
    repeat: order.repeat,
    word,
    says: countTexts(twin.accusations),
    writes,
    flushes,
    writesAtRisk,
    ...(said === undefined ? {} : { said }),
    ms: Math.round(ms),
  }
  const faults: FaultTrial[] = []
  const problems: string[] = []
  for (const fault of wanted) {
    if (fault.damage === undefined) continue
    const patches = fault.damage(left, randomFor(order, fault))
    if (patches === undefined) {
      problems.push(`run ${order.repeat}, ${fault.name}: the run left no place for it`)
      continue
    }
    const report = await judged(order, left, patches)
    const changed = changedSectors(left.bytes, patches)
    faults.push({ repeat: order.repeat, fault: fault.name, ...score(report, changed, fault.names, twin.accusations) })
  }
  rmSync(left.job.directory, { recursive: true, force: true })
  return { honest, faults, problems }
}

async function liarTrials(order: TrialOrder, liars: readonly Fault[]): Promise<Trials> {
  const left = await runUntilCut({ ...order, isLiar: true, folder: `${order.folder}-liar` })
  const report = await judged(order, left, [])
  rmSync(left.job.directory, { recursive: true, force: true })
  const missing = [...left.owed].flatMap(sectorsOf)
  const faults = liars.map(({ name, names }) => ({
    repeat: order.repeat,
    fault: name,
    ...score(report, missing, names),
  }))
  return { faults, problems: [] }
}

/** Of a block. */
function sectorsOf(block: number): readonly number[] {
  const perBlock = BLOCK_BYTES / SECTOR_BYTES
  return Array.from({ length: perBlock }, (_, index) => block * perBlock + index)
}

/** Judges the survivor with the damage done to it, and undoes the damage. */
async function judged(order: TrialOrder, { job, path, bytes }: Aftermath, patches: readonly Patch[]): Promise<Report> {
  order.signal.throwIfAborted()
  write(path, patches)
  const report = await order.tool.verify(job, path)
  write(
    path,
    patches.map(({ offset, bytes: { length } }) => ({ offset, bytes: bytes.subarray(offset, offset + length) })),
  )
  return report
}

function write(path: string, patches: readonly Patch[]): void {
  const file = openSync(path, 'r+')
  for (const { offset, bytes } of patches) writeSync(file, bytes, 0, bytes.length, offset)
  closeSync(file)
}

const randomFor = (order: TrialOrder, fault: Fault): Prng => new Prng({ lo: order.seed, hi: FAULTS.indexOf(fault) })
