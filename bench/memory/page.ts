/** The section of docs/PERFORMANCE.md on memory, from docs/bench/memory.json alone. */
import { grouped, table } from '../../trust/words.ts'
import type { ProcessMemory } from '../process-figures.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { reached, spreadText } from '../spread.ts'
import type { MemorySubject } from './subject.ts'

export interface Weighed extends Omit<MemorySubject, 'weigh'> {
  readonly weighings: readonly ProcessMemory[]
}

export interface MemoryData extends BenchData {
  readonly subjects: readonly Weighed[]
}

const megabytes = (bytes: number): number => bytes / 1e6

export const MEMORY = sectionOf<MemoryData>('memory', (data) => {
  const rows = data.subjects.map(({ title, limitBytes, weighings }) => {
    const peaks = weighings.map(({ peakBytes }) => megabytes(peakBytes))
    const resident = weighings.map(({ residentBytes }) => megabytes(residentBytes))
    const atMost = megabytes(limitBytes)
    return [title, spreadText(peaks, 0), spreadText(resident, 0), grouped(atMost), reached(peaks, { atMost })]
  })
  return `## Memory

${commandBlock(data)}

What the kernel counts for the process: the most it ever held, and what it held at the end. MB: median (least to most).

${table(['what', 'peak MB', 'at the end MB', 'at most', 'reached'], rows)}

An agent from the bundle has a thread for each write in flight, and with each a JavaScript engine of its own, of which little can be taken away;
an installed one has a thread for all of them.

${data.subjects.map(({ title, how }) => `- ${title}: ${how}`).join('\n')}

${machineLine(data)}
`
})
