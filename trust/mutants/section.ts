/** The part of docs/TRUST.md on mutants, from its data alone. */
import { table } from '../words.ts'
import { type Fate, isAlive } from './hunt.ts'

export interface MutantsData {
  readonly command: string
  readonly mutants: readonly Fate[]
}

export function mutantsSection({ command, mutants }: MutantsData): string {
  const lived = mutants.filter(isAlive)
  const killed = mutants.filter(({ killedBy }) => killedBy !== undefined).length
  return `## Every rule is held by a test

\`\`\`
${command}
\`\`\`

A test that cannot fail proves nothing. Each mutant below is the judge with one rule changed; the tests are run against it,
the quickest first, until one fails: the rules as one-line histories (\`test/core/judge\`), a share of the small histories above,
the simulated cuts below.

**${killed} of ${mutants.length} mutants killed**; the others are the rule in other words, and the table says why.${lived.length === 0 ? '' : ` ALIVE: ${lived.map(({ rule }) => rule).join('; ')}.`}

${table(
  ['the rule as it becomes', 'file', 'killed by'],
  mutants.map(({ rule, file, killedBy, equivalent }) => [
    rule,
    `core/${file}`,
    killedBy ?? `nothing: ${equivalent ?? 'ALIVE'}`,
  ]),
)}`
}
