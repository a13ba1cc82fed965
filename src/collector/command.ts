/** `plugpull collector`, `plugpull report` and `plugpull compare`: options and output; the work is in serve.ts and report-data.ts. */
import { Command, Option } from 'commander'
import { EXIT, ProbeError } from '../core/errors.ts'
import { ACCESS_OPTIONS, type CollectorAccess, collectorClient } from '../io/collector-access.ts'
import { exitStatusHelp } from '../io/help.ts'
import { LOG_LEVELS, type LogLevel } from '../io/logger.ts'
import { LISTEN_DEFAULT } from './http/listen-address.ts'
import { openStore, STORE_DEFAULT } from './store/open-store.ts'
import { policyOf, WHAT, type What } from './retention/policy.ts'
import { renderMarkdown, renderText } from './report/report-text.ts'
import { renderComparison } from './report/compare-text.ts'
import {
  type CampaignSource,
  collectComparison,
  collectReport,
  hasCampaigns,
  type Report,
  sourceOfClient,
  sourceOfStore,
} from './report/report-data.ts'
import { serve } from './serve.ts'

interface CollectorOptions {
  readonly listen: string
  readonly store: string
  readonly tokenFile?: string
  readonly portFile?: string
  readonly retain?: string
  readonly retainSize?: string
  readonly retainWhat: What
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly logLevel?: LogLevel
  readonly json?: true
}

export function collectorCommand(): Command {
  return new Command('collector')
    .description('Keeps the logs, cuts and verdicts of runs, and serves them over HTTP')
    .option('--listen <HOST:PORT>', 'where to listen; port 0 takes a free one', LISTEN_DEFAULT)
    .option(
      '--store <KIND:WHERE>',
      'where to keep everything: sqlite:FILE or postgres://USER@HOST/DATABASE',
      STORE_DEFAULT,
    )
    .option('--token-file <FILE>', 'ask for tokens; the one in this file may do everything')
    .option('--tls-cert <FILE>', 'speak TLS with this certificate and its chain (PEM); read again on SIGHUP')
    .option('--tls-key <FILE>', 'the private key of that certificate (PEM)')
    .option('--port-file <FILE>', 'write the port to this file once it answers')
    .option('--retain <AGE>', 'prune what is older by itself, at the start and every hour: 90d, 12w, 36h, 1y')
    .option('--retain-size <SIZE>', 'prune the oldest until the logs that are left take no more than this: 50G')
    .addOption(
      new Option('--retain-what <WHAT>', 'what of a run is pruned: its log, or all; never of a run without a verdict')
        .choices(WHAT)
        .default('logs'),
    )
    .addOption(new Option('--log-level <LEVEL>', 'how much goes to stderr').choices(LOG_LEVELS).default('info'))
    .option('--json', 'print {"url","store"} on stdout once it answers')
    .addHelpText(
      'after',
      `
On loopback nobody needs a token until there is one in the store (plugpull token) or --token-file is given. To listen beyond this
machine there must be one of role admin: docs/ACCESS.md.`,
    )
    .addHelpText(
      'after',
      exitStatusHelp('plugpull collector --listen 127.0.0.1:7117 --store sqlite:plugpull.db', [
        EXIT.held,
        EXIT.usage,
        EXIT.unavailable,
        EXIT.io,
      ]),
    )
    .action(runCollector)
}

function runCollector({ json, retain, retainSize, retainWhat, ...options }: CollectorOptions): Promise<void> {
  const retention = policyOf(
    { age: retain, size: retainSize, what: retainWhat },
    { age: '--retain', size: '--retain-size' },
  )
  return serve({
    ...options,
    ...(retention === undefined ? {} : { retention }),
    ready: (where) => {
      process.stderr.write(`collector listening on ${where.url}\n${process.stderr.isTTY ? firstSteps(where.url) : ''}`)
      if (json === true) process.stdout.write(`${JSON.stringify(where)}\n`)
    },
  })
}

/** For whoever started it by hand and wonders what comes next, in the words that work for them. */
function firstSteps(url: string): string {
  const plugpull = process.env['npm_command'] === 'exec' ? 'npx plugpull' : 'plugpull'
  return `
  look at it      ${url}/
  cut some power  ${plugpull} loop --collector ${url} --cycles 5
  with no root    ${plugpull} loop --collector ${url} --cycles 5 --rig sim

Ctrl-C ends it; the store keeps what it has.
`
}

const FORMATS = ['text', 'json', 'markdown'] as const

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
  readonly format: (typeof FORMATS)[number]
  readonly json?: true
}

export function reportCommand(): Command {
  const format = new Option('--format <FORMAT>', 'how to print it').choices(FORMATS).default('text')
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
    .addHelpText(
      'after',
      exitStatusHelp(
        `plugpull report --campaign nightly --collector http://127.0.0.1:7117
         plugpull report --campaign none --against unsafe --store sqlite:plugpull.db --format markdown`,
        [EXIT.held, EXIT.usage, EXIT.unavailable],
      ),
    )
    .action(runReport)
}

async function runReport(options: ReportOptions): Promise<void> {
  const report = await withSource('report', options, async (source) =>
    collectReport(source, options.campaign ?? (await missingCampaign(source)), options.against),
  )
  process.stdout.write(render(report, options.json === true ? 'json' : options.format))
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

function render(report: Report, format: ReportOptions['format']): string {
  switch (format) {
    case 'text':
      return renderText(report)
    case 'markdown':
      return renderMarkdown(report)
    case 'json':
      return `${JSON.stringify(report, undefined, 2)}\n`
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
  const text = options.json === true ? `${JSON.stringify(comparison)}\n` : renderComparison(comparison)
  process.stdout.write(text)
}
