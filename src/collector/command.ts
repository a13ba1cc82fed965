/** `plugpull collector`: options and output; the work is in serve.ts. */
import { Command } from 'commander'
import { EXIT } from '../core/errors.ts'
import { exitStatusHelp } from '../io/help.ts'
import { LISTEN_DEFAULT } from './http/listen-address.ts'
import { STORE_DEFAULT } from './store/open-store.ts'
import { serve } from './serve.ts'
import { type WebhookArguments, webhookOptionsOf } from './webhook/options.ts'

interface CollectorOptions extends WebhookArguments {
  readonly listen: string
  readonly store: string
  readonly tokenFile?: string
  readonly portFile?: string
  readonly json?: true
}

export function collectorCommand(): Command {
  return new Command('collector')
    .description('Keeps the logs, cuts and verdicts of runs, and serves them over HTTP')
    .option('--listen <HOST:PORT>', 'where to listen; port 0 takes a free one', LISTEN_DEFAULT)
    .option('--store <KIND:WHERE>', 'where to keep everything: sqlite:FILE', STORE_DEFAULT)
    .option('--token-file <FILE>', 'ask for the token in this file; needed to listen beyond this machine')
    .option('--port-file <FILE>', 'write the port to this file once it answers')
    .option('--webhook <URL>', 'tell this address of verdicts (docs/REPORTS.md)')
    .option('--webhook-secret-file <FILE>', 'sign what is sent there with the secret in this file')
    .option(
      '--webhook-on <WORDS>',
      'of which verdicts: violation, inconclusive; with injected also of runs with an injected fault (default: violation)',
    )
    .option('--public-url <URL>', 'where people reach this collector, for links in what is sent')
    .option('--json', 'print {"url","store"} on stdout once it answers')
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

async function runCollector({ json, ...options }: CollectorOptions): Promise<void> {
  const webhooks = webhookOptionsOf(options)
  await serve({
    ...options,
    ...(webhooks === undefined ? {} : { webhooks }),
    ready: (where) => {
      process.stderr.write(`collector listening on ${where.url}\n`)
      if (json === true) process.stdout.write(`${JSON.stringify(where)}\n`)
    },
  })
}
