/** `npm run bench -- scale`: agents by the hundred over two collectors and one PostgreSQL; writes docs/bench/scale.json and a section of docs/OPERATIONS.md. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { wholeOf } from '../../src/core/agent-options.ts'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { runProgram } from '../../src/run-program.ts'
import { NO_POSTGRES, ownPostgres } from '../../test/support/postgres.ts'
import { machineOf } from '../machine.ts'
import { measure, type ScaleRun } from './measure.ts'
import { DATA_FILE, PAGE_FILE, type ScaleData, sectionOf, withSection } from './page.ts'

const AGENTS = [100, 300, 1000] as const
const RATE_DEFAULT = '100'
const SECONDS_DEFAULT = '30'

interface Options {
  readonly agents?: string
  readonly rate: string
  readonly seconds: string
  readonly publish: boolean
}

async function main(options: Options, signal: AbortSignal): Promise<void> {
  const [loadBefore = 0] = loadavg()
  const postgres = await ownPostgres()
  if (postgres === undefined) throw new ProbeError('RIG_UNAVAILABLE', NO_POSTGRES)
  try {
    const runs: ScaleRun[] = []
    const writesPerSecond = wholeOf(options.rate, '--rate', 10_000)
    const seconds = wholeOf(options.seconds, '--seconds', 3600)
    for (const agents of options.agents === undefined ? AGENTS : [wholeOf(options.agents, '--agents', 100_000)]) {
      signal.throwIfAborted()
      process.stderr.write(`plugpull: ${agents} agents for ${seconds} s …\n`)
      const run = await measure(postgres, { agents, writesPerSecond, seconds })
      process.stderr.write(`plugpull: ${JSON.stringify(run)}\n`)
      runs.push(run)
    }
    const version = String(
      (await postgres.query(await postgres.createDatabase(), 'SHOW server_version'))[0]?.['server_version'],
    )
    const command = `npm run bench -- scale --rate ${writesPerSecond} --seconds ${seconds}`
    const data: ScaleData = { command, loadBefore, machine: { ...machineOf(), postgresql: version }, runs }
    if (options.publish && options.agents === undefined) publish(data)
    process.stdout.write(`${sectionOf(data)}\n`)
  } finally {
    await postgres.end()
  }
}

function publish(data: ScaleData): void {
  mkdirSync(dirname(DATA_FILE), { recursive: true })
  writeFileSync(DATA_FILE, `${JSON.stringify(data, undefined, 2)}\n`)
  writeFileSync(PAGE_FILE, withSection(readFileSync(PAGE_FILE, 'utf8'), data))
}

const command = new Command('scale')
  .description(
    'agents streaming at once to two collectors over one PostgreSQL, every log read back; writes docs/bench/scale.json and its section of docs/OPERATIONS.md',
  )
  .option('--agents <n>', `agents (default: ${AGENTS.join(', ')} in turn); with it nothing is published`)
  .option('--rate <n>', 'writes that each agent issues in a second', RATE_DEFAULT)
  .option('--seconds <n>', 'how long they stream', SECONDS_DEFAULT)
  .option('--no-publish', 'print the section and leave docs/ as it is')
  .exitOverride()
  .configureOutput({ outputError: () => undefined })
  .action(async (options: Options) => {
    process.exitCode = await withInterrupt(async (signal) => {
      await main(options, signal)
      return EXIT.held
    })
  })

await runProgram(() => Promise.resolve(command))
