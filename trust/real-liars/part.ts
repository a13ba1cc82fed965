/** `npm run trust -- real-liars`: disks of stock parts that lie, their honest twins, and an image edited by hand. */
import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { parseSeed, wholeOf } from '../../src/core/agent-options.ts'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import { withInterrupt } from '../../src/io/interrupt.ts'
import { createScratch } from '../../src/io/scratch.ts'
import { versionsOf } from '../../src/rig/daemon-machine.ts'
import { collectorOf } from '../../src/rig/loop-command.ts'
import type { TrustPart } from '../part.ts'
import { published } from '../published.ts'
import { runLiars, troubleOfLiar } from './campaigns.ts'
import { EDITS, cutDisk, verifyEdited } from './edited.ts'
import { type EditData, type RealLiarsData, commandOf, sectionOf } from './section.ts'

interface Options {
  readonly seed?: string
  readonly cuts: string
  readonly guestCuts: string
  readonly publish: boolean
}

function command(): Command {
  return new Command('real-liars')
    .description('cut disks of stock parts that lie and their honest twins, and verify an image edited by hand')
    .option('--seed <n>', 'workloads and moments of the cut follow from it, as of plugpull loop (default: random)')
    .option('--cuts <n>', 'of each campaign without a guest', '5')
    .option('--guest-cuts <n>', 'of each campaign with a guest', '3')
    .option('--no-publish', 'leave docs/ as it is')
    .action((options: Options) => withInterrupt((signal) => run(options, signal)))
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const seed = options.seed === undefined ? randomBytes(8).toString('hex') : parseSeed(options.seed)
  const cuts = { host: wholeOf(options.cuts, '--cuts', 1000), guest: wholeOf(options.guestCuts, '--guest-cuts', 1000) }
  const data = await measure(seed, cuts, signal)
  process.stdout.write(`${sectionOf(data)}\n`)
  const trouble = [...data.liars.flatMap(troubleOfLiar), ...data.edits.flatMap(troubleOfEdit)]
  if (trouble.length > 0) {
    process.stderr.write(`${trouble.join('\n')}\nrun it again with: ${commandOf(data)}\n`)
    process.exitCode = EXIT.internal
    return
  }
  process.stdout.write(`${options.publish ? await published(realLiarsPart, data) : 'not published'}\n`)
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function measure(
  seed: string,
  cuts: { readonly host: number; readonly guest: number },
  signal: AbortSignal,
): Promise<RealLiarsData> {
  const scratch = createScratch('liars')
  try {
    const edits = await runEdits(signal)
    const collector = await collectorOf({}, scratch)
    try {
      const liars = await runLiars({ collector, signal, seed, cuts, say })
      const versions = await versionsOf(['qemu-storage-daemon', 'nbdkit', 'qemu-system-x86_64'])
      return { seed, versions, liars, edits }
    } finally {
      await collector.stop()
    }
  } finally {
    scratch.remove()
  }
}

async function runEdits(signal: AbortSignal): Promise<readonly EditData[]> {
  const scratch = createScratch('edits')
  try {
    const disk = await cutDisk(scratch, signal)
    const done: EditData[] = []
    for (const edit of EDITS) {
      const { found } = await verifyEdited(disk, edit, scratch.path, signal)
      done.push({ name: edit.name, command: edit.command, expected: edit.expected, found })
    }
    return done
  } finally {
    scratch.remove()
  }
}

const troubleOfEdit = ({ name, expected, found }: EditData): readonly string[] =>
  expected.join() === found.join() ? [] : [`edit ${name}: found ${found.join(', ') || 'nothing'}`]

/** The part as the registry lists it. */
export const realLiarsPart: TrustPart = { name: 'real-liars', command, section: (data) => sectionOf(dataOf(data)) }

const isOurs = (data: unknown): data is RealLiarsData => typeof data === 'object' && data !== null && 'liars' in data

/** What this part wrote itself. */
function dataOf(data: unknown): RealLiarsData {
  if (isOurs(data)) return data
  throw new ProbeError('INTERNAL', 'docs/trust/real-liars.json is not what npm run trust -- real-liars writes')
}
