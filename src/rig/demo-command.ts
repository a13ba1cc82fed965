/** `plugpull demo` (`npm start`): the seed experiment on a real QCOW2, start to finish; then the collector stays up to be looked at. */
import { Command } from 'commander'
import { type RawOptions, wholeOf } from '../core/agent-options.ts'
import { EXIT, ProbeError } from '../core/errors.ts'
import { monotonicMs } from '../io/clock.ts'
import { formatMs } from '../core/size.ts'
import { exitStatusHelp } from '../io/help.ts'
import { withInterrupt } from '../io/interrupt.ts'
import { type Scratch, withScratch } from '../io/scratch.ts'
import { runPage, worstOf } from './campaign-report.ts'
import { type Collector, startCollector, thisProgram } from './children.ts'
import { type StepResult, closingTable, demoExitStatus, runStep } from './demo.ts'
import { realSteps, simSteps } from './demo-steps.ts'
import { hostPowerRig } from './host-power.ts'
import { storageDaemonRig } from './storage-daemon.ts'

const DEMO_SCHEMA = 'plugpull.demo/1'
const PORT_DEFAULT = 7117
const PORT_MAX = 65_535

const EXAMPLE = `
  plugpull demo
  plugpull demo --exit --cycles 3`

/** The command for the CLI. */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Tears and loses completed writes of a real QCOW2 image, explains them, and serves the results until Ctrl-C',
    )
    .option('--exit', 'end after the experiments instead of serving the collector')
    .option('--cycles <n>', 'cycles of each random campaign (default: 3)')
    .option('--port <n>', `port of the collector (default: ${PORT_DEFAULT}, or a free one where that is taken)`)
    .option(
      '--store <store>',
      'where the collector keeps everything, as in sqlite:demo.db (default: nowhere, once it ends)',
    )
    .option('--sim', 'simulated disks only, as where root, FUSE or QEMU is missing')
    .option('--json', 'one JSON document on stdout (plugpull.demo/1); ends after the experiments')
    .addHelpText(
      'after',
      exitStatusHelp(EXAMPLE, [
        EXIT.held,
        EXIT.inconclusive,
        EXIT.usage,
        EXIT.unavailable,
        EXIT.internal,
        EXIT.interrupted,
      ]),
    )
    .action(async (raw: RawOptions) => {
      process.exitCode = await demo(raw)
    })
}

async function demo(raw: RawOptions): Promise<number> {
  const json = raw['json'] === true
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`)
  return withInterrupt((signal) =>
    withScratch('demo', async (scratch) => {
      const missing = raw['sim'] === true ? 'simulated disks were asked for' : whatIsMissing()
      say('plugpull: what a power cut does to writes that the disk had completed')
      if (missing !== undefined)
        say(`Real images are left out: ${missing}\nThe same is shown on simulated disks instead.`)
      const collector = await collectorFor(raw, scratch)
      try {
        const started = monotonicMs()
        const steps = await runSteps(raw, missing !== undefined, { collector, signal, say })
        say(`\nWrites over all cycles, after ${formatMs(monotonicMs() - started)}:\n\n${closingTable(steps)}\n`)
        say(
          '"permitted": not flushed, so the contract allows it, and people lose data to it. "FORBIDDEN": the disk broke its promise.',
        )
        if (json) process.stdout.write(`${JSON.stringify({ schema: DEMO_SCHEMA, steps })}\n`)
        else if (raw['exit'] !== true)
          await serveUntilInterrupt(collector, signal, pageLines(collector.url, steps), say)
        return demoExitStatus(steps)
      } finally {
        await collector.stop()
      }
    }),
  )
}

async function runSteps(
  raw: RawOptions,
  simulated: boolean,
  context: Parameters<typeof runStep>[2],
): Promise<readonly StepResult[]> {
  const cycles = typeof raw['cycles'] === 'string' ? raw['cycles'] : '3'
  const results: StepResult[] = []
  for (const step of simulated ? simSteps(cycles) : realSteps(cycles))
    results.push(await runStep(step, results.length + 1, context))
  return results
}

/** Why the real rigs cannot run here, with the way out; `undefined` where they can. */
function whatIsMissing(): string | undefined {
  for (const rig of [hostPowerRig, storageDaemonRig]) {
    try {
      rig.require()
    } catch (error) {
      if (error instanceof ProbeError && error.code === 'RIG_UNAVAILABLE') return error.message
      throw error
    }
  }
  return undefined
}

/** On the usual port, so that the address is the same each time; on a free one where that is taken and none was asked for. */
async function collectorFor(raw: RawOptions, scratch: Scratch): Promise<Collector> {
  const { port, store } = raw
  const where = typeof store === 'string' ? store : `sqlite:${scratch.file('collector.db')}`
  const program = thisProgram()
  try {
    return await startCollector(
      program,
      scratch,
      where,
      typeof port === 'string' ? wholeOf(port, '--port', PORT_MAX) : PORT_DEFAULT,
    )
  } catch (error) {
    if (typeof port === 'string' || !(error instanceof ProbeError) || error.code !== 'COLLECTOR_PORT') throw error
    return startCollector(program, scratch, where)
  }
}

/** Where to look at what was just shown: all of it, and the run of the first step, which is the tear. */
function pageLines(url: string, [tear]: readonly StepResult[]): readonly string[] {
  const torn = worstOf(tear?.campaign.cycles ?? [])
  return [
    `The runs, their logs and verdicts are at ${url}/`,
    ...(torn === undefined ? [] : [`The torn run, block by block:          ${runPage(url, torn.run)}`]),
    '(Ctrl-C ends)',
  ]
}

/** Ends by Ctrl-C as it should: that is no error here. */
async function serveUntilInterrupt(
  collector: Collector,
  signal: AbortSignal,
  pages: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  say(`\n${pages.join('\n')}`)
  if (signal.aborted) return
  await Promise.race([
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    collector.ended.then((problem) => Promise.reject(problem)),
  ])
}
