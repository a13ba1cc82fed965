/** `npm run bench -- judge`: the judge on logs of one to thirty million writes; writes docs/bench/judge.json and its section of docs/PERFORMANCE.md. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { wholeOf } from '../../src/core/agent-options.ts'
import { EXIT } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { findProgram, runTool } from '../../src/io/process.ts'
import { createProgress } from '../../src/io/progress.ts'
import { runProgram } from '../../src/run-program.ts'
import { machineOf } from '../machine.ts'
import { PERFORMANCE_FILE, performancePage } from '../performance.ts'
import { JUDGE_FILE, type JudgeData, type JudgeRun, judgeSection } from './page.ts'

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
const REPEATS_DEFAULT = '3'
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

async function main(repeats: number, isPublished: boolean, signal: AbortSignal): Promise<void> {
  const data: JudgeData = {
    command: `npm run bench -- judge --repeat ${repeats}`,
    machine: machineOf(),
    runs: await measureAll(repeats, signal),
  }
  if (isPublished) publish(data)
  process.stdout.write(isPublished ? `${PERFORMANCE_FILE}\n` : `${judgeSection(data)}not published\n`)
}

function publish(data: JudgeData): void {
  mkdirSync(dirname(JUDGE_FILE), { recursive: true })
  writeFileSync(JUDGE_FILE, `${JSON.stringify(data, undefined, 2)}\n`)
  writeFileSync(PERFORMANCE_FILE, performancePage())
}

const command = new Command('judge')
  .description(
    'time and memory of judging long runs, apart from reading the device; writes docs/bench/judge.json and docs/PERFORMANCE.md',
  )
  .option('--repeat <n>', `repetitions of each size (default: ${REPEATS_DEFAULT})`)
  .option('--no-publish', 'print the page and leave docs/ as it is')
  .exitOverride()
  .configureOutput({ outputError: () => undefined })
  .action(async ({ repeat, publish: isPublished }: { readonly repeat?: string; readonly publish: boolean }) => {
    process.exitCode = await withInterrupt(async (signal) => {
      await main(wholeOf(repeat ?? REPEATS_DEFAULT, '--repeat', 100), isPublished, signal)
      return EXIT.held
    })
  })

await runProgram(() => Promise.resolve(command))
