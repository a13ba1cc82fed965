/** The commands of the program, put together. */
import { Command } from 'commander'
import { agentCommand } from './agent/command.ts'
import { collectorCommand, reportCommand } from './collector/command.ts'
import { VERSION } from './core/version.ts'
import { demoCommand, loopCommand } from './rig/command.ts'
import { verifyCommand } from './verify/command.ts'

const FIRST_STEPS = `
First steps:
  plugpull demo                 the published QCOW2 tear, start to finish
  plugpull loop --help          cut the power again and again, by a rig
  plugpull agent --help         write inside your own VM`

/** Usage errors are thrown, not printed: whoever runs the program reports them in one place. */
export function plugpull(): Command {
  const root = quiet(new Command('plugpull'))
    .description(
      'A durability probe for virtual disks: writes, cuts the power, and says what was lost, torn or reordered',
    )
    .version(VERSION)
    .addHelpText('after', FIRST_STEPS)
  const commands = [collectorCommand, agentCommand, verifyCommand, loopCommand, reportCommand, demoCommand]
  for (const make of commands) root.addCommand(quiet(make()))
  return root
}

function quiet(command: Command): Command {
  return command.exitOverride().configureOutput({ outputError: () => undefined })
}
