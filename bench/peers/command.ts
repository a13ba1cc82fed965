/** `npm run bench -- peers`: runs every tool on the same disks and faults, and writes docs/PEERS.md from what it measured. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { ProbeError } from '../../src/core/errors.ts'
import { Prng, keyOf } from '../../src/core/prng.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { requireAll } from '../../src/io/requirements.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { versionsOf } from '../../src/rig/daemon-machine.ts'
import { PEERS_SCHEMA, type PeersData, type Row } from './data.ts'
import { forgetDiskchecker } from '../diskchecker/server.ts'
import { FAULTS } from './faults.ts'
import { machineOf } from '../machine.ts'
import { DATA_FILE, PAGE_FILE, pageText } from './page.ts'
import { settingText } from './settings.ts'
import type { Tool } from './tool.ts'
import { type Tools, toolsHere } from './tools.ts'
import { type Trials, runTrials } from './trial.ts'

interface Options {
  readonly only?: string
  readonly tools?: string
  readonly repeat: string
  readonly seed?: string
  readonly fio?: string
  readonly diskchecker?: string
  readonly json?: boolean
}

const HELP = `
Nothing is published unless every fault is run with every tool there is here.

Example:
  npm run bench -- peers --repeat 3
  npm run bench -- peers --only flip-bit,torn-block --repeat 1 --json
  npm run bench -- peers --fio ~/fio/fio --diskchecker ~/diskchecker.pl

Exit status:
    0  done
   64  usage
   69  a program is missing`

export function peersCommand(): Command {
  return new Command('peers')
    .description('fio and diskchecker.pl side by side with plugpull, on the same disks and faults')
    .option('--only <faults>', `some of: ${FAULTS.map(({ name }) => name).join(', ')}`)
    .option('--tools <names>', 'only these, by the names in the tables, as in plugpull,fio')
    .option('--repeat <n>', 'runs of each tool and setting', '3')
    .option('--seed <digits>', '16 hexadecimal digits; workloads, cuts and places of damage follow from it')
    .option('--fio <path>', "another fio than PATH's")
    .option('--diskchecker <path>', 'diskchecker.pl, which is not ours to ship')
    .option('--json', 'print what was measured as one JSON document')
    .addHelpText('after', HELP)
    .action(peers)
}

async function peers(options: Options): Promise<void> {
  const faults = faultsOf(options.only)
  const repeats = repeatsOf(options.repeat)
  const seed = seedOf(options.seed)
  requireAll('the side-by-side with peers', ['nbdkit', 'nbdfuse', 'fuse'])
  const here = selected(await toolsHere(options), options.tools)
  try {
    const rows = await withInterrupt((signal) =>
      withScratch('peers', (scratch) => measure(here, { faults, repeats, seed, scratch, signal })),
    )
    report(options, {
      schema: PEERS_SCHEMA,
      command: commandLine(options, repeats, seed),
      at: new Date().toISOString(),
      seed,
      repeats,
      machine: { ...machineOf(), ...(await versionsOf(['nbdkit', 'nbdfuse'])) },
      faults,
      rows,
      absent: here.absent,
    })
  } finally {
    if (options.diskchecker !== undefined) forgetDiskchecker()
  }
}

function faultsOf(only: string | undefined): readonly string[] {
  const known = FAULTS.map(({ name }) => name)
  const wanted = only === undefined ? known : only.split(',').map((name) => name.trim())
  const strange = wanted.find((name) => !known.includes(name))
  if (strange !== undefined)
    throw new ProbeError('BAD_OPTION', `--only takes some of ${known.join(', ')}; got ${strange}`)
  return wanted
}

function repeatsOf(text: string): number {
  const repeats = Number(text)
  if (Number.isSafeInteger(repeats) && repeats >= 1 && repeats <= 1000) return repeats
  throw new ProbeError('BAD_OPTION', `--repeat takes a whole number from 1 to 1000; got ${text}`)
}

function seedOf(text = randomBytes(8).toString('hex')): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text
  throw new ProbeError('BAD_OPTION', `--seed takes 16 hexadecimal digits; got ${text}`)
}

function selected(here: Tools, names: string | undefined): Tools {
  if (names === undefined) return here
  const wanted = names.split(',').map((name) => name.trim())
  const tools = here.tools.filter(({ name }) => wanted.includes(name))
  if (tools.length > 0) return { ...here, tools }
  throw new ProbeError(
    'BAD_OPTION',
    `--tools takes some of ${[...new Set(here.tools.map(({ name }) => name))].join(', ')}; got ${names}`,
  )
}

interface Measurement {
  readonly faults: readonly string[]
  readonly repeats: number
  readonly seed: string
  readonly scratch: Scratch
  readonly signal: AbortSignal
}

async function measure({ tools }: Tools, order: Measurement): Promise<readonly Row[]> {
  const random = new Prng(keyOf(order.seed))
  const found = tools.map((): Trials[] => [])
  for (let repeat = 1; repeat <= order.repeats; repeat++) {
    for (const [index, tool] of tools.entries()) {
      process.stderr.write(
        `plugpull: run ${repeat} of ${order.repeats}: ${tool.name}, ${settingText(tool.setting)} …\n`,
      )
      // Thirty bits: what every tool takes as a seed.
      const seed = random.bits() >>> 2
      found[index]?.push(await runTrials({ ...order, tool, repeat, seed, folder: `${repeat}-${index}` }))
    }
  }
  return tools.map((tool, index) => rowOf(tool, found[index] ?? []))
}

const rowOf = ({ name, version, setting, fate, commands }: Tool, trials: readonly Trials[]): Row => ({
  name,
  version,
  setting,
  fate,
  commands,
  honest: trials.flatMap(({ honest }) => (honest === undefined ? [] : [honest])),
  faults: trials.flatMap(({ faults }) => faults),
  problems: trials.flatMap(({ problems }) => problems),
})

/** The line that repeats it; paths of the user's own are left out. */
function commandLine({ fio, diskchecker }: Options, repeats: number, seed: string): string {
  const supplied = [fio === undefined ? '' : ' --fio PATH', diskchecker === undefined ? '' : ' --diskchecker PATH']
  return `npm run bench -- peers --repeat ${repeats} --seed ${seed}${supplied.join('')}`
}

function report(options: Options, data: PeersData): void {
  const text = `${JSON.stringify(data, undefined, 2)}\n`
  process.stdout.write(options.json === true ? text : pageText(data))
  if (options.only !== undefined || options.tools !== undefined) return
  mkdirSync(dirname(DATA_FILE), { recursive: true })
  writeFileSync(DATA_FILE, text)
  writeFileSync(PAGE_FILE, pageText(data))
  process.stderr.write(`plugpull: wrote ${DATA_FILE} and ${PAGE_FILE}\n`)
}
