/** `npm run trust -- PART`: runs one part of the case for the judge, or makes docs/TRUST.md from what the parts left. */
import { Command } from 'commander'
import { type Commands, runProgram, programOf } from '../src/run-program.ts'
import { writePage } from './page.ts'
import { PARTS } from './registry.ts'

const page = (): Promise<Command> =>
  Promise.resolve(new Command('page').description('make docs/TRUST.md anew from docs/trust/*.json').action(writePage))

const COMMANDS: Commands = {
  ...Object.fromEntries(PARTS.map((part) => [part.name, () => Promise.resolve(part.command())])),
  page,
}

const WORDS = {
  name: 'npm run trust --',
  description: 'The case for the judge: runs one part of it, and puts what came of it on docs/TRUST.md',
}

await runProgram((name) => programOf(COMMANDS, WORDS, name))
