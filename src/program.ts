/**
 * The commands of the program, put together. Each is loaded only when it is the one that runs: a loop starts two processes
 * a cycle.
 */
import type { Command } from 'commander'
import type { OpenArchive } from './io/run-evidence.ts'
import { type Commands, plugpullWords, programOf } from './run-program.ts'

const FIRST_STEPS = `
First steps:
  plugpull demo                 the published QCOW2 tear, start to finish
  plugpull loop --help          cut the power again and again, by a rig
  plugpull agent --help         write inside your own VM`

/** A collector's store, for the commands that read one without a collector. */
const openArchive: OpenArchive = async (spec) =>
  (await import('./collector/store/open-store.ts')).openStore(spec, 'read')

const COMMANDS: Commands = {
  collector: async () => (await import('./collector/command.ts')).collectorCommand(),
  token: async () => (await import('./collector/access/token-command.ts')).tokenCommand(),
  agent: async () => (await import('./agent/command.ts')).agentCommand(),
  verify: async () => (await import('./verify/command.ts')).verifyCommand(),
  explain: async () => (await import('./verify/explain/command.ts')).explainCommand(openArchive),
  loop: async () => (await import('./rig/command.ts')).loopCommand(),
  reproduce: async () => (await import('./rig/command.ts')).reproduceCommand(openArchive),
  matrix: async () => (await import('./rig/command.ts')).matrixCommand(),
  report: async () => (await import('./collector/report-command.ts')).reportCommand(),
  compare: async () => (await import('./collector/report-command.ts')).compareCommand(),
  export: async () => (await import('./collector/transfer/export-command.ts')).exportCommand(),
  import: async () => (await import('./collector/transfer/import-command.ts')).importCommand(),
  prune: async () => (await import('./collector/retention/prune-command.ts')).pruneCommand(),
  study: async () => (await import('./rig/command.ts')).studyCommand(),
  guest: async () => (await import('./rig/command.ts')).guestCommand(),
  demo: async () => (await import('./rig/command.ts')).demoCommand(),
}

/** The program with the one command named, or with all. */
export const plugpull = (name?: string): Promise<Command> => programOf(COMMANDS, plugpullWords(FIRST_STEPS), name)
