/** The real campaigns that the pictures show: a matrix of real cuts, the published tear, and one disk that keeps its promise beside one that does not. */
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import { startProcess } from '../../src/io/process.ts'
import type { Collector } from '../../src/rig/children.ts'

export const NAMES = {
  matrix: 'lab',
  tear: 'tear',
  honest: 'power-none',
  liar: 'power-unsafe',
  live: 'nightly',
} as const

const CYCLES = '12'
const SEED = '7117'
const BUSY = ['--workload', 'random', '--write-size', '4k-32k', '--queue-depth', '4', '--flush-every', '64']
const IMAGES = 'raw,qcow2,qcow2-extl2,qcow2-overlay-extl2'

const POWER = ['--rig', 'host-power', '--image', 'qcow2', '--cycles', CYCLES, '--seed', SEED, ...BUSY]

/** Each by the command that makes it. */
const LOOPS: Readonly<Record<'tear' | 'honest' | 'liar', readonly string[]>> = {
  tear: ['--image', 'qcow2-overlay-extl2', '--size', '16M', '--script', 'w 8+16; flush; w 0+16', '--seed', SEED],
  honest: ['--cache', 'none', ...POWER],
  liar: ['--cache', 'unsafe', ...POWER],
}

/** A campaign that goes on and on, for the view of what goes on. */
const LIVE_WORKLOAD = '--workload overlap --write-size 8k --flush-every 500'
export const LIVE_ARGUMENTS = `--cycles 1000 --jobs 2 --cut-after 6s-9s --image qcow2-extl2 ${LIVE_WORKLOAD}`.split(' ')

/** `plugpull …` with those arguments, against that collector. */
export const commandOf = ({ program }: Collector, args: readonly string[]): readonly string[] => [
  program.entry,
  ...args,
]

/** Makes what the collector does not have yet. */
export async function makeCampaigns(collector: Collector, signal: AbortSignal): Promise<void> {
  const there = (await collector.client.campaigns()).map(({ campaign }) => campaign)
  if (!there.some((campaign) => campaign.startsWith(`${NAMES.matrix}-`))) {
    const output = ['--output', `${collector.scratch.path}/matrix`, '--name', NAMES.matrix]
    await run(collector, signal, ['matrix', ...output, '--image', IMAGES, '--cycles', '3', '--seed', SEED, '--quiet'])
  }
  for (const name of ['tear', 'honest', 'liar'] as const)
    if (!there.includes(NAMES[name]))
      await run(collector, signal, ['loop', '--campaign', NAMES[name], ...LOOPS[name], '--quiet'])
}

/** To its end; what it judged may be anything. */
async function run(collector: Collector, signal: AbortSignal, args: readonly string[]): Promise<void> {
  process.stderr.write(`plugpull ${args.join(' ')}\n`)
  const command = commandOf(collector, [...args, '--collector', collector.url])
  const child = startProcess(process.execPath, command, { scratch: collector.scratch })
  // It takes its machines down by itself when it is asked to end.
  const end = (): void => void child.kill('SIGINT')
  signal.addEventListener('abort', end)
  const { code } = await child.exited
  signal.removeEventListener('abort', end)
  signal.throwIfAborted()
  if (code !== EXIT.held && code !== EXIT.violation && code !== EXIT.inconclusive)
    throw new ProbeError('RIG_FAILED', `plugpull ${args[0] ?? ''} ended with status ${code}: ${child.errorTail()}`)
}
