/** What the rigs give to the command line. */
export { demoCommand } from './demo-command.ts'
export { guestCommand } from './guest/guest-command.ts'
export { loopCommand } from './loop-command.ts'
export { matrixCommand } from './matrix/command.ts'
export { reproduceCommand } from './reproduce/command.ts'
export { studyCommand } from './study/command.ts'
