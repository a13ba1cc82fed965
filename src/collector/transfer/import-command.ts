/** `plugpull import`: options and output; how lines are stored stands in apply.ts. */
import { createReadStream, statSync } from 'node:fs'
import { Command } from 'commander'
import { EXIT, messageOf, ProbeError } from '../../core/errors.ts'
import { counted, formatBytes, parseDurationMs } from '../../core/size.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { createProgress, type Progress } from '../../io/progress.ts'
import { type Imported, importLines, type ImportSink } from './import-lines.ts'
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
  return addPlaceOptions(command, 'into the store of a collector: sqlite:FILE')
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
  const { source, name, bytes } = openInput(file)
  const reader = readExport(source, name)
  const progress = createProgress({
    label: `importing ${name}`,
    quiet: options.quiet === true,
    ...(bytes === undefined ? {} : { total: bytes, format: formatBytes }),
  })
  const [to, result] = await withInterrupt((signal) => {
    const into = async (sink: ImportSink): Promise<readonly [string, Imported]> => [
      sink.name,
      await importTo(sink, reader, progress, signal, () => source.bytesRead),
    ]
    return atPlace(
      'import',
      options,
      'write',
      {
        collector: (client) => into(collectorSink(client, { signal, outageMsMax, onOutage: warn })),
        store: (store) => into(storeSink(store)),
      },
      REQUEST_MS_MAX,
    )
  })
  tellResult(result, reader, options.quiet === true)
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
  progress: Progress,
  signal: AbortSignal,
  done: () => number,
): Promise<Imported> {
  try {
    return await importLines(reader, sink, {
      signal,
      onSlice: ({ complete }) => progress.update(done(), counted(complete, 'run')),
    })
  } finally {
    progress.finish()
  }
}

interface Input {
  readonly source: AsyncIterable<Uint8Array> & { readonly bytesRead: number }
  readonly name: string
  /** Size, where it is a file. */
  readonly bytes?: number
}

function openInput(file: string): Input {
  if (file === '-') return { source: Object.assign(process.stdin, { bytesRead: 0 }), name: 'stdin' }
  try {
    return { source: createReadStream(file, { highWaterMark: 1 << 18 }), name: file, bytes: statSync(file).size }
  } catch (error) {
    throw new ProbeError('BAD_OPTION', `${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function tellResult(result: Imported, reader: ExportReader, quiet: boolean): void {
  for (const { kind, message } of result.conflicts.slice(0, CONFLICTS_NAMED))
    process.stderr.write(`plugpull: conflict in its ${kind}: ${message}\n`)
  const more = result.conflicts.length - CONFLICTS_NAMED
  if (more > 0) process.stderr.write(`plugpull: ${counted(more, 'more conflict')}; --json lists them all\n`)
  for (const [kind, lines] of reader.unknown)
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
