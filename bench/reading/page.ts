/** The section of docs/PERFORMANCE.md on reading, from docs/bench/reading.json alone. */
import { formatBytes } from '../../src/core/size.ts'
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { ratios, reached, spreadOf, spreadText } from '../spread.ts'
import type { Measured } from './one.ts'
import { type TargetKind, writesOf } from './targets.ts'

export interface ReadingTurn {
  readonly fioBytesPerSecond: number
  readonly verified: Measured
  /** Without reading threads. */
  readonly alone: Measured
  /** One thread's memcpy. */
  readonly copied: Measured
}

export interface ReadingRow {
  readonly kind: TargetKind
  readonly turns: readonly ReadingTurn[]
}

export interface ReadingData extends BenchData {
  readonly rows: readonly ReadingRow[]
}

const DISK_RATIO = 0.9
const MEMORY_GB_PER_SECOND = 4

const perSecond = ({ bytes, ms }: Measured): number => bytes / ms / 1e6
/** Processor seconds that a gigabyte takes. */
const secondsPerGb = ({ cpuMs, bytes }: Measured): number => cpuMs / 1000 / (bytes / 1e9)

const fioOf = ({ turns }: ReadingRow): readonly number[] =>
  turns.map(({ fioBytesPerSecond }) => fioBytesPerSecond / 1e9)
const oursOf = ({ turns }: ReadingRow): readonly number[] => turns.map(({ verified }) => perSecond(verified))

/** The goal and whether it is reached; a row that is only shown has none. */
function goalOf(row: ReadingRow): readonly [goal: string, isReached: string] {
  const { place, workload } = row.kind
  if (place === 'disk')
    return [`≥ ${DISK_RATIO} of fio`, reached(ratios(oursOf(row), fioOf(row)), { atLeast: DISK_RATIO })]
  if (workload === 'random') return ['–', '–']
  return [`≥ ${MEMORY_GB_PER_SECOND} GB/s`, reached(oursOf(row), { atLeast: MEMORY_GB_PER_SECOND })]
}

const nameOf = (kind: TargetKind): string =>
  `${kind.place}, ${formatBytes(kind.sizeBytes)}, ${grouped(writesOf(kind))} ${kind.workload} writes of ${formatBytes(kind.writeBytes)}`

/** What bounds a row that misses its goal. Rates come from the figures; what the time goes into is from a profile. */
function boundOf(row: ReadingRow, processors: number): string {
  const seconds = spreadOf(row.turns.map(({ verified }) => secondsPerGb(verified))).median
  const most = processors / seconds
  const fio = spreadOf(fioOf(row)).median
  const rates = `a gigabyte takes ${seconds.toFixed(2)} processor seconds from the device to the verdict, so ${processors} processors do at most ${most.toFixed(1)} GB/s`
  const why =
    most * DISK_RATIO > fio
      ? `The device, at ${fio.toFixed(1)} GB/s, is slower than that; it waits while the threads start, and where all of them look at what they read. A third thread, and a main thread that reads until the others have started, brought nothing.`
      : `By the profile about half of it is the kernel's read, a third making the sectors again and comparing them, a tenth judging. Smaller pieces, so that the processor's cache holds them, and one hash for what all stamps share brought a fifth.`
  return `Not reached on ${nameOf(row.kind)}: ${rates}. ${why}`
}

export const READING = sectionOf<ReadingData>('reading', (data) => {
  const { rows } = data
  const processors = Number(data.machine['cpus'])
  const cells = rows.map((row) => [
    nameOf(row.kind),
    spreadText(fioOf(row), 1),
    spreadText(oursOf(row), 1),
    spreadText(ratios(oursOf(row), fioOf(row)), 2),
    spreadText(
      row.turns.map(({ alone }) => perSecond(alone)),
      1,
    ),
    spreadText(
      row.turns.map(({ copied }) => perSecond(copied)),
      1,
    ),
    spreadText(
      row.turns.map(({ verified }) => secondsPerGb(verified)),
      2,
    ),
    grouped(Math.round(Math.max(...row.turns.map(({ verified }) => verified.peakBytes)) / 1e6)),
    ...goalOf(row),
  ])
  const missed = rows.filter((row) => goalOf(row)[1] === 'no').map((row) => boundOf(row, processors))
  const verdicts = new Set(rows.flatMap(({ turns }) => turns.map(({ verified }) => verified.verdict)))
  const columns = [
    'file',
    'fio GB/s',
    'plugpull GB/s',
    'of fio',
    'one thread GB/s',
    'memcpy GB/s',
    'processor s/GB',
    'peak MB',
    'goal',
    'reached',
  ]
  return `## Reading

${commandBlock(data)}

A file that an agent wrote all over is read and judged by \`plugpull verify\`: from the first byte of the log to the verdict (${[...verdicts].join(', ')}),
without the start of Node. Beside it, in turn, \`fio --rw=read --bs=1M --direct=1\` reads the same file and looks at nothing. *One thread*: the same
verification without reading threads. *Memcpy*: one thread that copies memory no cache holds. Median (least to most) of ${rows[0]?.turns.length ?? 0}; ratios pair by pair.

${table(columns, cells)}
${missed.length === 0 ? '' : `\n${missed.join('\n')}\n`}
${machineLine(data)}
`
})
