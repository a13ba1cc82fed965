/** What the replayed runs say, as a part of docs/TRUST.md. */
import type { RuleResult } from './replay.ts'
import type { RunData } from './runs.ts'

export interface ReplayData {
  readonly seed: string
  readonly runs: readonly RunData[]
}

const grouped = (value: number): string => value.toLocaleString('en-US')
const row = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => (typeof cell === 'number' ? grouped(cell) : cell)).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n')

const sum = (rules: readonly RuleResult[], of: (rule: RuleResult) => number): number =>
  rules.reduce((total, rule) => total + of(rule), 0)

/** The section. */
export function sectionOf({ seed, runs }: ReplayData): string {
  const all = runs.flatMap(({ rules }) => rules)
  const honest = all.filter((rule) => rule.honest)
  const liars = [...new Set(all.filter((rule) => !rule.honest).map(({ rule }) => rule))]
  return `## Real runs, cut at every point

Real runs of the agent with a log of every write beside them: behind \`qemu-storage-daemon\` with QEMU's \`blklogwrites\`, and in a guest
with the kernel's \`dm-log-writes\`. At each point of that log the state of the disk is made as if the power had gone there, and judged
with the part of the agent's log that had certainly happened by then (\`trust/replay/cut-points.ts\`). An honest device either did
everything in order, or kept what was flushed and, of the rest, whatever sectors chance had it. The liars were given the very same
requests. What has to be found is worked out from the log of writes alone, and the plan of the run's writes, without the judge: a sector that holds an
older version than the newest stable one, or one that belongs elsewhere.

\`npm run trust -- replay --seed ${seed}\` makes the same workloads and choices again; how the writes in flight fall is up to the machine.

**${grouped(sum(honest, ({ states }) => states))} states of honest devices: ${grouped(sum(honest, ({ violation }) => violation))} accused**, ${grouped(sum(honest, ({ held }) => held))} held, ${grouped(sum(honest, ({ inconclusive }) => inconclusive))} inconclusive (nothing was stable yet, or
everything was overwritten since).

${table(['run', 'log kept by', 'requests', 'flushes', 'points', 'honest states', 'accused', 'with hazards'], runs.map(runRow))}

| run | options of the agent |
| --- | --- |
${runs.map(({ name, workload }) => `| ${name} | \`${workload}\` |`).join('\n')}

Liars made from the same logs. A state that is not broken is one where what the liar did cannot be seen, because something newer stands
there: it must not be accused either.

${table(
  ['liar', 'states', 'broken', 'convicted', 'missed', 'not broken', 'accused all the same'],
  liars.map((name) =>
    liarRow(
      name,
      all.filter(({ rule }) => rule === name),
    ),
  ),
)}`
}

function runRow({ name, source, entries, flushes, points, rules }: RunData): readonly (string | number)[] {
  const honest = rules.filter((rule) => rule.honest)
  const count = (of: (rule: RuleResult) => number): number => sum(honest, of)
  return [
    name,
    source,
    entries,
    flushes,
    points,
    count(({ states }) => states),
    count(({ violation }) => violation),
    count(({ withHazards }) => withHazards),
  ]
}

function liarRow(name: string, rules: readonly RuleResult[]): readonly (string | number)[] {
  const states = sum(rules, (rule) => rule.states)
  const broken = sum(rules, (rule) => rule.broken)
  const missed = sum(rules, (rule) => rule.missed)
  return [name, states, broken, broken - missed, missed, states - broken, sum(rules, (rule) => rule.falselyAccused)]
}
