/** What the rigs give to the command line. */
export { demoCommand } from './demo-command.ts'
export { loopCommand } from './loop-command.ts'
