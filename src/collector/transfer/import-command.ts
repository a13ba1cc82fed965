/** `plugpull import`: options and output; how lines are stored stands in apply.ts. */
import { Command } from 'commander'
import { EXIT, ProbeError } from '../../core/errors.ts'
import { counted, formatBytes, parseDurationMs } from '../../core/size.ts'
import type { CollectorClient } from '../../io/collector-client.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { createProgress } from '../../io/progress.ts'
import type { Store } from '../store/store.ts'
import { type Imported, importLines, type ImportSink } from './import-lines.ts'
import { type Input, openInput } from './input.ts'
import { addPlaceOptions, atPlace, type PlaceOptions } from './place.ts'
import { type ExportReader, readExport } from './read-export.ts'
import { collectorSink, storeSink } from './sinks.ts'

const OUTAGE_DEFAULT = '60s'
/** A slice of small runs is a commit for each of its lines. */
const REQUEST_MS_MAX = 120_000
/** Conflicts that are named one by one on stderr. */
const CONFLICTS_NAMED = 20

interface ImportOptions extends PlaceOptions {
  readonly collectorTimeout: string
  readonly quiet?: true
  readonly json?: true
}

export function importCommand(): Command {
  const command = new Command('import')
    .description('Stores the runs of an export exactly once, however often and by however many it is done')
    .argument('<FILE>', 'what plugpull export wrote, packed or not; - is stdin')
  return addPlaceOptions(command, 'into the store of a collector: sqlite:FILE or postgres://USER@HOST/DATABASE')
    .option('--collector-timeout <time>', 'give up when the collector does not answer for so long', OUTAGE_DEFAULT)
    .option('--quiet', 'no progress on stderr')
    .option('--json', 'one JSON document on stdout (plugpull.import/1)')
    .addHelpText(
      'after',
      exitStatusHelp('plugpull import nightly.ndjson.gz --collector http://127.0.0.1:7117', [
        EXIT.held,
        EXIT.usage,
        EXIT.unavailable,
        EXIT.interrupted,
      ]),
    )
    .action(runImport)
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  const outageMsMax = parseDurationMs(options.collectorTimeout, '--collector-timeout')
  const quiet = options.quiet === true
  const { to, name, result, unknown } = await withInterrupt(async (signal) => {
    const input = openInput(file, signal)
    const reader = readExport(input.bytes, input.name)
    const into = async (sink: ImportSink) => ({
      to: sink.name,
      name: input.name,
      result: await importTo(sink, reader, input, { signal, quiet }),
      unknown: reader.unknown,
    })
    const work = {
      collector: (client: CollectorClient) => {
        // A request under way is not waited for: sent again it does no harm.
        signal.addEventListener('abort', () => void client.close(), { once: true })
        return into(collectorSink(client, { signal, outageMsMax, onOutage: warn }))
      },
      store: (store: Store) => into(storeSink(store)),
    }
    return atPlace('import', options, 'write', work, REQUEST_MS_MAX)
  })
  tellResult(result, unknown, quiet)
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ schema: 'plugpull.import/1', from: name, to, ...result })}\n`)
  if (result.conflicts.length > 0) throw conflictError(result, name)
}

function warn(message: string): void {
  process.stderr.write(`plugpull: ${message}\n`)
}

async function importTo(
  sink: ImportSink,
  reader: ExportReader,
  input: Input,
  { signal, quiet }: { readonly signal: AbortSignal; readonly quiet: boolean },
): Promise<Imported> {
  const progress = createProgress({
    label: `importing ${input.name}`,
    format: formatBytes,
    quiet,
    ...(input.size === undefined ? {} : { total: input.size }),
  })
  try {
    return await importLines(reader, sink, {
      signal,
      onSlice: ({ complete }) => progress.update(input.read(), counted(complete, 'run')),
    })
  } finally {
    progress.finish()
  }
}

function tellResult(result: Imported, unknown: ReadonlyMap<string, number>, quiet: boolean): void {
  for (const { kind, message } of result.conflicts.slice(0, CONFLICTS_NAMED))
    process.stderr.write(`plugpull: conflict in its ${kind}: ${message}\n`)
  const more = result.conflicts.length - CONFLICTS_NAMED
  if (more > 0) process.stderr.write(`plugpull: ${counted(more, 'more conflict')}; --json lists them all\n`)
  for (const [kind, lines] of unknown)
    process.stderr.write(
      `plugpull: left out ${counted(lines, 'line')} of kind ${JSON.stringify(kind)}, which a later version wrote\n`,
    )
  if (!quiet) process.stderr.write(`${summary(result)}\n`)
}

function summary({ run, cut, verdict, bytes, complete, pruned, conflicts }: Imported): string {
  const parts = [
    `${counted(complete, 'run')} whole`,
    `new: ${counted(run.stored, 'run')}, ${counted(cut.stored, 'cut')}, ${counted(verdict.stored, 'verdict')}, ${formatBytes(bytes)} of log`,
    ...(pruned === 0 ? [] : [`${counted(pruned, 'run')} whose log was pruned here, and stays so`]),
    ...(conflicts.length === 0 ? [] : [`${counted(conflicts.length, 'run')} in conflict, left as they are here`]),
  ]
  return `imported ${parts.join('; ')}`
}

function conflictError({ conflicts }: Imported, name: string): ProbeError {
  const [first] = conflicts
  const others = conflicts.length > 1 ? ` and ${counted(conflicts.length - 1, 'other')}` : ''
  return new ProbeError(
    'IMPORT_CONFLICT',
    `${name} has other content than is there for run ${first?.run ?? ''}${others}; what is there was left as it is, the rest is imported`,
    { isReported: true },
  )
}
