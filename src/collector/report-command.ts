/** `plugpull report` and `plugpull compare`: options and output; the work is in report-data.ts and the formats. */
import { Command, Option } from 'commander'
import { EXIT, ProbeError } from '../core/errors.ts'
import { ACCESS_OPTIONS, type CollectorAccess, collectorClient } from '../io/collector-access.ts'
import { exitStatusHelp } from '../io/help.ts'
import { print } from '../io/output.ts'
import { writeWhole } from '../io/write-whole.ts'
import { renderComparison } from './report/compare-text.ts'
import { FAIL_ON, type FailOn, failStatus } from './report/fail-on.ts'
import type { ReportFormat } from './report/format.ts'
import { FORMAT_NAMES, formatNamed } from './report/registry.ts'
import {
  type CampaignSource,
  collectComparison,
  collectReport,
  hasCampaigns,
  sourceOfClient,
  sourceOfStore,
} from './report/report-data.ts'
import { openStore } from './store/open-store.ts'

/** Where campaigns are read from. */
interface SourceOptions extends CollectorAccess {
  readonly collector?: string
  readonly store?: string
}

const addSourceOptions = (command: Command): Command =>
  ACCESS_OPTIONS.reduce(
    (all, { flags, description }) => all.option(flags, description),
    command.option('--collector <URL>', 'ask a running collector'),
  ).addOption(
    new Option(
      '--store <KIND:WHERE>',
      'read the store of a collector: sqlite:FILE or postgres://USER@HOST/DATABASE',
    ).conflicts('collector'),
  )

interface ReportOptions extends SourceOptions {
  readonly campaign?: string
  readonly against?: string
  readonly format: string
  readonly json?: true
  readonly output?: string
  readonly failOn?: FailOn
}

export function reportCommand(): Command {
  const format = new Option('--format <FORMAT>', 'how to print it').choices(FORMAT_NAMES).default('text')
  const failOn = new Option(
    '--fail-on <WORD>',
    'for build servers: exit 10 where a run is a violation; with inconclusive also 11 where any run cannot acquit',
  ).choices(FAIL_ON)
  const command = new Command('report')
    .description('Tells what a campaign found and what that supports: verdicts, rates with their intervals, every run')
    .option('--campaign <NAME>', 'the campaign; without it the error lists those that are there')
    .option(
      '--against <NAME>',
      "compare with this campaign, by Fisher's exact test, p uncorrected; plugpull compare corrects it and says more",
    )
  return addSourceOptions(command)
    .addOption(format)
    .option('--json', 'the same as --format json')
    .option('--output <FILE>', 'write it into this file, whole or not at all, instead of to stdout')
    .addOption(failOn)
    .addHelpText(
      'after',
      exitStatusHelp(
        `plugpull report --campaign nightly --collector http://127.0.0.1:7117
         plugpull report --campaign none --against unsafe --store sqlite:plugpull.db --format html --output none.html
         plugpull report --campaign nightly --store sqlite:plugpull.db --format junit --output junit.xml --fail-on violation`,
        [EXIT.held, EXIT.violation, EXIT.inconclusive, EXIT.usage, EXIT.unavailable, EXIT.io],
      ),
    )
    .action(runReport)
}

async function runReport(options: ReportOptions): Promise<void> {
  const report = await withSource('report', options, async (source) =>
    collectReport(source, options.campaign ?? (await missingCampaign(source)), options.against),
  )
  const document = formatOf(options).render(report)
  if (options.output === undefined) await print(document)
  else writeWhole(options.output, document, '--output')
  if (options.failOn !== undefined) process.exitCode = failStatus(report, options.failOn)
}

function formatOf({ format, json }: ReportOptions): ReportFormat {
  const name = json === true ? 'json' : format
  const found = formatNamed(name)
  if (found === undefined)
    throw new ProbeError('BAD_OPTION', `--format got ${JSON.stringify(name)}; it takes ${FORMAT_NAMES.join(', ')}`)
  return found
}

async function missingCampaign(source: CampaignSource): Promise<never> {
  throw new ProbeError(
    'BAD_OPTION',
    `report needs --campaign NAME; ${source.name} ${hasCampaigns(await source.campaigns())}`,
  )
}

async function withSource<T>(
  command: string,
  options: SourceOptions,
  work: (source: CampaignSource) => Promise<T>,
): Promise<T> {
  if (options.collector !== undefined) {
    const client = collectorClient(options.collector, options)
    try {
      return await work(sourceOfClient(client, options.collector))
    } finally {
      await client.close()
    }
  }
  if (options.store === undefined) {
    throw new ProbeError('BAD_OPTION', `${command} needs --collector URL or --store sqlite:FILE, to know where to read`)
  }
  const store = await openStore(options.store, 'read')
  try {
    return await work(sourceOfStore(store))
  } finally {
    await store.close()
  }
}

interface CompareOptions extends SourceOptions {
  readonly json?: true
}

export function compareCommand(): Command {
  const command = new Command('compare')
    .description("Says whether two campaigns differ, by Fisher's exact test, and what difference could have been seen")
    .argument('<A>', 'a campaign')
    .argument('<B>', 'another campaign')
  return addSourceOptions(command)
    .option('--json', 'one JSON document on stdout (plugpull.compare/1)')
    .addHelpText(
      'after',
      exitStatusHelp('plugpull compare qcow2 raw --store sqlite:plugpull.db', [
        EXIT.held,
        EXIT.usage,
        EXIT.unavailable,
      ]),
    )
    .action(runCompare)
}

async function runCompare(a: string, b: string, options: CompareOptions): Promise<void> {
  if (a === b)
    throw new ProbeError('BAD_OPTION', `compare got ${JSON.stringify(a)} twice; it takes two different campaigns`)
  const comparison = await withSource('compare', options, (source) => collectComparison(source, a, b))
  await print(options.json === true ? `${JSON.stringify(comparison)}\n` : renderComparison(comparison))
}
