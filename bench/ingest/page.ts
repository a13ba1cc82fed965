/** The section of docs/PERFORMANCE.md on ingest, from docs/bench/ingest.json alone. */
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { ratios, reached, spreadOf, spreadText } from '../spread.ts'
import type { Ingested } from './measure.ts'

export interface IngestCase {
  readonly store: 'SQLite' | 'PostgreSQL'
  readonly appendBytes: number
  readonly runs: readonly Ingested[]
}

export interface IngestData extends BenchData {
  readonly agents: number
  /** fdatasync of 8 KiB in a second, by pg_test_fsync. */
  readonly syncsPerSecond: number
  readonly cases: readonly IngestCase[]
}

/** What is asked for: of SQLite a rate, of PostgreSQL a share of the raw append. */
const RECORDS_PER_SECOND = 2e6
const SHARE_OF_RAW = 0.5

const rateOf = ({ bytes, seconds }: Ingested): number => bytes / seconds
const median = (values: readonly number[]): number => spreadOf(values).median

const shares = ({ runs }: IngestCase, raw: keyof Ingested['raw']): readonly number[] =>
  ratios(
    runs.map(rateOf),
    runs.map((run) => run.raw[raw]),
  )

export const INGEST = sectionOf<IngestData>('ingest', (data) => {
  const { agents, cases, syncsPerSecond } = data
  return `## Ingest

${commandBlock(data)}

${agents} agents push logs that were made before, each as fast as it is acknowledged, one append under way each, to one collector on
one processor; the agents, and PostgreSQL, have the other. What is acknowledged is on stable storage. The logs are real frames of
random writes with a flush every 16. Appends of 16 KiB are what a busy agent sends at its ease, of 256 KiB what piles up where
it has to wait. Every log is read back whole and its SHA-256 compared. M: millions; MB: 10⁶ bytes; ms from append to acknowledgement.

${rates(cases)}

Right after each, on the same disk and processor, the raw append: a program that writes the same bytes to a file, in as many pieces as the
collector made commits, with an fdatasync behind each; and one that writes pieces of the size of an agent's append, as a collector without
commits in common would have to. The share is the collector's rate by that of the raw append.

${against(cases)}

${cases.map(boundOf).join('\n')}

Where a share is not reached: the raw append copies a byte once, from memory to the page cache, and its processor waits for the disk
most of the time. A collector takes each byte out of a socket, puts the body together and writes it out again, to the database's socket or
to the write-ahead log of SQLite; the database writes it twice, ahead and into its tables. PostgreSQL moreover cuts a log into pieces of
2 KB, each with a row, an index entry and a record written ahead. So two processors are busy where the raw append has the disk to
itself. Profiles were taken with \`node --cpu-prof\`; what helped is in: COPY in binary form instead of INSERT, no attempt to compress, several
commits under way, security headers made once, the progress checked by compiled code.

For comparison, \`pg_test_fsync\`: ${grouped(Math.round(syncsPerSecond))} fdatasync of 8 KiB in a second on this disk.

${machineLine(data)}
`
})

const titleOf = ({ store, appendBytes }: IngestCase): string => `${store}, ${appendBytes / 1024} KiB`

const rates = (cases: readonly IngestCase[]): string =>
  table(
    [
      'store, append',
      'M records/s',
      'MB/s',
      'KB a commit',
      'ms: p50',
      'p99',
      'logs intact',
      'M records/s at least',
      'reached',
    ],
    cases.map((one) => {
      const { runs, store } = one
      const records = runs.map((run) => run.records / run.seconds)
      return [
        titleOf(one),
        spreadText(
          records.map((value) => value / 1e6),
          1,
        ),
        spreadText(
          runs.map((run) => rateOf(run) / 1e6),
          0,
        ),
        grouped(Math.round(median(runs.map(({ bytes, commits }) => bytes / commits)) / 1e3)),
        grouped(Math.round(median(runs.map(({ latencyMs }) => latencyMs.p50)))),
        grouped(Math.round(median(runs.map(({ latencyMs }) => latencyMs.p99)))),
        `${grouped(runs.reduce((sum, { intact }) => sum + intact, 0))} of ${grouped(runs.reduce((sum, { logs }) => sum + logs, 0))}`,
        store === 'SQLite' ? (RECORDS_PER_SECOND / 1e6).toFixed(1) : '–',
        store === 'SQLite' ? reached(records, { atLeast: RECORDS_PER_SECOND }) : '–',
      ]
    }),
  )

const against = (cases: readonly IngestCase[]): string =>
  table(
    ['store, append', 'raw MB/s: a commit', 'share', 'reached', 'raw MB/s: an append', 'share', 'reached'],
    cases.map((one) => [titleOf(one), ...sharesOf(one, 'perCommit'), ...sharesOf(one, 'perAppend')]),
  )

function sharesOf(one: IngestCase, raw: keyof Ingested['raw']): readonly string[] {
  const share = shares(one, raw)
  return [
    spreadText(
      one.runs.map((run) => run.raw[raw] / 1e6),
      0,
    ),
    spreadText(share, 2),
    one.store === 'PostgreSQL' ? reached(share, { atLeast: SHARE_OF_RAW }) : '–',
  ]
}

/** Whose processor time it is, and for what there was to wait. */
function boundOf(one: IngestCase): string {
  const busy = (of: (run: Ingested) => number): string =>
    `${Math.round(100 * median(one.runs.map((run) => of(run) / run.seconds)))} %`
  const others = one.store === 'PostgreSQL' ? ` and PostgreSQL ${busy((run) => run.processorSeconds.postgres)}` : ''
  const each = median(one.runs.map((run) => (1e6 * run.processorSeconds.collector) / run.appends))
  return `- ${titleOf(one)}: the collector used ${busy((run) => run.processorSeconds.collector)} of its processor, ${grouped(Math.round(each))} µs an append; of the other the agents used ${busy((run) => run.processorSeconds.fleet)}${others}.`
}
