/** The entry of the bundle that travels into guests: the commands that a guest needs, and nothing that has to be compiled for it. */
import { type Commands, plugpullWords, programOf, runProgram } from './run-program.ts'

const FIRST_STEPS = `
This is the part of plugpull that runs inside a guest; loops, reports and the collector are in the whole program.`

const COMMANDS: Commands = {
  agent: async () => (await import('./agent/command.ts')).agentCommand(),
  verify: async () => (await import('./verify/command.ts')).verifyCommand(),
}

void runProgram((name) => programOf(COMMANDS, plugpullWords(FIRST_STEPS), name))
