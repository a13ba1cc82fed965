/** `plugpull loop`: options in, campaign out. */
import { mkdirSync, realpathSync } from 'node:fs'
import { Command, Option } from 'commander'
import { type OptionSpec, type RawOptions, WORKLOAD_OPTIONS } from '../core/agent-options.ts'
import { ProbeError, messageOf } from '../core/errors.ts'
import { ACCESS_OPTIONS, accessArguments, accessOf } from '../io/collector-access.ts'
import { JUDGING_STATUSES, exitStatusHelp } from '../io/help.ts'
import { withInterrupt } from '../io/interrupt.ts'
import { type Scratch, withScratch } from '../io/scratch.ts'
import { campaignExitStatus } from './campaign.ts'
import { campaignPage, campaignText, cycleLine } from './campaign-report.ts'
import { type Collector, startCollector, thisProgram, useCollector } from './children.ts'
import { IMAGES } from './image.ts'
import { runCampaign } from './loop.ts'
import { BOOT_LIMIT_DEFAULT, type LoopConfig, parseLoopOptions } from './loop-options.ts'
import { shellQuoted } from './shell-command.ts'
import { RIGS } from './registry.ts'
import { CACHE_MODES, CUT_KINDS } from './rig.ts'

const EXAMPLE = `
  plugpull loop --rig storage-daemon --image qcow2-overlay-extl2 --script 'w 8+16; flush; w 0+16' --cut sigkill
  plugpull loop --rig host-power --cache unsafe --cycles 20 --workload wal --positive-control --store sqlite:lab.db
  plugpull loop --rig command --collector http://10.0.0.5:7117 --campaign web7 --cycles 100 --start-command './start web7' --cut-command 'ipmitool -H web7-bmc power off'`

const FAULTS = [...new Set(RIGS.flatMap(({ faults }) => faults))]
const FAULT_SYNTAXES = RIGS.flatMap(({ name, faultSyntax }) =>
  faultSyntax === undefined ? [] : [`; --rig ${name} takes ${faultSyntax}`],
)

const FAULT_FLAGS = '--fault <fault>'

/** Options of single rigs, each once. */
export const RIG_OPTIONS: readonly OptionSpec[] = RIGS.flatMap(({ options = [] }) => options).filter(
  ({ flags }, at, all) => all.findIndex((other) => other.flags === flags) === at,
)

const OWN_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--rig <name>',
    description: 'how the disk is built and its power cut, see below',
    default: 'storage-daemon',
  },
  { flags: '--cycles <n>', description: 'runs, each with a new disk, a cut and a verification', default: '1' },
  { flags: '--jobs <n>', description: 'cycles side by side; the positive control runs alone', default: '1' },
  { flags: '--cut <kind>', description: `${CUT_KINDS.join(', ')} (default: the first that the rig lists below)` },
  { flags: '--cache <mode>', description: CACHE_MODES.join(', '), default: 'none' },
  { flags: '--image <format>', description: 'image format, see below (default: qcow2, or what the rig has)' },
  { flags: '--size <size>', description: 'size of the disk (default: 64M, or what the rig takes)' },
  { flags: '--backing-chain <n>', description: 'backing files below an overlay: a chain of snapshots', default: '1' },
  {
    flags: '--cut-after <time>',
    description:
      'moment of the cut, at random in the span: from the first completed flush (default: 200ms-1s), or from the end of a script, --writes or --duration (default: 50ms-150ms)',
  },
  {
    flags: FAULT_FLAGS,
    description: `ask the rig to break the contract: ${FAULTS.join(', ')}${FAULT_SYNTAXES.join('')}`,
  },
  { flags: '--contract <contract>', description: 'promise to judge by (default: what the rig tells the guest)' },
  {
    flags: '--positive-control',
    description: 'first run a liar on the same workload; a campaign whose liar is not caught is inconclusive',
  },
  {
    flags: '--verify-in <place>',
    description:
      'host: judge the image; guest: boot the guest again and let it judge its disk; for rigs with a guest of ours',
    default: 'host',
  },
  {
    flags: '--boot-limit <time>',
    description: 'for the first sign of life of an agent that has to boot first, and for a verdict from inside',
    default: BOOT_LIMIT_DEFAULT,
  },
  { flags: '--campaign <name>', description: 'name under which the collector keeps the runs (default: made up)' },
  { flags: '--collector <url>', description: 'use this collector (default: one of its own)' },
  ...ACCESS_OPTIONS,
  {
    flags: '--store <store>',
    description: 'where its own collector keeps everything, as in sqlite:lab.db (default: nowhere, once it ends)',
  },
  { flags: '--keep <folder>', description: 'keep image, log and verdict of every cycle that did not hold' },
  { flags: '--json', description: 'one JSON document on stdout (plugpull.campaign/1)' },
  { flags: '--quiet', description: 'no line per cycle' },
]

/** What some workload options mean here beyond what they mean to the agent. */
const MEANINGS: Readonly<Record<string, string>> = {
  '--seed <n>':
    'seed of the campaign: workloads, moments of the cut and simulated disks follow from it (default: random)',
  '--cluster-size <size>': "cluster of a qcow2 image, and what straddle and first-touch aim at (default: the image's)",
}

