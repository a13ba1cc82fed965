/** `npm run bench -- diskchecker --diskchecker PATH`: its job, done by it and by the agent; writes docs/bench/diskchecker.json and its section of docs/PERFORMANCE.md. */
import { ProbeError } from '../../src/core/errors.ts'
import { runBench } from '../bench-command.ts'
import { measureDiskchecker } from './measure.ts'
import { DISKCHECKER, type DiskcheckerData } from './page.ts'
import { diskcheckerProblem, suppliedFile } from './server.ts'

const OPTION = '--diskchecker'

await runBench<DiskcheckerData>({
  name: 'diskchecker',
  description: 'diskchecker.pl and the agent at the job of the former',
  repeatDefault: 5,
  section: DISKCHECKER,
  supply: `${OPTION} PATH`,
  options: (command) => command.option(`${OPTION} <path>`, 'diskchecker.pl, which is not ours to ship'),
  measure: async (repeats, signal, { diskchecker }) => {
    if (typeof diskchecker !== 'string')
      throw new ProbeError(
        'BAD_OPTION',
        `bench diskchecker takes ${OPTION} PATH: diskchecker.pl is not ours to ship, get it from its author and say where it is`,
      )
    const program = suppliedFile(diskchecker, OPTION)
    const problem = diskcheckerProblem()
    if (problem !== undefined) throw new ProbeError('RIG_UNAVAILABLE', `diskchecker.pl cannot run here: ${problem}`)
    return measureDiskchecker(program, repeats, signal)
  },
})
