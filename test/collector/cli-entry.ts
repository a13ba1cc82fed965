/** The collector's commands as a program of their own, so that these tests need no other part of the product. */
import { Command } from 'commander'
import { collectorCommand } from '../../src/collector/command.ts'
import { compareCommand, reportCommand } from '../../src/collector/report-command.ts'
import { pruneCommand } from '../../src/collector/retention/prune-command.ts'
import { exportCommand } from '../../src/collector/transfer/export-command.ts'
import { importCommand } from '../../src/collector/transfer/import-command.ts'
import { tokenCommand } from '../../src/collector/access/token-command.ts'
import { ProbeError } from '../../src/core/errors.ts'

const commands = [
  collectorCommand(),
  tokenCommand(),
  reportCommand(),
  compareCommand(),
  exportCommand(),
  importCommand(),
  pruneCommand(),
]
const root = new Command('plugpull')
for (const command of commands) root.addCommand(command)
try {
  await root.parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof ProbeError)) throw error
  process.stderr.write(`plugpull: ${error.code}: ${error.message}\n`)
  process.exitCode = error.exitStatus
}
