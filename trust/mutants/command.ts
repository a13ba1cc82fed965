/** `npm run trust -- mutants`: every mutant before the tests, and the page of what came out. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { type RawOptions, wholeOf } from '../../src/core/agent-options.ts'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createProgress } from '../../src/io/progress.ts'
import { withScratch } from '../../src/io/scratch.ts'
import type { TrustPart } from '../part.ts'
import { published } from '../published.ts'
import { type Fate, hunt, isAlive } from './hunt.ts'
import { MUTANTS } from './mutants.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const JOBS_DEFAULT = '2'

export function mutantsCommand(part: TrustPart): Command {
  return new Command('mutants')
    .description('change one rule of the judge at a time: a test has to fail')
    .option('--only <text>', 'mutants whose rule has this text; the page is left alone')
    .option('--jobs <n>', `mutants side by side (default: ${JOBS_DEFAULT})`)
    .action(async (raw: RawOptions) => {
      process.exitCode = await withInterrupt((signal) => run(part, raw, signal))
    })
}

async function run(part: TrustPart, raw: RawOptions, signal: AbortSignal): Promise<number> {
  const only = typeof raw['only'] === 'string' ? raw['only'] : undefined
  const jobs = wholeOf(typeof raw['jobs'] === 'string' ? raw['jobs'] : JOBS_DEFAULT, '--jobs', 16)
  const chosen = MUTANTS.filter(({ rule }) => only === undefined || rule.includes(only))
  if (chosen.length === 0)
    throw new ProbeError(
      'BAD_OPTION',
      `--only got ${JSON.stringify(only)}, which is in no rule; the rules: ${MUTANTS.map(({ rule }) => rule).join('; ')}`,
    )
  const fates = await huntAll(chosen, jobs, signal)
  const lived = fates.filter(isAlive)
  for (const { rule, killedBy, equivalent } of fates)
    process.stdout.write(`${killedBy ?? (equivalent === undefined ? 'ALIVE' : 'equivalent')}: ${rule}\n`)
  process.stdout.write(
    `${fates.filter(({ killedBy }) => killedBy !== undefined).length} of ${fates.length} mutants killed, ${lived.length} alive\n`,
  )
  if (only === undefined)
    process.stdout.write(`${await published(part, { command: 'npm run trust -- mutants', mutants: fates })}\n`)
  return lived.length === 0 ? EXIT.held : EXIT.violation
}

/** The fates of those mutants, in copies of the program that are gone afterwards. */
function huntAll(mutants: typeof MUTANTS, jobs: number, signal: AbortSignal): Promise<readonly Fate[]> {
  return withScratch('mutants', async (scratch) => {
    const directories = Array.from({ length: Math.min(jobs, mutants.length) }, (_, i) => join(scratch.path, String(i)))
    for (const directory of directories) mkdirSync(directory)
    const progress = createProgress({ label: 'mutants', total: mutants.length })
    const told = (done: number, lived: number): void => progress.update(done, `${lived} alive`)
    try {
      return await hunt(mutants, { root, directories, signal, told })
    } finally {
      progress.finish()
    }
  })
}
