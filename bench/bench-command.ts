/** The command of a bench that has a section in docs/PERFORMANCE.md: `--repeat`, `--no-publish`, Ctrl-C, data and page written together. */
import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { type RawOptions, wholeOf } from '../src/core/agent-options.ts'
import { EXIT } from '../src/core/errors.ts'
import { withInterrupt } from '../src/io/interrupt.ts'
import { runProgram } from '../src/run-program.ts'
import { machineOf } from './machine.ts'
import { PERFORMANCE_FILE, performancePage } from './performance.ts'
import type { BenchData, Publisher } from './section.ts'

export interface Bench<T extends BenchData> {
  readonly name: string
  /** One sentence, for the help. */
  readonly description: string
  readonly repeatDefault: number
  readonly section: Publisher<T>
  /** Measures all of it `repeats` times; what it makes is removed before it returns or throws. */
  readonly measure: (repeats: number, signal: AbortSignal, raw: RawOptions) => Promise<Omit<T, keyof BenchData>>
  /** Options of its own, added to the command. */
  readonly options?: (command: Command) => Command
  /** What a reader must add to the command to repeat it. */
  readonly supply?: string
  /** What of the machine the figures depend on besides the processor. */
  readonly machine?: () => Readonly<Record<string, string>>
}

export async function runBench<T extends BenchData>(bench: Bench<T>): Promise<void> {
  const plain = new Command(bench.name)
    .description(`${bench.description}; writes docs/bench/${bench.name}.json and docs/PERFORMANCE.md`)
    .option('--repeat <n>', `repetitions (default: ${bench.repeatDefault})`)
    .option('--no-publish', 'print the section and leave docs/ as it is')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
  const command = (bench.options?.(plain) ?? plain).action(async (raw: RawOptions) => {
    process.exitCode = await withInterrupt(async (signal) => {
      await measureAndTell(bench, raw, signal)
      return EXIT.held
    })
  })
  await runProgram(() => Promise.resolve(command))
}

async function measureAndTell<T extends BenchData>(
  bench: Bench<T>,
  raw: RawOptions,
  signal: AbortSignal,
): Promise<void> {
  const { repeat } = raw
  const repeats = wholeOf(typeof repeat === 'string' ? repeat : String(bench.repeatDefault), '--repeat', 100)
  const measured = await bench.measure(repeats, signal, raw)
  const head: BenchData = {
    command: `npm run bench -- ${bench.name} --repeat ${repeats}${bench.supply === undefined ? '' : ` ${bench.supply}`}`,
    machine: { ...machineOf(), ...bench.machine?.() },
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- head and measured are the two halves of T
  const data = { ...head, ...measured } as T
  if (raw['publish'] === false) {
    process.stdout.write(`${bench.section.text(data)}not published\n`)
    return
  }
  bench.section.save(data)
  writeFileSync(PERFORMANCE_FILE, performancePage())
  process.stdout.write(`${bench.section.text(data)}${PERFORMANCE_FILE}\n`)
}