/** The command for the CLI. */
export function loopCommand(): Command {
  const command = new Command('loop').description(
    'Runs a workload on a new disk, cuts its power, verifies what is left, and does it again',
  )
  for (const spec of OWN_OPTIONS) command.addOption(optionOf(spec))
  for (const spec of WORKLOAD_OPTIONS) command.addOption(optionOf(spec))
  for (const spec of RIG_OPTIONS) command.addOption(optionOf(spec))
  return command
    .addHelpText('after', rigsHelp())
    .addHelpText('after', exitStatusHelp(EXAMPLE, JUDGING_STATUSES))
    .action(async (raw: RawOptions) => {
      process.exitCode = await loop(raw)
    })
}

/** No value has a default in commander, so that "not given" stays visible; the help says the defaults all the same. */
export function optionOf({ flags, description, choices, default: value }: OptionSpec): Option {
  const meaning = MEANINGS[flags]
  const takes = choices === undefined ? '' : `: ${choices.join(', ')}`
  const otherwise = value === undefined ? '' : ` (default: ${value})`
  const option = new Option(flags, meaning ?? `${description}${takes}${otherwise}`)
  return flags === FAULT_FLAGS ? option.argParser(once) : option
}

/** A second fault would take the place of the first in silence. */
function once(given: string, before: string | undefined): string {
  if (before === undefined) return given
  throw new ProbeError('BAD_OPTION', `--fault was given twice, ${before} and ${given}; a disk here has one`)
}

/** Rigs and images, for the end of a help. */
export function rigsHelp(): string {
  const rigs = RIGS.map(
    (rig) =>
      `  ${rig.name.padEnd(20)} ${rig.summary}\n  ${''.padEnd(20)}   cuts: ${rig.cuts.join(', ')}; images: ${rig.foreign?.({}) === true ? 'any; --image and --cache are names for the report' : rig.images.join(', ')}${rig.faults.length === 0 ? '' : `; faults: ${rig.faults.join(', ')}`}`,
  )
  const images = Object.values(IMAGES).map(({ name, summary }) => `  ${name.padEnd(20)} ${summary}`)
  return ['', 'Rigs:', ...rigs, '', 'Images:', ...images].join('\n')
}

/** An agent that starts by itself reports where it was told to, long before this loop. */
function requireMeetingPlace(rig: string, raw: RawOptions): void {
  if (raw['collector'] !== undefined && raw['campaign'] !== undefined) return
  throw new ProbeError(
    'BAD_OPTION',
    `--rig ${rig} needs --collector and --campaign with a machine of yours: those that its agent was started with`,
  )
}

async function loop(raw: RawOptions): Promise<number> {
  const config = parseLoopOptions(raw)
  if (config.rig.foreign?.(raw) === true) requireMeetingPlace(config.rig.name, raw)
  config.rig.require(config.rigOptions)
  const parent = config.keep === undefined ? [] : [keepFolder(config.keep)]
  return withInterrupt((signal) =>
    withScratch(
      'loop',
      async (scratch) => {
        const collector = await collectorOf(raw, scratch)
        try {
          return await runAndTell(config, {
            collector,
            signal,
            json: raw['json'] === true,
            quiet: raw['quiet'] === true,
            stays: raw['collector'] !== undefined,
            readBy: readByOf(raw),
          })
        } finally {
          await collector.stop()
        }
      },
      ...parent,
    ),
  )
}

/** Images of a campaign with `--keep` are made in that folder, so that keeping one is a rename. */
function keepFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    return realpathSync(path)
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `--keep ${path} cannot be made: ${messageOf(error)}`, { cause: error })
  }
}

/** The collector that was asked for, or one of its own. */
export async function collectorOf(raw: RawOptions, scratch: Scratch): Promise<Collector> {
  const { collector, store } = raw
  const program = thisProgram()
  if (typeof collector === 'string') return useCollector(program, scratch, collector, accessOf(raw))
  return startCollector(program, scratch, typeof store === 'string' ? store : `sqlite:${scratch.file('collector.db')}`)
}

/** The options by which `explain` and `report` read what this loop leaves in a store. */
function readByOf(raw: RawOptions): string | undefined {
  const { collector, store } = raw
  if (typeof collector === 'string')
    return ['--collector', collector, ...accessArguments(accessOf(raw))].map(shellQuoted).join(' ')
  return typeof store === 'string' ? `--store ${shellQuoted(store)}` : undefined
}

interface Telling {
  readonly collector: Collector
  readonly signal: AbortSignal
  readonly json: boolean
  readonly quiet: boolean
  /** Whether the collector is there when the loop is over. */
  readonly stays: boolean
  readonly readBy: string | undefined
}

async function runAndTell(config: LoopConfig, telling: Telling): Promise<number> {
  const { collector, signal, json, quiet, stays, readBy } = telling
  const stream = json ? process.stderr : process.stdout
  const ending = { ...(readBy === undefined ? {} : { readBy }), ...(stays ? { url: collector.url } : {}) }
  if (!quiet) process.stderr.write(`watch it at ${campaignPage(collector.url, config.campaign)}\n`)
  const result = await runCampaign(config, {
    collector,
    signal,
    onCycle: (cycle, { cycles }, control) => {
      if (!quiet) stream.write(`${control ? 'control ' : ''}${cycleLine(cycle, cycles)}\n`)
    },
    // The one document on stdout is then the error's.
    onStop: (finished) => stream.write(`${campaignText(finished, { ...ending, stoppedOf: config.cycles })}\n`),
  })
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${campaignText(result, ending)}\n`)
  return campaignExitStatus(result)
}
