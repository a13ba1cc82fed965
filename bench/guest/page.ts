/** The section of docs/PERFORMANCE.md on the agent in an emulated guest, from docs/bench/guest.json alone. */
import { grouped, table } from '../../trust/words.ts'
import { type BenchData, commandBlock, machineLine, sectionOf } from '../section.ts'
import { ratios, reached, spreadOf, spreadText } from '../spread.ts'
import { FLUSHES, REGION_MIB, type TrialResult } from './trial.ts'

const RATIO_LEAST = 0.7
const LAST_SECONDS = 2

export interface GuestData extends BenchData {
  /** Of each trial. */
  readonly seconds: number
  readonly results: readonly TrialResult[]
}

const ratesOf = (results: readonly TrialResult[]): readonly number[] => results.map(({ perSecond }) => perSecond)

/** Writes a second towards the end, as good as it gets in that time. */
function lastRate({ seconds = [] }: TrialResult): number {
  const last = seconds.slice(-LAST_SECONDS)
  return last.reduce((sum, writes) => sum + writes, 0) / last.length
}

export const GUEST = sectionOf<GuestData>('guest', (data) => {
  const of = (program: TrialResult['program'], flushEvery: number): readonly TrialResult[] =>
    data.results.filter((result) => result.program === program && result.flushEvery === flushEvery)
  const rows = FLUSHES.map((flushEvery, at) => {
    const agent = ratesOf(of('agent', flushEvery))
    const fio = ratesOf(of('fio', flushEvery))
    const pairs = ratios(agent, fio)
    const goal = at === 0 ? [`at least ${RATIO_LEAST}`, reached(pairs, { atLeast: RATIO_LEAST })] : ['–', '–']
    const warm = ratios(of('agent', flushEvery).map(lastRate), fio)
    return [
      String(flushEvery),
      spreadText(agent, 0),
      spreadText(fio, 0),
      spreadText(pairs, 2),
      spreadText(warm, 2),
      ...goal,
    ]
  })
  const runs = of('agent', FLUSHES[0]).flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]))
  const length = Math.min(...runs.map((seconds) => seconds.length))
  const warming = Array.from({ length }, (_, second) => {
    const { median } = spreadOf(runs.map((seconds) => seconds[second] ?? 0))
    return grouped(Math.round(median))
  })
  return `## The agent in an emulated guest

${commandBlock(data)}

The guest of the rigs under QEMU without KVM: one emulated processor, a raw disk on virtio-blk with cache=none. fio (psync,
verify=crc32c, fdatasync) and the agent write 4 KiB at random places of ${REGION_MIB} MiB, one at a time, O_DIRECT, for ${data.seconds} s each, in turn in the
same boot; the agent's log goes to a collector on the host meanwhile. Writes a second: median (least to most); ratio by pairs.
The agent is measured from its first issue, that is while its code is still interpreted.

${table(['flush every', 'agent', 'fio', 'ratio', `ratio, last ${LAST_SECONDS} s`, 'goal', 'reached'], rows)}

Second by second the agent makes ${warming.join(', ')} writes at a flush every ${FLUSHES[0]}. By the profile what bounds it is that V8's
interpreter and its optimising compiler share the one processor with the writing for as long as the program is young; then what each
append to the log costs the main thread. To have V8 not optimise, or inline less, was tried: neither writes sooner, and both are slower later.

${machineLine(data)}
`
})
