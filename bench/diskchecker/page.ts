/** The section of docs/PERFORMANCE.md on diskchecker.pl's job, from docs/bench/diskchecker.json alone. */
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { ratios, reached, spreadOf, spreadText } from '../spread.ts'
import { MEGABYTES, type Measured, WAYS } from './measure.ts'
import { STRETCHES } from './stretches.ts'

export type DiskcheckerData = BenchData & Measured

const NONE = '–'

export const DISKCHECKER = sectionOf<DiskcheckerData>(
  'diskchecker',
  (data) => `## diskchecker.pl’s job

${commandBlock(data)}

Random writes of 16 KiB to a file of ${MEGABYTES} MiB, an fsync after each, each reported to a witness on loopback; diskchecker.pl (${data.supplied})
and the agent with \`--write-size 16k --flush-every 1\` in turn. Writes a second: median (least to most); the ratio is taken pair by pair.
diskchecker.pl goes through the page cache, and so does the agent with \`--io buffered\`; \`direct\` is shown without a goal.

The witnesses differ. diskchecker.pl waits before each write until its server has noted it, in memory: the server writes its notes
down when the client is gone. A collector answers once what it took is on stable storage, here on the very disk that is written to.
With \`--commit stream\` the agent goes on meanwhile, since it had announced its writes before; with \`--commit wait\` it waits after
each flush, which is one more flush of the disk for each write. A store in memory is shown for what of the wait is not the disk's.

${ratioTable(data)}

Where the time of one write goes, by the log of the agent, in microseconds: the write, its flush, and the wait from there to
the next write. Medians of each run.

${stretchTable(data)}

${boundText(data)}

${machineLine(data)}
`,
)

function ratioTable({ diskchecker, agent }: Measured): string {
  const peer = ['diskchecker.pl', 'buffered', NONE, 'before each write', spreadText(diskchecker, 0), NONE, NONE, NONE]
  const rows = WAYS.map(({ io, commit, store, goal }, index) => {
    const perSecond = agent[index]?.turns.map((turn) => turn.perSecond) ?? []
    const ratio = ratios(perSecond, diskchecker)
    return [
      `agent, --commit ${commit}`,
      io,
      store,
      commit === 'wait' ? 'after each flush' : 'never',
      spreadText(perSecond, 0),
      spreadText(ratio, 2),
      goal === undefined ? NONE : `≥ ${goal}`,
      goal === undefined ? NONE : reached(ratio, { atLeast: goal }),
    ]
  })
  return table(
    ['who', 'I/O', 'store', 'waits for its witness', 'writes/s', 'ratio', 'goal', 'reached'],
    [peer, ...rows],
  )
}

const stretchTable = ({ agent }: Measured): string =>
  table(
    ['agent', 'I/O', 'store', ...STRETCHES],
    agent.map(({ io, commit, store, turns }) => [
      `--commit ${commit}`,
      io,
      store,
      ...STRETCHES.map((name) =>
        spreadText(
          turns.map(({ us }) => us[name]),
          0,
        ),
      ),
    ]),
  )

const us = (value: number): string => `${grouped(Math.round(value))} µs`

/** What a whole write of the peer takes, beside what the agent alone waits for. */
function boundText({ diskchecker, agent }: Measured): string {
  const median = (where: 'disk' | 'memory', what: 'flush' | 'wait'): string => {
    const way = agent.find(({ io, commit, store }) => io === 'buffered' && commit === 'wait' && store === where)
    return us(spreadOf(way?.turns.map((turn) => turn.us[what]) ?? [0]).median)
  }
  return `With \`--commit stream\` most of a write is the disk's flush, which diskchecker.pl waits for as well: that bounds both.
A whole write of diskchecker.pl, with its report, takes ${us(1_000_000 / spreadOf(diskchecker).median)}. With \`--commit wait\` the agent waits for
two flushes of the disk one after the other, its own of ${median('disk', 'flush')} and the collector's; from the former to the next write it waits
${median('disk', 'wait')}, and ${median('memory', 'wait')} where the store is in memory and nothing is flushed. That is the way there and back: from the thread that flushed to the
main thread, framed and posted over HTTP; the collector checks who sends it, commits it in a transaction of SQLite, and answers;
the writing thread is woken.`
}
