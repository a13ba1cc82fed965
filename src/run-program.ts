/** Runs one command of a program, and turns every error into one message and an exit status: the same for each way the program is packed. */
import { Command, CommanderError } from 'commander'
import { ERRORS, EXIT, ProbeError, messageOf } from './core/errors.ts'
import { VERSION } from './core/version.ts'

/** Name of a command → what loads it. Only the one that runs is loaded: an agent in a guest has no use for an HTTP server. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>

/** What a program calls itself, and what its help says after the commands. */
export interface ProgramWords {
  readonly name: string
  readonly description: string
  readonly after?: string
}

/** What plugpull says of itself, however it is packed. */
export const plugpullWords = (after: string): ProgramWords => ({
  name: 'plugpull',
  description:
    'A durability probe for virtual disks: writes, cuts the power, and says what was lost, torn or reordered',
  after,
})

/** The program with the one command named, or with all. Usage errors are thrown: whoever runs it reports them in one place. */
export async function programOf(commands: Commands, words: ProgramWords, name?: string): Promise<Command> {
  const root = quiet(new Command(words.name))
    .description(words.description)
    .version(VERSION)
    .addHelpText('after', words.after ?? '')
  for (const load of loadersFor(commands, name)) root.addCommand(quiet(await load()))
  return root
}

/** The command that is named; all where none is, because help lists them; none where the version is asked for. */
function loadersFor(commands: Commands, name: string | undefined): readonly Commands[string][] {
  if (name === '--version' || name === '-V') return []
  const only = name === undefined ? undefined : commands[name]
  return only === undefined ? Object.values(commands) : [only]
}

function quiet(command: Command): Command {
  for (const part of command.commands) quiet(part)
  return command.exitOverride().configureOutput({ outputError: () => undefined })
}

/** Parses the arguments of this process and runs what they say; sets the exit status. */
export async function runProgram(load: (name: string | undefined) => Promise<Command>): Promise<void> {
  // stdout closed by its reader (`plugpull … | head`) is an end, not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.held : EXIT.io)
  })
  try {
    const program = await load(process.argv[2])
    await program.parseAsync(process.argv)
  } catch (error) {
    const status = report(error)
    process.exitCode = status
    reportJson(error, status)
  }
}

/** With --json stdout holds one document whatever happens; a command that printed its own keeps it. */
function reportJson(error: unknown, status: number): void {
  const isReported = error instanceof ProbeError && error.isReported
  if (isReported || !process.argv.includes('--json') || status === EXIT.held) return
  const code = error instanceof ProbeError ? error.code : status === EXIT.usage ? 'BAD_OPTION' : 'INTERNAL'
  process.stdout.write(
    `${JSON.stringify({ schema: 'plugpull.error/1', error: { code, message: error instanceof CommanderError ? usageOf(error) : messageOf(error) } })}\n`,
  )
}

/** One line for people, and the exit status. */
function report(error: unknown): number {
  if (error instanceof ProbeError) {
    process.stderr.write(`plugpull: ${error.code}: ${error.message}\n`)
    return error.exitStatus
  }
  if (error instanceof CommanderError) return reportUsage(error)
  const detail = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
  process.stderr.write(`plugpull: INTERNAL: ${ERRORS.INTERNAL.meaning}: ${detail}\n`)
  return EXIT.internal
}

const usageOf = (error: CommanderError): string => error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')

function reportUsage(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.held
  if (error.code === 'commander.help') return EXIT.usage
  const [, , first = ''] = process.argv
  const help = first.startsWith('-') || error.code === 'commander.unknownCommand' ? '' : `${first} `
  process.stderr.write(`plugpull: BAD_OPTION: ${usageOf(error)}; see plugpull ${help}--help\n`)
  return EXIT.usage
}
