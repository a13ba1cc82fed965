/** The section of docs/PERFORMANCE.md on the bytes that a write takes in the log, from docs/bench/wire.json alone. */
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { reached, spreadOf, spreadText } from '../spread.ts'
import type { Split } from './split.ts'

const BYTES_MOST = 6

export interface WireRun extends Split {
  readonly depth: number
  readonly flushEvery: number
  readonly seconds: number
}

export interface WireData extends BenchData {
  readonly seconds: number
  readonly runs: readonly WireRun[]
}

const totalOf = ({ issueBytes, completeBytes, flushBytes, otherBytes, headerBytes }: Split): number =>
  issueBytes + completeBytes + flushBytes + otherBytes + headerBytes

export const WIRE = sectionOf<WireData>('wire', (data) => {
  const kinds = [...new Map(data.runs.map((run) => [`${run.depth} ${run.flushEvery}`, run])).values()]
  const rows = kinds.map(({ depth, flushEvery }) => {
    const runs = data.runs.filter((run) => run.depth === depth && run.flushEvery === flushEvery)
    const each = (bytes: (run: Split) => number): readonly number[] => runs.map((run) => bytes(run) / run.writes)
    const part = (bytes: (run: Split) => number): string => spreadOf(each(bytes)).median.toFixed(2)
    return [
      String(depth),
      String(flushEvery),
      grouped(Math.round(spreadOf(runs.map(({ writes, seconds }) => writes / seconds)).median)),
      spreadText(each(totalOf), 2),
      part(({ issueBytes }) => issueBytes),
      part(({ completeBytes }) => completeBytes),
      part(({ flushBytes }) => flushBytes),
      part(({ headerBytes }) => headerBytes),
      part(({ otherBytes }) => otherBytes),
      reached(each(totalOf), { atMost: BYTES_MOST }),
    ]
  })
  const parts = ['issue', 'complete', 'flushes', 'frame headers', 'windows, ticks']
  return `## Bytes on the wire

${commandBlock(data)}

The log as a collector holds it after an agent wrote 4 KiB at random places of a file for ${data.seconds} s at full speed: all of its frames of records
with their headers, times in microseconds included; manifest and baseline are not in it. Bytes a write: median (least to most), and what they are for.
The goal is at most ${BYTES_MOST}.

${table(['depth', 'flush every', 'writes/s', 'bytes a write', ...parts, 'reached'], rows)}

A record is a byte, which holds times up to 30 µs since the one before, and one to three more for a longer time; a completion names its write in
one. So where every write is followed by a flush the four records of the two, each of them long after the one before, are what it comes to.

${machineLine(data)}
`
})
