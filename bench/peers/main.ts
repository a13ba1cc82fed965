/** The program of `npm run bench -- peers`. */
import { runProgram } from '../../src/run-program.ts'
import { peersCommand } from './command.ts'

await runProgram(() =>
  Promise.resolve(
    peersCommand()
      .exitOverride()
      .configureOutput({ outputError: () => undefined }),
  ),
)
