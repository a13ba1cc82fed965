/** `plugpull export`: options and output; what an export is stands in export-runs.ts. */
import { Command, Option } from 'commander'
import { EXIT, ProbeError } from '../../core/errors.ts'
import { counted, formatBytes } from '../../core/size.ts'
import { VERSION } from '../../core/version.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { createProgress } from '../../io/progress.ts'
import { exportRuns, type Selection, selectRuns } from './export-runs.ts'
import { addPlaceOptions, atPlace, type PlaceOptions } from './place.ts'
import { readExport } from './read-export.ts'
import type { Counts } from './sequence.ts'
import { writeFile, writeStdout } from './write-export.ts'

interface ExportOptions extends PlaceOptions {
  readonly campaign?: readonly string[]
  readonly run?: readonly string[]
  readonly all?: true
  readonly output?: string
  readonly quiet?: true
  readonly json?: true
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description('Writes runs with their logs, cuts and verdicts to a file, for plugpull import (docs/RETENTION.md)')
    .option('--campaign <NAME...>', 'every run of these campaigns')
    .option('--run <ID...>', 'these runs')
    .addOption(new Option('--all', 'every run').conflicts(['campaign', 'run']))
    .option('--output <FILE>', 'where to, packed by gzip where it ends in .gz; stdout where it is not given')
  return addPlaceOptions(command, 'read the store of a collector: sqlite:FILE or postgres://USER@HOST/DATABASE')
    .option('--quiet', 'no progress on stderr')
    .option('--json', 'with --output: one JSON document on stdout once it is written')
    .addHelpText(
      'after',
      exitStatusHelp(
        `plugpull export --campaign nightly --output nightly.ndjson.gz --collector http://127.0.0.1:7117
         plugpull export --all --store sqlite:plugpull.db | plugpull import - --collector https://other:7117`,
        [EXIT.held, EXIT.usage, EXIT.unavailable, EXIT.io, EXIT.interrupted],
      ),
    )
    .action(runExport)
}

async function runExport(options: ExportOptions): Promise<void> {
  const selection = selectionOf(options)
  const { output } = options
  if (output === undefined && options.json === true)
    throw new ProbeError('BAD_OPTION', 'export --json needs --output FILE: without it stdout is the export itself')
  const counts = await withInterrupt((signal) =>
    atPlace('export', options, 'read', {
      collector: (client) => write(client.exportLines(selection.campaigns, selection.runs), options, signal),
      store: async (store) => {
        const wrote = { program: VERSION, at: new Date().toISOString() }
        return write(exportRuns(store, await selectRuns(store, selection), wrote), options, signal)
      },
    }),
  )
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ schema: 'plugpull.exported/1', output, ...counts })}\n`)
}

function selectionOf({ campaign = [], run = [], all }: ExportOptions): Selection {
  for (const id of run) {
    if (!/^[0-9a-f]{16}$/i.test(id))
      throw new ProbeError('BAD_OPTION', `--run got ${JSON.stringify(id)}; it takes the 16 hexadecimal digits of a run`)
  }
  if (campaign.length === 0 && run.length === 0 && all !== true)
    throw new ProbeError('BAD_OPTION', 'export needs --campaign NAME, --run ID or --all, to know which runs')
  return { campaigns: campaign, runs: run.map((id) => id.toLowerCase()) }
}

/** Writes the export, and reads it as an import would on the way: what is written is whole. */
async function write(
  source: AsyncIterable<Uint8Array>,
  { output, quiet }: ExportOptions,
  signal: AbortSignal,
): Promise<Counts> {
  const progress = createProgress({ label: 'exporting', format: formatBytes, quiet: quiet === true })
  const reader = readExport(source, 'the export')
  const checked = wholeLines(reader.lines, (bytes) => progress.update(bytes, counted(reader.counts().runs, 'run')))
  try {
    if (output === undefined) await writeStdout(checked, signal)
    else await writeFile(checked, output, signal)
  } finally {
    progress.finish()
  }
  const counts = reader.counts()
  if (quiet !== true)
    process.stderr.write(
      `exported ${counted(counts.runs, 'run')}, ${counted(counts.cuts, 'cut')}, ${counted(counts.verdicts, 'verdict')}, ${formatBytes(counts.logBytes)} of log${output === undefined ? '' : ` to ${output}`}\n`,
    )
  return counts
}

const NEWLINE = Buffer.from('\n')

async function* wholeLines(
  lines: AsyncIterable<{ readonly bytes: Buffer }>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let total = 0
  for await (const { bytes } of lines) {
    total += bytes.length + 1
    yield Buffer.concat([bytes, NEWLINE])
    onBytes(total)
  }
}
