/** The part of docs/TRUST.md about the simulated cuts of honest disks. */
import { formatProportion } from '../../src/core/statistics.ts'
import type { CornerCounts } from '../../test/support/simulated/corners.ts'
import { grouped, table } from '../words.ts'
import type { CutsData } from './data.ts'

/** First words of corners, each of which makes a row of the table; the rest are a row by themselves. */
const GROUPS = ['verdict', 'mode', 'workload', 'cadence', 'hazard', 'tail', 'baseline', 'commit'] as const

export function cutsSection(data: CutsData): string {
  const { cuts, falseAccusations, disagreements, simulatorFaults, weaker, writes, stableSectors } = data
  return `## Simulated cuts of honest disks

\`npm run trust -- cuts --cuts ${cuts} --seed 0x${data.seed}\`

A simulated disk with a volatile cache (\`src/rig/sim/disk.ts\`; the head of the file is its fault model) takes a run of
the agent's own loop, drawn with everything else from one seed, until its power is cut. Log and medium go to the judge,
and the same run to an oracle that knows what the disk really holds and works out what is to be found the slow way.

${verdictText(data)} ${grouped(weaker)} of them were judged by every weaker contract as well. The runs issued
${grouped(writes)} writes, and ${grouped(stableSectors)} sectors held something stable that could have been missed.

${table(
  ['', 'cuts', 'rate at 95 %'],
  [
    ['false accusations', grouped(falseAccusations), rate(falseAccusations, cuts)],
    ['judge and oracle disagree', grouped(disagreements), rate(disagreements, cuts)],
    ['the simulator failed, or broke its own contract', grouped(simulatorFaults), rate(simulatorFaults, cuts)],
  ],
)}

In its fastest block one worker made ${grouped(data.cutsPerSecond)} cuts a second (Node ${data.node}), the oracle’s work included. The corners that they got into:

${cornersTable(data.corners)}${problemsText(data)}`
}

function verdictText({ cuts, falseAccusations, disagreements, simulatorFaults }: CutsData): string {
  if (falseAccusations + disagreements + simulatorFaults > 0)
    return `**Of ${grouped(cuts)} honest cuts some went wrong: see below.**`
  const bound = cuts > 3 ? `: a rate above 3 in ${grouped(cuts)} is excluded at 95 %` : ''
  return `**${grouped(cuts)} honest cuts, not one convicted, and judge and oracle agreed on every one${bound}.**`
}

/** Of rates as small as these, one in a million is easier to read than a percentage; n times the exact bound of 0 of n is 3, rounded up. */
function rate(count: number, of: number): string {
  return count === 0 && of > 3 ? `below 3 in ${grouped(of)}` : formatProportion(count, of)
}

function cornersTable(corners: CornerCounts): string {
  const rows = GROUPS.map((group) => {
    const members = Object.entries(corners).filter(([corner]) => corner.startsWith(`${group} `))
    return [group, members.map(([corner, count]) => `${corner.slice(group.length + 1)} ${grouped(count)}`).join(', ')]
  })
  const others = Object.entries(corners).filter(([corner]) => !GROUPS.some((group) => corner.startsWith(`${group} `)))
  return table(
    ['corner', 'cuts'],
    [...rows, ['others', others.map(([corner, count]) => `${corner} ${grouped(count)}`).join(', ')]],
  )
}

function problemsText({ problems }: CutsData): string {
  if (problems.length === 0) return ''
  const lines = problems.map(({ kind, seed, replay }) => `- ${kind}, seed ${seed}: \`${replay}\``)
  return `\n\nWhat went wrong, and how each is had again:\n\n${lines.join('\n')}`
}
