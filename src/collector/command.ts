/** `plugpull collector`: options and output; the work is in serve.ts. */
import { hostname } from 'node:os'
import { Command, Option } from 'commander'
import { EXIT } from '../core/errors.ts'
import { exitStatusHelp } from '../io/help.ts'
import { LOG_LEVELS, type LogLevel } from '../io/logger.ts'
import { LISTEN_DEFAULT } from './http/listen-address.ts'
import { STORE_DEFAULT } from './store/open-store.ts'
import { policyOf, WHAT, type What } from './retention/policy.ts'
import { serve } from './serve.ts'
import { type WebhookArguments, webhookOptionsOf } from './webhook/options.ts'

interface CollectorOptions extends WebhookArguments {
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
    .option('--webhook <URL>', 'tell this address of verdicts (docs/REPORTS.md)')
    .option('--webhook-secret-file <FILE>', 'sign what is sent there with the secret in this file')
    .option(
      '--webhook-on <WORDS>',
      'of which verdicts: violation, inconclusive; with injected also of runs with an injected fault (default: violation)',
    )
    .option('--public-url <URL>', 'where people reach this collector, for links in what is sent')
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

async function runCollector({ json, retain, retainSize, retainWhat, ...options }: CollectorOptions): Promise<void> {
  const retention = policyOf(
    { age: retain, size: retainSize, what: retainWhat },
    { age: '--retain', size: '--retain-size' },
  )
  const webhooks = webhookOptionsOf(options)
  await serve({
    ...options,
    ...(retention === undefined ? {} : { retention }),
    ...(webhooks === undefined ? {} : { webhooks }),
    ready: (where) => {
      const page = pageOf(where.url, options.publicUrl)
      const at = page === where.url ? '' : ` (its page: ${page}/)`
      process.stderr.write(`collector listening on ${where.url}${at}\n${process.stderr.isTTY ? firstSteps(page) : ''}`)
      if (json === true) process.stdout.write(`${JSON.stringify(where)}\n`)
    },
  })
}

/** Where people reach it: nobody can open the address that stands for all of this machine's. */
function pageOf(url: string, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '')
  const parsed = new URL(url)
  if (parsed.hostname !== '0.0.0.0' && parsed.hostname !== '[::]') return url
  parsed.hostname = hostname()
  return parsed.origin
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
