/** The section of docs/OPERATIONS.md that tells what was measured and what follows from it, from docs/bench/scale.json alone. */
import { join } from 'node:path'
import { grouped, table } from '../../trust/words.ts'
import type { ScaleRun } from './measure.ts'

const docs = join(import.meta.dirname, '..', '..', '..', 'docs')
export const DATA_FILE = join(docs, 'bench', 'scale.json')
export const PAGE_FILE = join(docs, 'OPERATIONS.md')

const BEGIN = '<!-- begin: made by npm run bench -- scale -->'
const END = '<!-- end -->'
const DAY_SECONDS = 86_400

export interface ScaleData {
  readonly command: string
  readonly machine: Readonly<Record<string, string>>
  /** Processes that wanted a processor before it began: what else the machine had to do. */
  readonly loadBefore: number
  readonly runs: readonly ScaleRun[]
}

/** The page with the section as the data have it. */
export function withSection(page: string, data: ScaleData): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${PAGE_FILE} has no place for the section`)
  return `${page.slice(0, begin)}${BEGIN}\n\n${sectionOf(data)}\n\n${page.slice(end)}`
}

export function sectionOf(data: ScaleData): string {
  const { command, machine, loadBefore, runs } = data
  const [first] = runs
  return `\`\`\`
${command}
\`\`\`

Agents without a disk stream at once, half of them to each of two collectors over one PostgreSQL. Each issues ${grouped(first?.writesPerSecond ?? 0)}
writes a second with a flush every 16, and sends more often than a real one of that pace: a frame for what came within 10 ms, one append under way
at a time, no write beyond the window that is acknowledged. Agents, collectors and PostgreSQL share the machine; the load
average before was ${loadBefore.toFixed(1)}. Each lasts ${first?.seconds ?? 0} s. Afterwards every log is read back from the collector that it was not
sent to, and its SHA-256 held against what was sent.

${throughput(runs)}

${cost(runs)}

${runs.map(dayOf).join('\n')}

Machine: ${Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}.`
}

const throughput = (runs: readonly ScaleRun[]): string =>
  table(
    [
      'agents',
      'records/s',
      'log bytes/s',
      'appends/s',
      'commits/s',
      'acknowledged, ms: p50',
      'p95',
      'p99',
      'logs intact',
      'doubled bytes',
    ],
    runs.map((run) => [
      grouped(run.agents),
      perSecond(run, run.records),
      perSecond(run, run.bytes),
      perSecond(run, run.appends),
      perSecond(run, run.commits),
      grouped(Math.round(run.latencyMs.p50)),
      grouped(Math.round(run.latencyMs.p95)),
      grouped(Math.round(run.latencyMs.p99)),
      `${grouped(run.intact)} of ${grouped(run.agents)}`,
      grouped(run.chunkBytes - run.bytes),
    ]),
  )

const cost = (runs: readonly ScaleRun[]): string =>
  table(
    [
      'agents',
      'time waiting for a window',
      'appends a processor second: collectors',
      'PostgreSQL',
      'peak MB of each collector',
      'database bytes a record',
      'a log byte',
      'written ahead a log byte',
    ],
    runs.map((run) => [
      grouped(run.agents),
      `${(100 * run.stalled).toFixed(1)} %`,
      grouped(Math.round(run.appends / run.processorSeconds.collectors)),
      grouped(Math.round(run.appends / run.processorSeconds.postgres)),
      run.collectorPeakBytes.map((bytes) => grouped(Math.round(bytes / 1e6))).join(', '),
      (run.databaseBytes / run.records).toFixed(1),
      (run.databaseBytes / run.bytes).toFixed(2),
      (run.walBytes / run.bytes).toFixed(2),
    ]),
  )

const perSecond = ({ streamedSeconds }: ScaleRun, count: number): string => grouped(Math.round(count / streamedSeconds))

/** What that load is in a day, if it goes on. */
function dayOf(run: ScaleRun): string {
  const gigabytes = (bytes: number): string => ((bytes / run.streamedSeconds) * (DAY_SECONDS / 1e9)).toFixed(0)
  return `- ${grouped(run.agents)} agents that stream all day at that rate: ${gigabytes(run.bytes)} GB of log, ${gigabytes(run.databaseBytes)} GB of database, ${gigabytes(run.walBytes)} GB written ahead.`
}
