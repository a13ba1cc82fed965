/** The section of docs/PERFORMANCE.md on writing, from docs/bench/writes.json alone. */
import { grouped, table } from '../../trust/words.ts'
import type { AgentFigures } from '../agent-run.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { ratios, reached, spreadOf, spreadText } from '../spread.ts'
import { BUCKETS } from './buckets.ts'
import type { FioFigures } from './fio.ts'
import { COST_DEPTHS, COST_GOAL_US, COST_TARGET, TABLES } from './jobs.ts'
import type { Measured, Played } from './measure.ts'
import type { Profile } from './profile.ts'
import { REGION_BYTES } from './settings.ts'

export type WritesData = BenchData & Measured

const NONE = '–'
const TITLE: Readonly<Record<(typeof TABLES)[number], string>> = {
  workers: 'Random writes of 4 KiB, with as many jobs of fio as the agent has writes in flight:',
  deep: 'Random writes of 4 KiB, one job of fio with as many in flight:',
  flushes: 'Random writes of 4 KiB, one at a time, waiting for each flush:',
  sequential:
    'Sequential writes of 1 MiB, one at a time; the bare fio writes the same bytes again and again, the other makes a header and a check sum:',
}

export const WRITES = sectionOf<WritesData>(
  'writes',
  (data) => `## Writing

${commandBlock(data)}

The agent beside fio with \`verify=crc32c\`: the same target, the same ${REGION_BYTES / 2 ** 20} MiB of it, O_DIRECT, the same cadence of flushes, in turn. A figure is writes a
second: median (least to most); the ratio is taken pair by pair. The agent streams its log to a collector on loopback, whose
processor time is thus counted against the agent. ${data.storeInMemory ? 'Its store lies in memory, so that the log does not compete for the disk.' : 'Its store lies on the same disk as the file.'}
Both are measured in the middle of a run: fio after its \`ramp_time\`, the agent between two moments of its own log, once its
threads have compiled their code. The file was written once before, so that a write changes nothing but data; the loop device lies
over a sparse file in memory, is near to costing nothing, and so shows what the programs cost.

fio flushes after every 16 writes of each job and goes on writing in the other jobs. So does the agent with
\`--flush-mode concurrent\`; with \`barrier\` it drains its queue before each flush, which is another job, and is shown without a goal.
\`auto\` is what the agent does by itself; \`psync\` has a thread for each write in flight, as fio's engine of that name has a process.

${TABLES.map((name) => `${TITLE[name]}\n\n${ratioTable(data.played.filter((played) => played.table === name))}`).join('\n\n')}

${sequentialText(data.played)}

${BOUNDS}

### Cost of a write

Microseconds of the processor a write, outside the kernel: in the thread that writes, and in the main thread, which encodes the
records and sends them. From the times of the threads in /proc over the measured stretch, on the ${COST_TARGET}, without flushes. The goal
is less than ${COST_GOAL_US} in all. “At first”: writes a second in the
first half second of a run, as a share of those measured: what compiling costs at the start.

${costTable(data.played)}

${profileText(data.profiles)}

${machineLine(data)}
`,
)

/** Beside the tables that show it; the profile is below. */
const BOUNDS = `What bounds the rows that fall short:

- One at a time, the thread sleeps while the device works, and wakes to caches that hold other things: what takes it 1.5 µs when it never sleeps
  takes three to four times as long, and so do the ways through Node to the kernel and back. Tried: the two system calls without what Node does around
  each (kept, 5 µs less); asynchronous I/O at that depth, with the next write's bytes made meanwhile (no quicker).
- With a flush after every 16 writes and several in flight, the agent has one flush under way at a time, because the log's order of flushes is part of
  the evidence. fio has one for each job, and the kernel makes one of those that come together.
- With four in flight on a device in memory, sleeping and waking is nearly all of the time, and one thread wakes for each completion. fio's
  engine of the same kind makes hardly more of it.
- With 16 in flight on the file the processors are idle for part of the time. What is waited for was not found: one thread that turns each completion
  into the next request is what remains beside the device. With 32 on a device in memory that thread is busy all the time, and the other
  processor has the device's own thread, the collector and the agent's main thread.
- \`psync\` with many in flight has as many JavaScript engines, each of which compiles its code for itself and has its own of everything in the
  processor's caches. It is what an agent without the package koffi has.
- Handing over all that may start at once was slower by a fifth to a third at 16 and 32 in flight: the device then waits for the processor, and the processor
  for the device. So each write goes out as soon as its bytes are made.`

const perSecond = ({ runs }: { readonly runs: readonly { readonly perSecond: number }[] }): readonly number[] =>
  runs.map((run) => run.perSecond)

