/** The section of docs/PERFORMANCE.md on the start of the agent, from docs/bench/start.json alone. */
import { table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { reached, spreadText } from '../spread.ts'

const MORE_MS_MOST = 60

/** What is started, and up to where its time is taken; the first is the one with a goal. */
export const STARTS = [
  { name: 'bundle', until: 'first write' },
  { name: 'bundle', until: 'end' },
  { name: 'bundle --version', until: 'end' },
  { name: 'installed', until: 'first write' },
  { name: 'installed', until: 'end' },
  { name: 'installed --version', until: 'end' },
] as const

/** One repetition: milliseconds, in the order of STARTS, and of the `node -e 0` just before. */
export interface StartRound {
  readonly nodeMs: number
  readonly startsMs: readonly number[]
}

export interface StartData extends BenchData {
  readonly bundleBytes: number
  readonly rounds: readonly StartRound[]
}

export const START = sectionOf<StartData>('start', (data) => {
  const rows = STARTS.map(({ name, until }, at) => {
    const times = data.rounds.map(({ startsMs }) => startsMs[at] ?? Number.NaN)
    const more = data.rounds.map(({ nodeMs }, round) => (times[round] ?? Number.NaN) - nodeMs)
    const goal = at === 0 ? [`at most ${MORE_MS_MOST}`, reached(more, { atMost: MORE_MS_MOST })] : ['–', '–']
    return [name, until, spreadText(times, 0), spreadText(more, 0), ...goal]
  })
  return `## Starting the agent

${commandBlock(data)}

A fresh process each time, its files in the page cache: \`agent --writes 1\` on a small file with its log in a file. *First write*: from just
before the process is made until the target's time of modification, which the kernel takes by its tick; target looked at, guard passed, log opened, worker
started. *End*: until the process is gone. \`node -e 0\` takes ${spreadText(
    data.rounds.map(({ nodeMs }) => nodeMs),
    0,
  )} ms; the bundle is ${Math.round(data.bundleBytes / 1000)} KB. Milliseconds: median (least to most) of ${data.rounds.length}; *more* by pairs.

${table(['program', 'until', 'ms', 'more than node -e 0', 'goal', 'reached'], rows)}

By the profile the time goes to a second JavaScript engine for the worker thread, to compiling and running the bundle with its command line, and to the
guard, which runs \`wipefs\` on the target and looks for another program that has it open. All that only some starts need is loaded by those: the HTTP
client with the first request, the log's colours at a terminal, the other commands never.

${machineLine(data)}
`
})
