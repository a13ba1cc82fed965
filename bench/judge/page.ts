/** The section of docs/PERFORMANCE.md on judging, from docs/bench/judge.json alone. */
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { spreadText } from '../spread.ts'

/** What one.ts prints: wall time and processor time of the judge, without those of making the log and the device's contents. */
export interface JudgeRun {
  readonly writes: number
  readonly sectors: number
  readonly logBytes: number
  readonly verdict: string
  readonly ms: number
  readonly cpuMs: number
  readonly decodeMs: number
  readonly indexMs: number
  /** Peak of the whole process, and what it held before the judge began: log and expected contents, which a verifier does not hold. */
  readonly peakBytes: number
  readonly heldBytes: number
}

export interface JudgeData extends BenchData {
  readonly runs: readonly JudgeRun[]
}

export const JUDGE = sectionOf<JudgeData>('judge', (data) => {
  const { runs } = data
  const sizes = [...new Map(runs.map((run) => [`${run.writes} ${run.sectors}`, run])).values()]
  const rows = sizes.map(({ writes, sectors }) => {
    const same = runs.filter((run) => run.writes === writes && run.sectors === sectors)
    return [
      grouped(writes),
      grouped(sectors),
      spreadText(
        same.map(({ ms }) => ms / 1000),
        1,
      ),
      spreadText(
        same.map(({ cpuMs }) => cpuMs / 1000),
        1,
      ),
      spreadText(
        same.map(({ decodeMs }) => decodeMs / 1000),
        1,
      ),
      grouped(Math.round(Math.max(...same.map(({ peakBytes }) => peakBytes)) / 1e6)),
      [...new Set(same.map(({ verdict }) => verdict))].join(', '),
    ]
  })
  return `## Judging

${commandBlock(data)}

The log is decoded and the device judged, on one processor; reading the device is not in it. Random writes of 4 KiB, four in
flight, a flush every 16, what an honest disk holds afterwards. Seconds: median (least to most). Memory: the peak of the
whole process, which here also holds the log and what the device should hold.

${table(['writes', 'sectors', 'wall seconds', 'processor seconds', 'of these decoding', 'peak MB', 'verdict'], rows)}

${machineLine(data)}
`
})
