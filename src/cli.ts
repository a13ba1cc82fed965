#!/usr/bin/env node
/** The one entry: registers the commands, and turns every error into one message and an exit status. */
import { Command, CommanderError } from 'commander'
import { agentCommand } from './agent/command.ts'
import { collectorCommand, reportCommand } from './collector/command.ts'
import { ERRORS, EXIT, ProbeError, messageOf } from './core/errors.ts'
import { VERSION } from './core/version.ts'
import { demoCommand, loopCommand } from './rig/command.ts'
import { verifyCommand } from './verify/command.ts'

function program(): Command {
  const root = new Command('plugpull')
    .description(
      'A durability probe for virtual disks: writes, cuts the power, and says what was lost, torn or reordered.',
    )
    .version(VERSION)
    .showHelpAfterError(false)
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      '\nFirst steps:\n  plugpull demo                 the published QCOW2 tear, start to finish\n  plugpull loop --help          cut the power again and again, by a rig\n  plugpull agent --help         write inside your own VM\n',
    )
  for (const command of [
    collectorCommand(),
    agentCommand(),
    verifyCommand(),
    loopCommand(),
    reportCommand(),
    demoCommand(),
  ]) {
    root.addCommand(inherit(command))
  }
  return root
}

/** Every command reports its usage errors to us, so that they end in one place. */
function inherit(command: Command): Command {
  return command.exitOverride().configureOutput({ outputError: () => undefined })
}

/** One line for people, and the exit status. */
function report(error: unknown): number {
  if (error instanceof ProbeError) {
    process.stderr.write(`plugpull: ${error.code}: ${error.message}\n`)
    return error.exitStatus
  }
  if (error instanceof CommanderError) return reportUsage(error)
  process.stderr.write(
    `plugpull: INTERNAL: ${ERRORS.INTERNAL.meaning}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`,
  )
  return EXIT.internal
}

function reportUsage(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.held
  if (error.code === 'commander.help') return EXIT.usage
  const text = error.message.replace(/^error: /, '')
  process.stderr.write(
    `plugpull: BAD_OPTION: ${text}; see plugpull ${process.argv[2] ?? ''} --help\n`.replace('  --help', ' --help'),
  )
  return EXIT.usage
}

/** stdout closed by its reader (`plugpull … | head`) is an end, not an error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.held : EXIT.io)
})

try {
  await program().exitOverride().parseAsync(process.argv)
} catch (error) {
  process.exitCode = report(error)
}
