/** `plugpull verify`: options in, report and exit status out. */
import assert from 'node:assert/strict'
import { existsSync, realpathSync } from 'node:fs'
import { Command, Option } from 'commander'
import { parseContract } from '../core/contract.ts'
import { ProbeError } from '../core/errors.ts'
import { type Verdict, exitStatusOf } from '../core/verdict.ts'
import { ACCESS_OPTIONS, accessOf, collectorClient } from '../io/collector-access.ts'
import type { CollectorClient } from '../io/collector-client.ts'
import { JUDGING_STATUSES, exitStatusHelp } from '../io/help.ts'
import { withInterrupt } from '../io/interrupt.ts'
import { createLogger } from '../io/logger.ts'
import { print } from '../io/output.ts'
import { type LogSource, collectorLog, fileLog } from '../io/log-source.ts'
import { TARGET_FORMATS, type TargetFormat } from './open-target.ts'
import { wantsColour } from './report/colour.ts'
import { REPORTS, reportNamed } from './report/registry.ts'
import type { Report } from './report/report.ts'
import { verify } from './verify.ts'

const FINDINGS_MAX = 100

type VerifyOptions = Readonly<Record<string, unknown>> & {
  readonly target: string
  readonly run?: string
  readonly collector?: string
  readonly log?: string
  readonly contract?: string
  readonly format?: string
  readonly json?: true
  readonly targetFormat?: TargetFormat
  readonly sameTarget?: true
  readonly findingsMax: number
  readonly publish: boolean
  readonly exhibits: boolean
  readonly quiet?: true
}

const EXAMPLE = `
  plugpull verify --target /dev/vdb --run 0123456789abcdef --collector http://10.0.2.2:7117
  plugpull verify --target disk.qcow2 --log run.log --contract volatile,atomic=4k --json`

/** The command for the CLI. */
export function verifyCommand(): Command {
  const command = new Command('verify')
    .description(
      'Reads a target after a cut, holds it against the log of the run, and says what was lost, torn or reordered',
    )
    .requiredOption('--target <path>', 'block device, raw file or qcow2 image to read; never written')
    .option('--run <id>', 'the run to verify, with its log at --collector')
    .option('--collector <url>', 'collector that has the log; the verdict is published there')
    .option('--log <file>', 'the log in a file, instead of --run and --collector')
    .option(
      '--contract <contract>',
      'promise to judge by, such as volatile,atomic=4k (default: what the guest was told)',
    )
    .addOption(new Option('--format <name>', `report: ${REPORTS.map(({ name }) => name).join(', ')} (default: text)`))
    .option('--json', 'the same as --format json')
    .addOption(
      new Option('--target-format <name>', 'what the target is (default: by its first bytes)').choices(TARGET_FORMATS),
    )
    .option('--same-target', 'judge the target even where it is evidently not the one of the log')
    .option('--findings-max <n>', 'findings to list; all are counted', parseFindingsMax, FINDINGS_MAX)
    .option('--no-exhibits', 'keep no raw sectors with the findings (by default at most two a finding, 64 in all)')
    .option('--no-publish', 'do not store the verdict at the collector')
  for (const { flags, description } of ACCESS_OPTIONS) command.option(flags, description)
  return command
    .option('--quiet', 'no progress on stderr')
    .addHelpText('after', exitStatusHelp(EXAMPLE, JUDGING_STATUSES))
    .action(async (options: VerifyOptions) => {
      process.exitCode = await run(options)
    })
}

function parseFindingsMax(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count
  throw new ProbeError('BAD_OPTION', `--findings-max got ${JSON.stringify(text)}; it takes a whole number from 0`)
}

async function run(options: VerifyOptions): Promise<number> {
  const report = chooseReport(options)
  const contract = options.contract === undefined ? undefined : parseContract(options.contract)
  const source = chooseSource(options)
  checkDistinct(options.target, source)
  const client = source.kind === 'collector' ? collectorClient(source.url, accessOf(options)) : undefined
  try {
    return await withInterrupt(async (signal) => {
      const log = await openLog(source, client)
      const verification = await verify({
        target: options.target,
        format: options.targetFormat,
        log,
        contract,
        findingsMax: options.findingsMax,
        sameTarget: options.sameTarget === true,
        exhibits: options.exhibits,
        pictures: report.drawsPictures,
        signal,
        quiet: options.quiet === true || (report.name === 'json' && !process.stderr.isTTY),
      })
      await print(report.render(verification, { colour: wantsColour(process.stdout, process.env) }))
      const status = exitStatusOf(verification.verdict.verdict)
      if (client !== undefined && options.publish) await publish(client, verification.verdict)
      return status
    })
  } finally {
    await client?.close()
  }
}

function chooseReport({ format, json }: VerifyOptions): Report {
  if (json === true && format !== undefined && format !== 'json') {
    throw new ProbeError('BAD_OPTION', `--json and --format ${format} exclude each other; give one of them`)
  }
  return reportNamed(json === true ? 'json' : (format ?? 'text'))
}

type Source =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'collector'; readonly url: string; readonly run: string }

function chooseSource({ run: id, collector, log }: VerifyOptions): Source {
  if (id !== undefined && log !== undefined) {
    throw new ProbeError('BAD_OPTION', '--run and --log exclude each other; give --run with --collector, or --log')
  }
  if (log !== undefined) {
    if (collector !== undefined)
      throw new ProbeError('BAD_OPTION', '--collector goes with --run, not with --log; give one of the two')
    return { kind: 'file', path: log }
  }
  if (id === undefined)
    throw new ProbeError('BAD_OPTION', 'the log of the run is missing; give --run with --collector, or --log')
  if (!/^[0-9a-f]{16}$/.test(id)) {
    throw new ProbeError('BAD_OPTION', `--run got ${JSON.stringify(id)}; it takes the 16 hexadecimal digits of a run`)
  }
  if (collector === undefined)
    throw new ProbeError('BAD_OPTION', '--run needs --collector, which has its log; or give the log as --log')
  return { kind: 'collector', url: collector, run: id }
}

/** A log that is given as the target, or a target as the log, would look like a device that lost everything. */
function checkDistinct(target: string, source: Source): void {
  if (source.kind === 'collector' || !existsSync(target) || !existsSync(source.path)) return
  if (realpathSync(target) !== realpathSync(source.path)) return
  throw new ProbeError('BAD_OPTION', `--target and --log are the same file, ${target}; give the disk and its log`)
}

function openLog(source: Source, client: CollectorClient | undefined): Promise<LogSource> {
  if (source.kind === 'file') return fileLog(source.path)
  assert(client !== undefined, 'a collector has a client')
  return collectorLog(client, source.run)
}

/** A violation stands whether the collector hears of it or not; any other verdict that it misses ends as an error. */
async function publish(client: CollectorClient, verdict: Verdict): Promise<void> {
  try {
    await client.publishVerdict(verdict.run, verdict)
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error
    if (verdict.verdict !== 'violation')
      throw new ProbeError(error.code, error.message, { cause: error, isReported: true })
    const logger = await createLogger({ name: 'verify' })
    logger.error(`the verdict was not published: ${error.message}`)
  }
}
