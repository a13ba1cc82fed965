/** The collector's commands as a program of their own, so that these tests need no other part of the product. */
import { Command } from 'commander'
import { collectorCommand } from '../../src/collector/command.ts'
import { compareCommand, reportCommand } from '../../src/collector/report-command.ts'
import { ProbeError } from '../../src/core/errors.ts'

const root = new Command('plugpull')
for (const command of [collectorCommand(), reportCommand(), compareCommand()]) root.addCommand(command)
try {
  await root.parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof ProbeError)) throw error
  process.stderr.write(`plugpull: ${error.code}: ${error.message}\n`)
  process.exitCode = error.exitStatus
}
