/** `plugpull agent`: options in, a run, its result and the exit status out. */
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Command, Option } from 'commander'
import {
  type OptionSpec,
  WORKLOAD_OPTIONS,
  type WorkloadOptions,
  parseWorkloadOptions,
  positiveMs,
} from '../core/agent-options.ts'
import { formatContract, parseContract } from '../core/contract.ts'
import { EXIT, ProbeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { ACCESS_OPTIONS, accessArguments, accessOf, collectorClient } from '../io/collector-access.ts'
import { exitStatusHelp } from '../io/help.ts'
import { withInterrupt } from '../io/interrupt.ts'
import { type Logger, createLogger } from '../io/logger.ts'
import { createCollectorLog } from './collector-log.ts'
import { createFileLog } from './file-log.ts'
import type { LogPort } from './log-port.ts'
import { Reporter, failureError, stoppedJson, stoppedText, toJson, toText } from './report.ts'
import { type RunResult, run } from './run.ts'
import { newRunKey } from './run-key.ts'
import { type LastRun, verifyFirst } from './verify-first.ts'

const CAMPAIGN_DEFAULT = 'default'
const OUTAGE_DEFAULT = '60s'
const REQUEST_MS_MAX = 15_000

type RawAgentOptions = Readonly<Record<string, string | boolean | undefined>> & {
  readonly target: string
  readonly collector?: string
  readonly log?: string
  readonly campaign: string
  readonly collectorTimeout: string
  readonly destroyDataOn?: string
  readonly runId?: string
  readonly deviceName?: string
  readonly verifyFirst?: true
  readonly stopOnViolation?: true
  readonly contract?: string
  readonly hold?: true
  readonly progress?: true
  readonly quiet?: true
  readonly json?: true
}

const EXAMPLE = `
  plugpull agent --target /dev/vdb --collector http://10.0.2.2:7117 --campaign nightly --queue-depth 16 --flush-every 32
  plugpull agent --target disk.raw --log run.log --workload script --script 'w 8+16; flush; w 0+16' --hold
  plugpull agent --target /dev/vdb --collector http://10.0.2.2:7117 --verify-first --hold     # at every boot`

const STATUSES = [
  EXIT.held,
  EXIT.violation,
  EXIT.usage,
  EXIT.unavailable,
  EXIT.internal,
  EXIT.io,
  EXIT.refused,
  EXIT.interrupted,
]

/** The command for the CLI. */
export function agentCommand(): Command {
  const labels: Record<string, string> = {}
  const command = new Command('agent')
    .description('Writes to a target according to a plan, and records every write, completion and flush, until the cut')
    .requiredOption('--target <path>', 'block device or preallocated file to write; what is there is lost')
    .option('--collector <url>', 'collector that takes the log')
    .option('--log <file>', 'write the log to a new file instead; it must outlive the cut')
    .option('--campaign <name>', 'campaign that the run belongs to', CAMPAIGN_DEFAULT)
  for (const spec of [...ACCESS_OPTIONS, ...WORKLOAD_OPTIONS]) command.addOption(optionOf(spec))
  return command
    .option('--hold', 'when all is written, keep the target open and wait for the cut')
    .option('--verify-first', 'first verify what the last run of the campaign left on this target, if nobody has')
    .option('--stop-on-violation', 'with --verify-first: where that is a violation, write nothing and exit 10')
    .option(
      '--contract <contract>',
      'with --verify-first: promise to judge that run by (default: what the guest was told)',
    )
    .option(
      '--device-name <name>',
      'name that tells the target from all others of the campaign (default: by machine and serial number or path)',
    )
    .option('--destroy-data-on <path>', 'the path of --target once more, where it carries data that nobody needs')
    .option('--run-id <id>', '16 hexadecimal digits that name the run (default: random)')
    .option('--label <key=value>', 'something the guest cannot know, for the report; repeatable', (text) =>
      addLabel(labels, text),
    )
    .option('--collector-timeout <time>', 'how long the collector may be out of reach during the run', OUTAGE_DEFAULT)
    .option('--progress', 'show progress although stderr is no terminal')
    .option('--quiet', 'no progress on stderr')
    .option('--json', 'print the result as one JSON document')
    .addHelpText('after', exitStatusHelp(EXAMPLE, STATUSES))
    .action(async (raw: RawAgentOptions) => {
      process.exitCode = await agent(raw, labels)
    })
}

/** The help says the default; the value stays absent, so that "not given" can be told apart. */
function optionOf(spec: OptionSpec): Option {
  const choices = spec.choices === undefined ? '' : `: ${spec.choices.join(', ')}`
  const standard = spec.default === undefined ? '' : ` (default: ${spec.default})`
  return new Option(spec.flags, `${spec.description}${choices}${standard}`)
}

function addLabel(labels: Record<string, string>, text: string): string {
  const at = text.indexOf('=')
  if (at < 1)
    throw new ProbeError('BAD_OPTION', `--label got ${JSON.stringify(text)}; it takes KEY=VALUE, such as cache=none`)
  labels[text.slice(0, at)] = text.slice(at + 1)
  return text
}

async function agent(raw: RawAgentOptions, labels: Readonly<Record<string, string>>): Promise<number> {
  // The HTTP client's parser is WebAssembly. To compile it well takes 25 MB for a moment, and an agent reads short answers only.
  setFlagsFromString('--liftoff-only')
  const workload = parseWorkloadOptions(raw)
  const logger = await createLogger({ name: 'agent', level: raw.quiet === true ? 'warn' : 'info' })
  const openLog = logOf(raw, logger)
  const first = verifyFirstOf(raw, logger)
  const identity = {
    campaign: campaignOf(raw.campaign),
    labels,
    ...(raw.runId === undefined ? {} : { run: runIdOf(raw.runId) }),
    ...(raw.deviceName === undefined ? {} : { deviceName: deviceNameOf(raw.deviceName) }),
  }
  const reporter = new Reporter({
    target: raw.target,
    progress: raw.quiet !== true && raw.json !== true && (raw.progress === true || process.stderr.isTTY),
    logger,
    ...endOf(workload),
  })
  return withInterrupt(async (signal) => {
    const last = await first?.(signal)
    if (last?.verdict.verdict === 'violation' && raw.stopOnViolation === true) return stopped(raw, last)
    const result = await run({
      target: raw.target,
      ...(raw.destroyDataOn === undefined ? {} : { destroyDataOn: raw.destroyDataOn }),
      identity,
      workload,
      hold: raw.hold === true,
      openLog,
      signal,
      watch: reporter,
    }).finally(() => reporter.finish())
    return ended(raw, result, last)
  })
}

/** `--stop-on-violation`: the evidence stays on the target, at this start and at every further one. */
function stopped({ json, target }: RawAgentOptions, last: LastRun): number {
  process.stdout.write(json === true ? `${stoppedJson(target, last)}\n` : stoppedText(target, last))
  return EXIT.violation
}

function ended(raw: RawAgentOptions, result: RunResult, last: LastRun | undefined): number {
  process.stdout.write(
    raw.json === true ? `${toJson(result, last)}\n` : toText(result, verifyArguments(raw, result.manifest.run)),
  )
  if (result.failure !== undefined) throw failureError(raw.target, result.failure)
  return result.ended === 'signal' ? EXIT.interrupted : EXIT.held
}

const endOf = ({ writesMax }: WorkloadOptions): { readonly writesMax?: number } =>
  writesMax === undefined ? {} : { writesMax }

/** With a place for another token: that of an agent may not be one that verifies. */
function verifyArguments(raw: RawAgentOptions, runId: string): string {
  const { tokenFile, ...ca } = accessOf(raw)
  const token = tokenFile === undefined ? [] : ['--token-file', 'FILE']
  return raw.log === undefined
    ? ['--run', runId, '--collector', raw.collector ?? '', ...accessArguments(ca), ...token].join(' ')
    : `--log ${resolve(raw.log)}`
}

/** What opens the log, checked as far as that goes without opening it. */
function logOf(raw: RawAgentOptions, logger: Logger): (manifest: Manifest) => Promise<LogPort> {
  const { collector, log } = raw
  if ((collector === undefined) === (log === undefined)) {
    throw new ProbeError(
      'BAD_OPTION',
      'agent takes one of --collector URL and --log FILE: the record of the run must go somewhere that outlives the cut',
    )
  }
  const outageMsMax = positiveMs(raw.collectorTimeout, '--collector-timeout', 's')
  if (log !== undefined) return () => createFileLog(log)
  const access = accessOf(raw)
  const client = collectorClient(collector ?? '', access, {
    limitMs: Math.min(REQUEST_MS_MAX, outageMsMax),
    // Where tokens are asked for, ours may be one that many agents have: the key makes the run this agent's own.
    ...(access.tokenFile === undefined ? {} : { runKey: newRunKey() }),
  })
  return (manifest) => createCollectorLog(client, manifest, { outageMsMax, logger })
}

/** What `--verify-first` does, or nothing; throws BAD_OPTION where its options do not go together. */
function verifyFirstOf(
  raw: RawAgentOptions,
  logger: Logger,
): ((signal: AbortSignal) => Promise<LastRun | undefined>) | undefined {
  const { collector, contract, destroyDataOn, deviceName, target } = raw
  if (raw.verifyFirst !== true) {
    const stray = raw.stopOnViolation === true ? '--stop-on-violation' : contract === undefined ? '' : '--contract'
    if (stray !== '') throw new ProbeError('BAD_OPTION', `${stray} goes with --verify-first`)
    return undefined
  }
  if (collector === undefined)
    throw new ProbeError(
      'BAD_OPTION',
      '--verify-first goes with --collector, which knows the last run of this target, not with --log',
    )
  const options = {
    target,
    campaign: campaignOf(raw.campaign),
    logger,
    ...(destroyDataOn === undefined ? {} : { destroyDataOn }),
    ...(deviceName === undefined ? {} : { deviceName: deviceNameOf(deviceName) }),
    ...(contract === undefined ? {} : { contract: formatContract(parseContract(contract)) }),
    access: accessOf(raw),
  }
  return async (signal) => {
    const client = collectorClient(collector, options.access)
    try {
      return await verifyFirst({ ...options, client, signal })
    } finally {
      await client.close()
    }
  }
}

function deviceNameOf(text: string): string {
  if (!/^[^\p{Cc}]{1,200}$/u.test(text))
    throw new ProbeError(
      'BAD_OPTION',
      `--device-name got ${JSON.stringify(text)}; it takes up to 200 characters, such as vm7-data`,
    )
  return text
}

function runIdOf(text: string): string {
  if (!/^[0-9a-f]{16}$/.test(text))
    throw new ProbeError('BAD_OPTION', `--run-id got ${JSON.stringify(text)}; it takes 16 hexadecimal digits`)
  return text
}

function campaignOf(text: string): string {
  if (!/^[\w.:-]{1,100}$/.test(text)) {
    throw new ProbeError(
      'BAD_OPTION',
      `--campaign got ${JSON.stringify(text)}; it takes up to 100 letters, digits and . _ : -`,
    )
  }
  return text
}
