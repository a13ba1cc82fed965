/**
 * Reads the region of a run range by range, in the order in which the judge wants it, with as many threads as that is worth:
 * a short verification has none to start, a long one has the device read and looked at while it judges.
 */
import { availableParallelism, freemem } from 'node:os'
import { Confirmer } from '../../core/confirm.ts'
import type { Judge } from '../../core/judge.ts'
import { Observations } from '../../core/observations.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import type { OpenTarget } from '../open-target.ts'
import { type RangeRead, ReadingCrew } from './crew.ts'
import type { RangeReader } from './range-reader.ts'
import { type Slot, SlotReader, longestRange, slotMemory, slotOver } from './slot.ts'

/** Bytes from which threads gain more than it takes to start them. */
const THREADS_FROM_BYTES = 512 * 2 ** 20
/** One a processor, so that one reads while another looks; judging takes a tenth of one. More than four have not been measured. */
const THREADS_MAX = 4

/** Memory that a thread may come to take: two ranges of 16 MiB with what was seen of them, a pool, its own engine. */
const THREAD_BYTES = 96 * 2 ** 20

/** How many threads to read that region with; 0: none but the caller's. */
export function readingThreads(
  regionSectors: number,
  processors = availableParallelism(),
  memoryBytes = availableMemory(),
): number {
  const threads = Math.min(processors, THREADS_MAX, Math.floor(memoryBytes / 2 / THREAD_BYTES))
  return threads < 2 || regionSectors * SECTOR_BYTES < THREADS_FROM_BYTES ? 0 : threads
}

/** Of the machine, or of the container where that has less. */
const availableMemory = (): number => {
  const limit = process.constrainedMemory() ?? 0
  return limit > 0 ? Math.min(freemem(), limit) : freemem()
}

export interface ReadRegion {
  readonly target: OpenTarget
  readonly reader: RangeReader
  readonly threads: number
  readonly signal: AbortSignal
  /** Called with the sectors judged so far. */
  readonly progressed: (sectors: number) => void
}

/** Reads all the ranges of the judge and has it judge them. */
export async function judgeRegion(judge: Judge, region: ReadRegion): Promise<void> {
  const seen = new Map<number, Observations>()
  let done = 0
  for await (const { range, number, slot, errors } of rangesRead(judge, region)) {
    let columns = seen.get(number)
    if (columns === undefined) seen.set(number, (columns = new Observations(slot.columns.seen.length, slot.columns)))
    judge.rangeConfirmed(range.lba, range.sectors, slot.buffer, errors, columns)
    region.progressed((done += range.sectors))
  }
}

async function* rangesRead(judge: Judge, region: ReadRegion): AsyncGenerator<RangeRead, void, void> {
  const { manifest, plan } = judge.history
  const { target, reader, threads, signal } = region
  if (threads === 0) {
    const sectorsMax = longestRange(plan.spec.region.sectors)
    const slot: Slot = slotOver(slotMemory(sectorsMax, false))
    const slotReader = new SlotReader(reader, new Confirmer(manifest, plan), sectorsMax)
    for (const range of judge.ranges()) yield { range, number: 0, slot, errors: await slotReader.read(range, slot) }
    return
  }
  const { servedAt: path, unitSectors } = target
  const crew = new ReadingCrew({ manifest, path, unitSectors, threads, signal })
  try {
    yield* crew.read(judge.ranges())
  } finally {
    await crew.close()
  }
}
