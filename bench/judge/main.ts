/** `npm run bench -- judge`: the judge on logs of one to thirty million writes; writes docs/bench/judge.json and its section of docs/PERFORMANCE.md. */
import { join } from 'node:path'
import { findProgram, runTool } from '../../src/io/process.ts'
import { createProgress } from '../../src/io/progress.ts'
import { runBench } from '../bench-command.ts'
import { JUDGE, type JudgeData, type JudgeRun } from './page.ts'

const SECTORS = 2 ** 22
/** Writes and sectors of each size; the last two show that the time is linear in the sectors, too. */
const SIZES = [
  { writes: 1_000_000, sectors: SECTORS },
  { writes: 3_000_000, sectors: SECTORS },
  { writes: 10_000_000, sectors: SECTORS },
  { writes: 30_000_000, sectors: SECTORS },
  { writes: 1_000_000, sectors: SECTORS * 2 },
  { writes: 1_000_000, sectors: SECTORS * 4 },
] as const
const LIMIT_MS = 600_000

async function measureAll(repeats: number, signal: AbortSignal): Promise<readonly JudgeRun[]> {
  const progress = createProgress({ label: 'judging', total: SIZES.length * repeats })
  const runs: JudgeRun[] = []
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const size of SIZES) {
        runs.push(await measure(size, signal))
        progress.update(runs.length, `${size.writes} writes`)
      }
    }
  } finally {
    progress.finish()
  }
  return runs
}

/** One run in a process of its own, on one processor where taskset is there. */
async function measure({ writes, sectors }: (typeof SIZES)[number], signal: AbortSignal): Promise<JudgeRun> {
  const program = join(import.meta.dirname, 'one.js')
  const command = [process.execPath, program, String(writes), String(sectors)]
  const [name = '', ...args] = findProgram('taskset') === undefined ? command : ['taskset', '-c', '0', ...command]
  const { stdout } = await runTool(name, args, { signal, limitMs: LIMIT_MS })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one.ts wrote it
  return JSON.parse(stdout) as JudgeRun
}

await runBench<JudgeData>({
  name: 'judge',
  description: 'time and memory of judging long runs, apart from reading the device',
  repeatDefault: 3,
  section: JUDGE,
  measure: async (repeats, signal) => ({ runs: await measureAll(repeats, signal) }),
})
