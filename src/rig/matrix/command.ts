/** `plugpull matrix`: options in, a campaign for every cell, the table out. */
import { Command } from 'commander'
import { type OptionSpec, type RawOptions, WORKLOAD_OPTIONS, choiceOf } from '../../core/agent-options.ts'
import { EXIT, ProbeError } from '../../core/errors.ts'
import { exitStatusOf } from '../../core/verdict.ts'
import { ACCESS_OPTIONS } from '../../io/collector-access.ts'
import { JUDGING_STATUSES, exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { createProgress } from '../../io/progress.ts'
import { withScratch } from '../../io/scratch.ts'
import { RIG_OPTIONS, collectorOf, optionOf, rigsHelp } from '../loop-command.ts'
import { BOOT_LIMIT_DEFAULT } from '../loop-options.ts'
import {
  CUT_AFTER_DEFAULT,
  CYCLES_DEFAULT,
  type MatrixConfig,
  OUTPUT_DEFAULT,
  RIGS_DEFAULT,
  SIZE_DEFAULT,
  WORKLOAD_DEFAULT,
  parseMatrixOptions,
} from './options.ts'
import { STATE_SCHEMA } from './record.ts'
import { type MatrixResult, matrixResult } from './result.ts'
import { type MatrixContext, cyclesToCome, runMatrix } from './run.ts'
import { FORMATS, type Format, readMatrix, render, writeReport } from './show.ts'
import { type MatrixFolder, openFolder } from './state.ts'

const EXAMPLE = `
  plugpull matrix --cycles 20 --jobs 2 --output lab
  plugpull matrix --rig storage-daemon --cache none,writeback --image qcow2,qcow2-overlay --cut sigkill --output lab
  plugpull matrix --show lab --format markdown`

const OWN_OPTIONS: readonly OptionSpec[] = [
  { flags: '--rig <names>', description: 'rigs, with commas between them, see below', default: RIGS_DEFAULT },
  { flags: '--cache <modes>', description: 'cache modes, with commas (default: all that the rig has)' },
  { flags: '--image <formats>', description: 'image formats, with commas (default: all that the rig has)' },
  {
    flags: '--cut <kinds>',
    description: "cuts, with commas (default: of the rig's own sigkill, an orderly end, and host-power)",
  },
  {
    flags: '--cycles <n>',
    description: 'cycles of each cell; more than last time adds to what is there',
    default: CYCLES_DEFAULT,
  },
  { flags: '--jobs <n>', description: 'cycles side by side', default: '1' },
  {
    flags: '--output <folder>',
    description: 'state, runs and verdicts; given again, the matrix goes on where it stopped',
    default: OUTPUT_DEFAULT,
  },
  { flags: '--name <name>', description: 'name of the matrix, ahead of the names of its campaigns (default: made up)' },
  {
    flags: '--retry-inconclusive',
    description: 'run cycles again that came to nothing, and liars that were not caught',
  },
  { flags: '--size <size>', description: 'size of the disk', default: SIZE_DEFAULT },
  {
    flags: '--cut-after <time>',
    description: 'moment of the cut, at random in the span, from the first completed flush',
    default: CUT_AFTER_DEFAULT,
  },
  { flags: '--backing-chain <n>', description: 'backing files below the overlays', default: '1' },
  { flags: '--verify-in <place>', description: 'host or guest, for rigs with a guest of ours', default: 'host' },
  { flags: '--boot-limit <time>', description: 'for the first sign of life of an agent', default: BOOT_LIMIT_DEFAULT },
  { flags: '--collector <url>', description: 'use this collector (default: one of its own)' },
  ...ACCESS_OPTIONS,
  { flags: '--store <store>', description: 'where its own collector keeps everything (default: in the folder)' },
  { flags: '--format <name>', description: `document on stdout: ${FORMATS.join(', ')}`, default: 'text' },
  { flags: '--json', description: 'the same as --format json (plugpull.matrix/1)' },
  { flags: '--report <file>', description: 'also write the page of --format markdown into this file' },
  { flags: '--quiet', description: 'no progress on stderr' },
]

const NOTES = `
Without --workload and --script: ${Object.entries(WORKLOAD_DEFAULT)
  .map(([key, value]) => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`)
  .join(' ')}.
