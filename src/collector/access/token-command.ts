/** `plugpull token`: options in, a token or what there is out. The token alone is on stdout, so that it can go into a file. */
import { rmSync, writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { errnoOf, EXIT, messageOf, ProbeError } from '../../core/errors.ts'
import { ACCESS_OPTIONS, type CollectorAccess } from '../../io/collector-access.ts'
import type { TokenView } from '../../io/collector-client.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { print } from '../../io/output.ts'
import { ROLES } from '../store/store.ts'
import { type TokenSource, withTokens } from './token-source.ts'
import { expiryOf, isTokenId, roleOf, stateOf } from './token.ts'

const STATUSES = [EXIT.held, EXIT.usage, EXIT.unavailable, EXIT.io]

interface Common extends CollectorAccess {
  readonly store?: string
  readonly collector?: string
  readonly json?: true
}

interface CreateOptions extends Common {
  readonly role: string
  readonly name: string
  readonly expires?: string
  readonly output?: string
}

const now = (): string => new Date().toISOString()

/** The command for the CLI. */
export function tokenCommand(): Command {
  const command = new Command('token').description(
    'Makes, lists and revokes the tokens by which a collector knows who may do what',
  )
  for (const one of [createCommand(), listCommand(), revokeCommand()]) command.addCommand(one)
  return command.addHelpText(
    'after',
    exitStatusHelp(
      `plugpull token create --role admin --name me --store sqlite:plugpull.db --output admin.token
         plugpull token create --role enrolment --name agents --expires 90d --collector https://collector:7117 --token-file admin.token
         plugpull token revoke 1f3a9c0e --collector https://collector:7117 --token-file admin.token`,
      STATUSES,
    ),
  )
}

function withSourceOptions(command: Command, example: string): Command {
  command
    .addOption(
      new Option('--store <KIND:WHERE>', 'in the store itself, with or without a collector').conflicts('collector'),
    )
    .option('--collector <URL>', 'at a running collector, with a token of role admin')
  for (const { flags, description } of ACCESS_OPTIONS) command.option(flags, description)
  return command.option('--json', 'one JSON document on stdout').addHelpText('after', exitStatusHelp(example, STATUSES))
}

function createCommand(): Command {
  const command = new Command('create')
    .description('Makes a token and prints it, this once: the collector keeps its hash alone')
    .requiredOption('--role <ROLE>', `what it may do: ${ROLES.join(', ')}`)
    .requiredOption('--name <NAME>', 'what it is called in lists and logs')
    .option('--expires <WHEN>', 'a span such as 90d or 12h, or a time in ISO 8601 (default: never)')
    .option('--output <FILE>', 'write it into this new file, which only its owner may read, instead of stdout')
  return withSourceOptions(
    command,
    'plugpull token create --role enrolment --name agents --store sqlite:plugpull.db > agents.token',
  ).action(create)
}

async function create(options: CreateOptions): Promise<void> {
  const { name, expires } = options
  const at = now()
  if (!/^[^\p{Cc}]{1,100}$/u.test(name))
    throw new ProbeError('BAD_OPTION', `--name got ${JSON.stringify(name)}; it takes up to 100 characters`)
  const order = {
    role: roleOf(options.role),
    name,
    ...(expires === undefined ? {} : { expiresAt: expiryOf(expires, at) }),
  }
  const { output, json } = options
  const make = (write?: (secret: string) => void): Promise<void> =>
    withTokens(options, 'write', async (source) => {
      const before = await source.list()
      const { token, ...view } = await source.create(order, at)
      write?.(token)
      const shown = output === undefined ? { ...view, token } : { ...view, output }
      if (json === true) await print(`${JSON.stringify({ schema: 'plugpull.token/1', ...shown })}\n`)
      else if (output === undefined) await print(`${token}\n`)
      process.stderr.write(said(view, before, source, output))
    })
  await (output === undefined ? make() : withNewFile(output, make))
}

/** What to know now: it is not in the result, which may go into a file. */
function said(view: TokenView, before: readonly TokenView[], source: TokenSource, output: string | undefined): string {
  const where = output === undefined ? 'It is shown this once; keep it' : `It is in ${output}`
  const until = view.expiresAt === undefined ? 'never expires' : `expires ${view.expiresAt}`
  const lines = [`token ${view.id} (${view.name}) of role ${view.role} at ${source.name}, ${until}. ${where}.`]
  if (before.length === 0)
    lines.push('It is the first one: from now on this collector asks everybody for a token, on loopback too.')
  const hasAdmin = [...before, view].some((one) => one.role === 'admin' && stateOf(one, now()) === 'valid')
  if (!hasAdmin)
    lines.push('There is none of role admin: more are made with --store, or at a collector that has a --token-file.')
  return `${lines.join('\n')}\n`
}

/**
 * Runs `work` with what writes the secret into a new file that its owner alone may read, made before there is a secret to lose. What
 * is there already may be a secret of somebody else's, and stays.
 */
async function withNewFile<T>(path: string, work: (write: (secret: string) => void) => Promise<T>): Promise<T> {
  const cannot = (error: unknown): ProbeError => {
    const why = errnoOf(error) === 'EEXIST' ? 'is there already' : `cannot be written: ${messageOf(error)}`
    return new ProbeError('OUTPUT_IO', `--output ${path} ${why}; give a new file`, { cause: error })
  }
  let isWritten = false
  try {
    writeFileSync(path, '', { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw cannot(error)
  }
  try {
    return await work((secret) => {
      writeFileSync(path, `${secret}\n`)
      isWritten = true
    })
  } finally {
    if (!isWritten) rmSync(path, { force: true })
  }
}

function listCommand(): Command {
  const command = new Command('list').description(
    'Lists the tokens that were made, revoked ones too; never what they are',
  )
  return withSourceOptions(command, 'plugpull token list --store sqlite:plugpull.db').action((options: Common) =>
    withTokens(options, 'update', async (source) => {
      const tokens = (await source.list()).map((token) => ({ ...token, state: stateOf(token, now()) }))
      await print(
        options.json === true ? `${JSON.stringify({ schema: 'plugpull.tokens/1', tokens })}\n` : table(tokens),
      )
    }),
  )
}

function table(tokens: readonly (TokenView & { readonly state: string })[]): string {
  if (tokens.length === 0) return 'no tokens yet; plugpull token create makes one\n'
  const rows = [
    ['id', 'role', 'state', 'created', 'expires', 'name'],
    ...tokens.map(({ id, role, state, createdAt, expiresAt, name }) => [
      id,
      role,
      state,
      day(createdAt),
      day(expiresAt),
      name,
    ]),
  ]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('')
}

const day = (time: string | undefined): string => time?.slice(0, 16).replace('T', ' ') ?? 'never'

function revokeCommand(): Command {
  const command = new Command('revoke')
    .description('Revokes a token: every collector of the store refuses it within a few seconds')
    .argument('<ID>', 'the id of the token, as token list tells it')
  return withSourceOptions(command, 'plugpull token revoke 1f3a9c0e --store sqlite:plugpull.db').action(
    (id: string, options: Common) =>
      withTokens(options, 'update', async (source) => {
        if (!isTokenId(id)) throw notTokenId(id)
        // Asked before: afterwards it may be our own token that is revoked.
        const before = await source.list()
        const revoked = await source.revoke(id, now())
        if (options.json === true) await print(`${JSON.stringify({ schema: 'plugpull.revocation/1', id, revoked })}\n`)
        else await print(revoked ? `token ${id} is revoked\n` : `token ${id} was revoked before\n`)
        if (isLastAdmin(id, before)) process.stderr.write(withoutAdmin(source, options))
      }),
  )
}

const notTokenId = (id: string): ProbeError =>
  new ProbeError(
    'BAD_OPTION',
    `token revoke got ${JSON.stringify(id)}; it takes the id of a token, 8 hexadecimal digits, as plugpull token list tells it`,
  )

function isLastAdmin(id: string, tokens: readonly TokenView[]): boolean {
  const admins = tokens.filter((token) => token.role === 'admin' && stateOf(token, now()) === 'valid')
  return admins.length === 1 && admins[0]?.id === id
}

/** Only the store itself can be asked then: a collector without a --token-file takes nobody for an admin any more. */
const withoutAdmin = (source: TokenSource, { store }: Common): string =>
  `It was the last valid token of role admin at ${source.name}: nobody manages it any more, unless its collector has a --token-file. Another one is made in the store itself: plugpull token create --role admin --name NAME --store ${store ?? 'KIND:WHERE'}\n`
