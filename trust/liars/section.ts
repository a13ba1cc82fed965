/** The part of docs/TRUST.md about disks that lie. */
import { EVERY_DEFAULT, FAULTS } from '../../src/rig/sim/fault.ts'
import { NOT_OFFERED } from '../../src/rig/sim/rig.ts'
import { grouped, table } from '../words.ts'
import { adviceOf } from './advice.ts'
import { type Calibration, isExact } from './calibration.ts'
import { CUTS_ALL_CAUGHT, NEEDS, QUARTER, WORKLOADS_COMPARED } from './campaign.ts'
import { type Catch, type CatchRow, catchRows, cutsUntil, type LiarsData } from './data.ts'

export function liarsSection(data: LiarsData): string {
  return `## Simulated disks that lie

\`${commandOf(data)}\`

${calibrationText(data)}

${calibrationTable(data.calibration)}${problemsText(data.calibration)}

### How many cuts until a liar is caught, by workload

${conditionsText(data)}

${adviceOf(data)}

${catchTable(catchRows(data))}`
}

/** The command that measures it all again. */
function commandOf({ calibration, workloads }: LiarsData): string {
  const [first] = calibration
  const cuts = first === undefined ? '' : ` --cuts ${first.cuts}`
  return `npm run trust -- liars${cuts} --campaign-cuts ${workloads.cutsMax} --seed 0x${workloads.seed.replace(/^0+/, '')}`
}

function calibrationText({ calibration }: LiarsData): string {
  const wrong = calibration.filter((liar) => !isExact(liar)).map(({ fault }) => `\`${fault}\``)
  const result =
    wrong.length === 0
      ? `**Each of the ${calibration.length} liars was convicted of exactly its fault in every cut that left something to see of it: of the right kind, at the right write and address, and of nothing else.**`
      : `**Not every liar was convicted of exactly its fault: ${wrong.join(', ')}.**`
  return `The same simulated disks, each lying in one way at some rate (the kinds: \`src/rig/sim/fault.ts\`). Whether a lie can be
seen at all says the oracle: one that a later write covered up, or whose evidence went with the tail of the log, cannot,
and nobody may be convicted of it. ${result}`
}

function calibrationTable(calibration: readonly Calibration[]): string {
  return table(
    [
      'liar',
      'may strike at each',
      'cuts',
      'struck',
      'could be seen in',
      'convicted in',
      'named (cuts)',
      'misplaced',
      'misnamed',
      'judge and oracle differ',
    ],
    calibration.map((liar) => [
      `\`${liar.fault}\``,
      FAULTS[liar.fault].chance,
      grouped(liar.cuts),
      grouped(liar.injections),
      grouped(liar.observable),
      grouped(liar.convicted),
      Object.entries(liar.kinds)
        .map(([kind, cuts]) => `${kind} ${grouped(cuts)}`)
        .join(', ') || '–',
      grouped(liar.misplaced),
      grouped(liar.misnamed),
      grouped(liar.disagreements),
    ]),
  )
}

function problemsText(calibration: readonly Calibration[]): string {
  const lines = calibration.flatMap(({ fault, problems }) =>
    problems.map(({ kind, replay }) => `- ${fault}, ${kind}: \`${replay}\``),
  )
  return lines.length === 0 ? '' : `\n\nWhat went wrong, and how each is had again:\n\n${lines.join('\n')}`
}

function conditionsText({ workloads }: LiarsData): string {
  const { rows, cutsMax } = workloads
  const writes = (wal: boolean): string => {
    const some = rows.filter(({ workload }) => (workload === 'wal') === wal)
    const [issued, cuts] = some.reduce(([w, c], row) => [w + row.writes, c + row.cuts], [0, 0])
    return cuts === 0 ? 'no' : grouped(Math.round(issued / cuts))
  }
  const refused = [...NOT_OFFERED].map(([fault, why]) => `\`${fault}\`, since ${why}`)
  const needs = Object.entries(NEEDS).map(([fault, { text }]) => `\`${fault}\` needs ${text}`)
  return `Each campaign is what \`plugpull loop --rig sim --size ${QUARTER.size} --cut-after ${QUARTER.cutAfter} --workload W --fault LIAR:RATE\`
does, all else by default: a quarter of the default disk and time, so that as much is overwritten in a quarter of the work.
The whole disk is written to, 4 KiB at a time, one write in flight, a flush after every 16 (\`wal\`: after each), the cut in
simulated time, on average after ${writes(false)} writes (\`wal\`: ${writes(true)}). What is not flushed survives with a chance of one half.
\`drop-every-kth-flush\` has its default k of ${EVERY_DEFAULT}. Some liars the loop itself refuses, and only the simulated disk
beneath it was asked here: ${refused.join('; ')}.

Where a liar could otherwise not lie:

${needs.map((need) => `- ${need}`).join('\n')}

From the share p of cuts that convict follow the numbers of cuts after which the liar is caught with a chance of 50 % and of
90 %: ln 0.5 / ln(1 − p) and ln 0.1 / ln(1 − p), rounded up. In brackets the first of them for the ends of p’s 95 % Wilson
interval. p is from ${cutsMax} cuts, or from ${CUTS_ALL_CAUGHT} where each of those convicted. For damage done at the cut p was measured at
rate 1 and multiplied by the rate, since whether it is done is one draw a cut.`
}

function catchTable(rows: readonly CatchRow[]): string {
  return table(
    ['liar', 'rate', ...WORKLOADS_COMPARED.map((workload) => `\`${workload}\``)],
    rows.map(({ fault, rate, catches }) => [
      `\`${fault}\``,
      `${rate} per ${FAULTS[fault].chance}`,
      ...WORKLOADS_COMPARED.map((workload) => cellText(catches[workload])),
    ]),
  )
}

function cellText(caught: Catch | undefined): string {
  if (caught === undefined) return 'not run'
  if (caught.p === 0) return `not in ${grouped(caught.of)}`
  const [median, fast, slow] = [caught.p, caught.high, caught.low].map((p) => grouped(cutsUntil(0.5, p)))
  const range = fast === slow ? '' : ` (${fast}–${slow})`
  return `${median}${range}, ${grouped(cutsUntil(0.9, caught.p))}`
}