Exit status 10: a cell broke its promise although its cache mode makes one; cache=unsafe makes none.`

/** The command for the CLI. */
export function matrixCommand(): Command {
  const command = new Command('matrix').description(
    'Every cache mode × image × cut, each a campaign with intervals and a positive control; can be stopped and goes on',
  )
  for (const spec of [...OWN_OPTIONS, ...WORKLOAD_OPTIONS, ...RIG_OPTIONS]) command.addOption(optionOf(spec))
  return command
    .option('--show <path>', 'run nothing; show this folder, or a file of --json; repeatable', collect)
    .addHelpText('after', NOTES)
    .addHelpText('after', rigsHelp())
    .addHelpText('after', exitStatusHelp(EXAMPLE, JUDGING_STATUSES))
    .action(async ({ show, ...raw }: RawOptions & { readonly show?: readonly string[] }) => {
      process.exitCode = show === undefined ? await matrix(raw) : tell(raw, show.map(readMatrix))
    })
}

const collect = (path: string, before: readonly string[] = []): readonly string[] => [...before, path]

/** Prints and writes what was asked for; returns the exit status: the worst of all. */
function tell(raw: RawOptions, results: readonly MatrixResult[]): number {
  const { report } = raw
  process.stdout.write(render(results, formatOf(raw)))
  if (typeof report === 'string') writeReport(report, render(results, 'markdown'))
  const words = results.map(({ verdict }) => verdict)
  return exitStatusOf(
    words.includes('violation') ? 'violation' : words.includes('inconclusive') ? 'inconclusive' : 'held',
  )
}

function formatOf({ format, json }: RawOptions): Format {
  if (json === true && typeof format === 'string' && format !== 'json')
    throw new ProbeError('BAD_OPTION', `--json and --format ${format} exclude each other; give one of them`)
  return json === true ? 'json' : choiceOf(typeof format === 'string' ? format : 'text', '--format', FORMATS)
}

async function matrix(raw: RawOptions): Promise<number> {
  formatOf(raw)
  const { output } = raw
  const folder = await openFolder(typeof output === 'string' ? output : OUTPUT_DEFAULT)
  try {
    const config = parseMatrixOptions(raw, folder.path, folder.state())
    begin(folder, config)
    await work(raw, config, folder).catch((error: unknown) => {
      throw resumable(error, config, folder)
    })
    return tell(raw, [matrixResult(folder.state())])
  } finally {
    folder.close()
  }
}

/** What was asked for comes before the first cycle, so that a folder always tells what it is about. */
function begin(folder: MatrixFolder, { name, fixed, selection }: MatrixConfig): void {
  const at = new Date().toISOString()
  if (folder.state().head === undefined) folder.append({ kind: 'head', schema: STATE_SCHEMA, name, at, fixed })
  const command = ['plugpull', ...process.argv.slice(2)].map(quoted).join(' ')
  folder.append({ kind: 'session', at, command, selection })
}

const quoted = (word: string): string =>
  /^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`

const work = (raw: RawOptions, config: MatrixConfig, folder: MatrixFolder): Promise<void> =>
  withInterrupt((signal) =>
    withScratch('matrix', async (scratch) => {
      const collector = await collectorOf({ store: `sqlite:${folder.file('plugpull.db')}`, ...raw }, scratch)
      try {
        const meter = new MatrixMeter(config, raw['quiet'] === true)
        await runMatrix(config, { collector, folder, signal, ...meter.calls }).finally(() => meter.finish())
      } finally {
        await collector.stop()
      }
    }),
  )

/** An end that another start can make good says how to go on. */
function resumable(error: unknown, config: MatrixConfig, folder: MatrixFolder): unknown {
  if (!(error instanceof ProbeError)) return error
  if (error.code !== 'INTERRUPTED' && error.exitStatus !== EXIT.unavailable) return error
  const all = config.cells.length * config.cycles
  const done = all - cyclesToCome(config, folder.state()).length
  return new ProbeError(
    error.code,
    `${error.message}; ${done} of ${all} cycles are kept in ${folder.path}, go on with: plugpull matrix --output ${quoted(folder.path)}`,
    { cause: error },
  )
}

/** Progress on stderr: cycles, the time that is left, and each thing that went wrong as it happens. */
class MatrixMeter {
  readonly calls: Pick<MatrixContext, 'onPlan' | 'onCycle' | 'onControl'>
  #progress = createProgress({ label: 'liars', quiet: true })

  constructor({ cells, cycles }: MatrixConfig, quiet: boolean) {
    const all = cells.length * cycles
    let before = 0
    let finished = 0
    const say = (line: string): void => void (quiet || process.stderr.write(`${line}\n`))
    this.calls = {
      onControl: (control, caught) =>
        say(caught ? `liar caught: ${control}` : `LIAR NOT CAUGHT: ${control}; its cells prove nothing`),
      onPlan: (todo, done) => {
        before = done
        say(`${cells.length} cells, ${done} of ${all} cycles are done, ${todo} to come`)
        this.#progress = createProgress({ label: 'matrix', total: todo, quiet })
      },
      onCycle: (cell, { cycle, word, problem }) => {
        finished++
        if (word === 'inconclusive')
          say(`inconclusive: ${cell}, cycle ${cycle}${problem === undefined ? '' : `: ${problem}`}`)
        this.#progress.update(finished, `${before + finished} of ${all} in all; ${cell}`)
      },
    }
  }

  finish(): void {
    this.#progress.finish()
  }
}
