/** The section of docs/PERFORMANCE.md on judging, from docs/bench/judge.json alone. */
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { reached, spreadOf, spreadText } from '../spread.ts'

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

/** Writes of the goal, what it is, and how much more a write or a sector may take in the largest size than in the smallest, to be called linear. */
const GOAL = { writes: 10_000_000, seconds: 15, bytes: 1e9, growth: 1.25 } as const

const secondsOf = (runs: readonly JudgeRun[]): readonly number[] => runs.map(({ ms }) => ms / 1000)
const cpuOf = (runs: readonly JudgeRun[]): number => spreadOf(runs.map(({ cpuMs }) => cpuMs / 1000)).median
const peakOf = (runs: readonly JudgeRun[]): number => Math.max(...runs.map(({ peakBytes }) => peakBytes))

/** All runs of one size. */
interface Size {
  readonly writes: number
  readonly sectors: number
  readonly runs: readonly JudgeRun[]
}

function sizesOf(runs: readonly JudgeRun[]): readonly Size[] {
  const names = [...new Map(runs.map(({ writes, sectors }) => [`${writes} ${sectors}`, { writes, sectors }])).values()]
  return names.map(({ writes, sectors }) => ({
    writes,
    sectors,
    runs: runs.filter((run) => run.writes === writes && run.sectors === sectors),
  }))
}

/**
 * What each further write or sector takes, from one size to the next: a straight line has the same slope everywhere. The time
 * that all sizes share, such as compiling and the other dimension, is in none of the differences.
 */
function slopesOf(sizes: readonly Size[], count: (size: Size) => number): readonly number[] {
  return sizes.slice(1).map((size, i) => {
    const before = sizes[i] ?? size
    return (cpuOf(size.runs) - cpuOf(before.runs)) / (count(size) - count(before))
  })
}

const isStraight = (slopes: readonly number[]): string =>
  (slopes.at(-1) ?? Number.NaN) <= GOAL.growth * (slopes[0] ?? Number.NaN) ? 'yes' : 'no'

const nanoseconds = (slopes: readonly number[]): string =>
  slopes.map((slope) => grouped(Math.round(slope * 1e9))).join(', ')

const counts = (values: readonly number[]): string => values.map(grouped).join(', ')

function goalRows(sizes: readonly Size[]): readonly (readonly string[])[] {
  const fewest = Math.min(...sizes.map(({ sectors }) => sectors))
  const least = Math.min(...sizes.map(({ writes }) => writes))
  const byWrites = sizes.filter(({ sectors }) => sectors === fewest)
  const bySectors = sizes.filter(({ writes }) => writes === least)
  const judged = byWrites.find(({ writes }) => writes === GOAL.writes)?.runs ?? []
  const writeSlopes = slopesOf(byWrites, ({ writes }) => writes)
  const sectorSlopes = slopesOf(bySectors, ({ sectors }) => sectors)
  return [
    [
      `${grouped(GOAL.writes)} writes, seconds`,
      `< ${GOAL.seconds}`,
      spreadText(secondsOf(judged), 1),
      reached(secondsOf(judged), { atMost: GOAL.seconds }),
    ],
    [
      `${grouped(GOAL.writes)} writes, peak MB`,
      `< ${grouped(GOAL.bytes / 1e6)}`,
      grouped(Math.round(peakOf(judged) / 1e6)),
      peakOf(judged) < GOAL.bytes ? 'yes' : 'no',
    ],
    [
      `ns for each further write, from ${counts(byWrites.map(({ writes }) => writes))}`,
      `the last at most ${GOAL.growth} of the first`,
      nanoseconds(writeSlopes),
      isStraight(writeSlopes),
    ],
    [
      `ns for each further sector, from ${counts(bySectors.map(({ sectors }) => sectors))}`,
      `the last at most ${GOAL.growth} of the first`,
      nanoseconds(sectorSlopes),
      isStraight(sectorSlopes),
    ],
  ]
}

export const JUDGE = sectionOf<JudgeData>('judge', (data) => {
  const sizes = sizesOf(data.runs)
  const rows = sizes.map(({ writes, sectors, runs }) => [
    grouped(writes),
    grouped(sectors),
    spreadText(secondsOf(runs), 1),
    spreadText(
      runs.map(({ cpuMs }) => cpuMs / 1000),
      1,
    ),
    spreadText(
      runs.map(({ decodeMs }) => decodeMs / 1000),
      1,
    ),
    grouped(Math.round(peakOf(runs) / 1e6)),
    [...new Set(runs.map(({ verdict }) => verdict))].join(', '),
  ])
  return `## Judging

${commandBlock(data)}

The log is decoded and the device judged, on one processor; reading the device is not in it. Random writes of 4 KiB, four in
flight, a flush every 16, what an honest disk holds afterwards. Seconds: median (least to most). Memory: the peak of the
whole process, which here also holds the log and what the device should hold.

${table(['writes', 'sectors', 'wall seconds', 'processor seconds', 'of these decoding', 'peak MB', 'verdict'], rows)}

Each further write or sector takes what the one before took: processor time from one size to the next, divided by the writes or sectors
between them.

${table(['what', 'goal', 'measured', 'reached'], goalRows(sizes))}

${machineLine(data)}
`
})
