/** The part of docs/TRUST.md on the exhaustive comparison, from its data alone. */
import { grouped, table } from '../words.ts'
import { type Counts, noCounts } from './check.ts'
import { type ExhaustiveData, sum } from './data.ts'
import { ATOMIC_EVERY, PARTS } from './parts.ts'

export function exhaustiveSection(data: ExhaustiveData): string {
  const all = data.parts.reduce<Counts>(sum, noCounts())
  return `## Every small history

\`\`\`
${data.command}
\`\`\`

A second model of the contracts, in \`trust/exhaustive\`, shares no code with the judge. It has machines: what a disk may do
with a write, moment by moment, under each contract. For a history it runs them through every execution and so knows every state
that a cut can leave. A state has to be accused **exactly** where no execution leaves it: not less, and not more. What is lost,
torn and reordered is worked out from the same machines by the words of [MODEL.md](MODEL.md).

The histories: writes over three sectors in every layout, FUA or not, overlapping or not, in flight together or not, up to two
flushes with other writes in flight or none, and the log cut after any event. The states: every sector the baseline or any write
that covers it. The contracts: \`write-through\`, \`ordered\`, \`volatile\` and \`virtio-strict\`, alone and with atomic units of
two and of four sectors (with the classes of four writes: for one layout in ${ATOMIC_EVERY}).

${table(
  ['histories', 'compared', 'states', 'verdicts', 'violation', 'held', 'inconclusive', 'findings'],
  data.parts.map(({ part, ...counts }) => [
    PARTS[part],
    grouped(counts.histories),
    grouped(counts.states),
    grouped(counts.verdicts),
    grouped(counts.violation),
    grouped(counts.held),
    grouped(counts.inconclusive),
    grouped(counts.findings),
  ]),
)}

**${data.disagreements.length === 0 ? `${grouped(all.verdicts + all.odd)} verdicts, no disagreement.` : `${data.disagreements.length} DISAGREEMENTS.`}** ${minutes(data.seconds)}.

- Each verdict is compared by its word, by the base contracts it is consistent with, and by the number of findings of each kind
  and severity; ${grouped(all.listed)} of them finding by finding, with the write that each is about.
- ${grouped(all.odd)} more have one sector that no write explains: zeros, an older run, a stamp of another device or of a write
  of this run that belongs elsewhere, a torn sector, garbage, a version beyond the window, a read error. They are accused,
  but where \`virtio-strict\` leaves the sector undefined; whether one that is not accused is held or inconclusive is not
  compared.
- ${grouped(all.throughBytes)} were had a second time from the bytes of the log and of the sectors.
- Failed requests, damaged logs, unknown baselines and the end of a run are not among these histories: \`test/core/judge\` and the
  simulated cuts have them. Ages, bytes at risk and flushes called lies are not compared here either.

A class is what the model can tell about a log: which write is before which, what completed, what is stable. Two logs of one
class differ only in what no rule speaks of, so one of each class is compared with all its layouts${data.layoutsEvery === 1 ? '' : ` (here one layout in ${data.layoutsEvery} of the classes of four writes)`},
and logs drawn at random show that the others of a class are judged alike.

${table(
  ['writes', 'logs of up to 2 flushes', 'classes'],
  data.logs.map(({ writes, logs, classes }) => [String(writes), grouped(logs), grouped(classes)]),
)}

What it took to get there: the judge was wrong under \`virtio-strict\`, in both directions. A write that is all or nothing leaves
nothing undefined; only what stands in defined sectors convicts; and a copy of a lost write in an undefined sector does not
account for the loss.`
}

const minutes = (seconds: number): string =>
  seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`
