/** The section of docs/PERFORMANCE.md on judging, from docs/bench/judge.json alone. */
import { join } from 'node:path'
import { grouped, table } from '../../trust/words.ts'

export const JUDGE_FILE = join(import.meta.dirname, '..', '..', '..', 'docs', 'bench', 'judge.json')

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

export interface JudgeData {
  readonly command: string
  readonly machine: Readonly<Record<string, string>>
  readonly runs: readonly JudgeRun[]
}

export function judgeSection({ command, machine, runs }: JudgeData): string {
  const sizes = [...new Map(runs.map((run) => [`${run.writes} ${run.sectors}`, run])).values()]
  const rows = sizes.map(({ writes, sectors }) => {
    const same = runs.filter((run) => run.writes === writes && run.sectors === sectors)
    return [
      grouped(writes),
      grouped(sectors),
      range(same.map(({ ms }) => ms / 1000)),
      range(same.map(({ cpuMs }) => cpuMs / 1000)),
      range(same.map(({ decodeMs }) => decodeMs / 1000)),
      grouped(Math.round(Math.max(...same.map(({ peakBytes }) => peakBytes)) / 1e6)),
      [...new Set(same.map(({ verdict }) => verdict))].join(', '),
    ]
  })
  return `## Judging

\`\`\`
${command}
\`\`\`

The log is decoded and the device judged, on one processor; reading the device is not in it. Random writes of 4 KiB, four in
flight, a flush every 16, what an honest disk holds afterwards. Seconds: median (least to most). Memory: the peak of the
whole process, which here also holds the log and what the device should hold.

${table(['writes', 'sectors', 'wall seconds', 'processor seconds', 'of these decoding', 'peak MB', 'verdict'], rows)}

Machine: ${Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}.
`
}

function range(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)]
  return `${median.toFixed(1)} (${least.toFixed(1)} to ${most.toFixed(1)})`
}
