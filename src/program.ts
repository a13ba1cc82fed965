/**
 * The commands of the program, put together. Each is loaded only when it is the one that runs: an agent in a guest has no
 * use for an HTTP server, and a loop starts two processes a cycle.
 */
import { Command } from 'commander'
import { VERSION } from './core/version.ts'

const FIRST_STEPS = `
First steps:
  plugpull demo                 the published QCOW2 tear, start to finish
  plugpull loop --help          cut the power again and again, by a rig
  plugpull agent --help         write inside your own VM`

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  collector: async () => (await import('./collector/command.ts')).collectorCommand(),
  agent: async () => (await import('./agent/command.ts')).agentCommand(),
  verify: async () => (await import('./verify/command.ts')).verifyCommand(),
  loop: async () => (await import('./rig/command.ts')).loopCommand(),
  report: async () => (await import('./collector/command.ts')).reportCommand(),
  demo: async () => (await import('./rig/command.ts')).demoCommand(),
}

/** The program with the one command named, or with all. Usage errors are thrown: whoever runs it reports them in one place. */
export async function plugpull(name?: string): Promise<Command> {
  const root = quiet(new Command('plugpull'))
    .description(
      'A durability probe for virtual disks: writes, cuts the power, and says what was lost, torn or reordered',
    )
    .version(VERSION)
    .addHelpText('after', FIRST_STEPS)
  const only = name === undefined ? undefined : COMMANDS[name]
  for (const load of only === undefined ? Object.values(COMMANDS) : [only]) root.addCommand(quiet(await load()))
  return root
}

function quiet(command: Command): Command {
  return command.exitOverride().configureOutput({ outputError: () => undefined })
}
