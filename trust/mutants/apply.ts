/** A mutant put into a compiled file, which has the rule in exactly one place. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mutant } from './mutants.ts'

/** The file with the rule changed; throws where the list no longer fits the code. `dist`: the folder of the compiled program. */
export function mutated(
  dist: string,
  { rule, file, from, to }: Mutant,
): { readonly path: string; readonly text: string } {
  const path = join(dist, 'src', 'core', `${file}.js`)
  const [before, after, ...more] = readFileSync(path, 'utf8').split(from)
  if (before === undefined || after === undefined || more.length > 0) {
    const times = after === undefined ? 'not at all' : `${more.length + 1} times`
    throw new Error(`mutant "${rule}": src/core/${file} has ${JSON.stringify(from)} ${times}; it has to be there once`)
  }
  return { path, text: before + to + after }
}