function ratioTable(played: readonly Played[]): string {
  const rows = played.flatMap(({ target, job, ours, peers }) =>
    ours.flatMap((one) =>
      peers.map((peer) => {
        const ratio = ratios(perSecond(one), perSecond(peer))
        return [
          target,
          String(job.depth),
          flushText(job.flushEvery),
          one.name,
          peer.name,
          spreadText(perSecond(one), 0),
          spreadText(perSecond(peer), 0),
          spreadText(ratio, 2),
          one.goal === undefined ? NONE : `≥ ${one.goal.toFixed(2)}`,
          one.goal === undefined ? NONE : reached(ratio, { atLeast: one.goal }),
        ]
      }),
    ),
  )
  return table(
    ['target', 'in flight', 'flush', 'agent', 'peer', 'agent, writes/s', 'peer, writes/s', 'ratio', 'goal', 'reached'],
    rows,
  )
}

/** What the bare fio does not do. */
function sequentialText(played: readonly Played[]): string {
  const runs = played.filter(({ table: name, target }) => name === 'sequential' && target === COST_TARGET)
  const us = runs.flatMap(({ ours }) => ours.flatMap((one) => one.runs.map(({ workerUserUs }) => workerUserUs)))
  return `A write of 1 MiB costs the agent ${spreadText(us, 0)} µs outside the kernel, on the ${COST_TARGET}: it makes bytes that no
other write has, without which nobody could tell what was lost or torn, while the write before is under way. The bare fio makes none.`
}

const flushText = (every: number): string => (every === 0 ? 'none' : `each ${every}`)

function costTable(played: readonly Played[]): string {
  const shown = played.filter(
    ({ target, job }) =>
      target === COST_TARGET && job.writeBytes === 4096 && job.flushEvery === 0 && COST_DEPTHS.includes(job.depth),
  )
  const rows = shown.flatMap(({ job, ours, peers }) => [
    ...ours.map(({ name, runs }) => agentCost(`agent, ${name}`, job.depth, runs)),
    ...peers.map(({ name, runs }) => fioCost(name, job.depth, runs)),
  ])
  return table(
    ['who', 'in flight', 'writer, user', 'main thread, user', 'user in all', 'goal', 'reached', 'kernel', 'at first'],
    rows,
  )
}

function agentCost(name: string, depth: number, runs: readonly AgentFigures[]): readonly string[] {
  const all = runs.map(({ workerUserUs, mainUserUs }) => workerUserUs + mainUserUs)
  const first = runs.map(({ perSecondAtFirst, perSecond: steady }) => perSecondAtFirst / steady)
  return [
    name,
    String(depth),
    spreadText(
      runs.map(({ workerUserUs }) => workerUserUs),
      1,
    ),
    spreadText(
      runs.map(({ mainUserUs }) => mainUserUs),
      1,
    ),
    spreadText(all, 1),
    `< ${COST_GOAL_US}`,
    reached(all, { atMost: COST_GOAL_US }),
    spreadText(
      runs.map(({ systemUs }) => systemUs),
      1,
    ),
    spreadOf(first).median.toFixed(2),
  ]
}

const fioCost = (name: string, depth: number, runs: readonly FioFigures[]): readonly string[] => [
  name,
  String(depth),
  NONE,
  NONE,
  spreadText(
    runs.map(({ userUs }) => userUs),
    1,
  ),
  NONE,
  NONE,
  spreadText(
    runs.map(({ systemUs }) => systemUs),
    1,
  ),
  NONE,
]

function profileText(profiles: Measured['profiles']): string {
  if ('absent' in profiles) return `No profile was taken: ${profiles.absent}.`
  const samples = profiles.reduce((sum, profile) => sum + profile.samples, 0)
  const head = ['microseconds a write', ...profiles.map(({ engine, depth }) => `${engine}, ${depth} in flight`)]
  return `What that time is spent on: ${grouped(samples)} samples by \`perf\` of the threads while they were outside the kernel, each counted for the
innermost function of a known kind on its stack. What the compiler put into a function counts for that one. Being watched and
having its functions named slows the agent, so the sums are above those of the table before.

${table(head, profileRows(profiles))}`
}

const cell = (us: number): string => us.toFixed(2)

function profileRows(profiles: readonly Profile[]): readonly (readonly string[])[] {
  const rows = BUCKETS.filter((bucket) => profiles.some(({ us }) => us[bucket] !== undefined)).map((bucket) => [
    bucket,
    ...profiles.map(({ us }) => cell(us[bucket] ?? 0)),
  ])
  return [...rows, ['in all', ...profiles.map(({ us }) => cell(Object.values(us).reduce((sum, one) => sum + one, 0)))]]
}
