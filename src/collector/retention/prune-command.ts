/** `plugpull prune`: tells what would go, and with --yes removes it. */
import { Command, Option } from 'commander'
import { EXIT, ProbeError } from '../../core/errors.ts'
import { exitStatusHelp } from '../../io/help.ts'
import type { CollectorClient } from '../../io/collector-client.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import type { Pruned, Store } from '../store/store.ts'
import { addPlaceOptions, atPlace, type PlaceOptions } from '../transfer/place.ts'
import { policyOf, prunedText, queryOf, WHAT, type What } from './policy.ts'

interface PruneOptions extends PlaceOptions {
  readonly olderThan?: string
  readonly keepSize?: string
  readonly what: What
  readonly dryRun?: true
  readonly yes?: true
  readonly json?: true
}

/** Runs go one by one, each in a transaction of its own: very many take their time. */
const REQUEST_MS_MAX = 3_600_000

export function pruneCommand(): Command {
  const command = new Command('prune')
    .description('Removes the logs of old runs, or the runs; never of one that has no verdict (docs/RETENTION.md)')
    .option('--older-than <AGE>', 'of runs that were created longer ago: 90d, 12w, 36h, 1y')
    .option('--keep-size <SIZE>', 'of the oldest runs, until the logs that are left take no more than this: 50G')
    .addOption(
      new Option('--what <WHAT>', 'logs: the log goes, verdicts and counts stay; runs: everything of the run goes')
        .choices(WHAT)
        .default('logs'),
    )
    .addOption(new Option('--dry-run', 'only tell what would go; so it is without --yes, too').conflicts('yes'))
    .option('--yes', 'remove it')
  return addPlaceOptions(command, 'the store of a collector: sqlite:FILE or postgres://USER@HOST/DATABASE')
    .option('--json', 'one JSON document on stdout (plugpull.prune/1)')
    .addHelpText(
      'after',
      exitStatusHelp(
        `plugpull prune --older-than 90d --collector http://127.0.0.1:7117
         plugpull prune --keep-size 50G --what logs --yes --store sqlite:plugpull.db`,
        [EXIT.held, EXIT.usage, EXIT.unavailable, EXIT.interrupted],
      ),
    )
    .action(runPrune)
}

async function runPrune(options: PruneOptions): Promise<void> {
  const { olderThan, keepSize, what, json } = options
  const policy = policyOf({ age: olderThan, size: keepSize, what }, { age: '--older-than', size: '--keep-size' })
  if (policy === undefined)
    throw new ProbeError('BAD_OPTION', 'prune needs --older-than AGE or --keep-size SIZE, to know what is old')
  const dryRun = options.yes !== true
  const query = queryOf(policy, Date.now(), dryRun)
  const { at: _at, ...order } = query
  const pruned = await withInterrupt(async (signal) => {
    const work = {
      collector: (client: CollectorClient) => {
        // The collector goes on with what it was asked; only its answer is not waited for.
        signal.addEventListener('abort', () => void client.close(), { once: true })
        return client.prune<Pruned>(order, ['runs', 'bytes', 'spared']).catch((error: unknown) => {
          signal.throwIfAborted()
          throw error
        })
      },
      store: (store: Store) => store.prune({ ...query, signal }),
    }
    return atPlace('prune', options, 'update', work, REQUEST_MS_MAX)
  })
  const { runs, bytes, spared } = pruned
  if (json === true)
    process.stdout.write(`${JSON.stringify({ schema: 'plugpull.prune/1', ...order, runs, bytes, spared })}\n`)
  else process.stdout.write(`${prunedText(pruned, what, dryRun)}\n`)
  if (dryRun && options.dryRun !== true && runs > 0) process.stderr.write('nothing was removed: add --yes to do it\n')
}
