/**
 * Rig `command`: a machine of the user's, behind three commands of the user's that switch it on, cut its power and make what survived
 * available again. So whatever has a remote control can be tested: IPMI, a cloud's API, another hypervisor, a relay.
 *
 * Its agent starts by itself, as deploy/systemd has it, and mostly verifies by itself too (`agent --verify-first`). That a
 * command ended well does not show that a power was cut: the loop looks at the run's log for that (progress.ts).
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type OptionSpec, type RawOptions, choiceOf, positiveMs } from '../core/agent-options.ts'
import { ProbeError } from '../core/errors.ts'
import type { CutRecord, CutKind, Machine, Remains, RigKind, RigSetup, StandingMachine, StandingOrder } from './rig.ts'
import { CACHE_MODES, IMAGE_NAMES } from './rig.ts'
import { type ShellCommand, type ShellEnd, lastLinesOf, shellQuoted, startShell } from './shell-command.ts'

const LIMIT_DEFAULT = '120s'
const FORMATS = ['raw', 'qcow2'] as const

const OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--start-command <command>',
    description: 'sees to it that the machine is on; run by /bin/sh at the start of each cycle',
  },
  { flags: '--cut-command <command>', description: 'takes its power away; its text is kept with the run' },
  {
    flags: '--recover-command <command>',
    description: 'makes what survived available again (default: the start command)',
  },
  { flags: '--command-limit <time>', description: 'how long each of the commands may take', default: LIMIT_DEFAULT },
  {
    flags: '--survivor <path>',
    description: 'disk to verify on this host after the recovery (default: the machine verifies by itself)',
  },
  { flags: '--survivor-format <name>', description: 'what it is (default: by its name)', choices: FORMATS },
]

interface Commands {
  readonly start: string
  readonly cut: string
  readonly recover: string
  readonly limitMs: number
  readonly leaves?: Remains
}

function commandsOf(options: RawOptions): Commands {
  const text = (key: string): string | undefined => {
    const value = options[key]
    return typeof value === 'string' && value.trim() !== '' ? value : undefined
  }
  const needed = (key: string, flag: string): string => {
    const value = text(key)
    if (value === undefined) throw new ProbeError('BAD_OPTION', `--rig command needs ${flag}, a command for /bin/sh`)
    return value
  }
  const start = needed('startCommand', '--start-command')
  const survivor = text('survivor')
  const format = text('survivorFormat')
  if (format !== undefined && survivor === undefined)
    throw new ProbeError('BAD_OPTION', '--survivor-format goes with --survivor')
  const recover = text('recoverCommand')
  if (survivor !== undefined && recover === undefined)
    throw new ProbeError(
      'BAD_OPTION',
      `--survivor ${survivor} needs --recover-command: it must make the disk readable here without starting the agent, whose next run would write on what is to be judged; the start command, its default, starts it`,
    )
  return {
    start,
    cut: needed('cutCommand', '--cut-command'),
    recover: recover ?? start,
    limitMs: positiveMs(text('commandLimit') ?? LIMIT_DEFAULT, '--command-limit', 's'),
    ...(survivor === undefined ? {} : { leaves: remainsOf(survivor, format) }),
  }
}

const remainsOf = (survivor: string, format = survivor.endsWith('.qcow2') ? 'qcow2' : 'raw'): Remains => ({
  survivor,
  survivorFormat: choiceOf(format, '--survivor-format', FORMATS),
})

/** What the commands are told of the cycle. The token itself stays in its file. */
function environmentOf(order: StandingOrder): Readonly<Record<string, string>> {
  const { campaign, collectorUrl, cycle, labels, run, access, workload } = order
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  const args = [
    '--campaign',
    campaign,
    '--run-id',
    run,
    '--hold',
    ...pairs.flatMap((pair) => ['--label', pair]),
    ...workload,
  ]
  return {
    PLUGPULL_COLLECTOR: collectorUrl,
    PLUGPULL_CAMPAIGN: campaign,
    PLUGPULL_CYCLE: String(cycle),
    PLUGPULL_RUN: run,
    PLUGPULL_LABELS: pairs.map(shellQuoted).join(' '),
    PLUGPULL_AGENT_ARGUMENTS: args.map(shellQuoted).join(' '),
    ...(access.tokenFile === undefined ? {} : { PLUGPULL_TOKEN_FILE: access.tokenFile }),
    ...(access.ca === undefined ? {} : { PLUGPULL_CA: access.ca }),
  }
}

class CommandMachine implements StandingMachine {
  readonly kind = 'standing'
  readonly labels = {}
  readonly leaves?: Remains
  readonly #commands: Commands
  readonly #output: string
  #order: StandingOrder | undefined
  #isCut = false
  #running: ShellCommand | undefined

  constructor(commands: Commands, setup: RigSetup) {
    this.#commands = commands
    this.#output = join(setup.directory, 'commands.log')
    if (commands.leaves !== undefined) this.leaves = commands.leaves
  }

  start(order: StandingOrder): Promise<void> {
    return this.#done('start', this.#commands.start, order)
  }

  recover(order: StandingOrder): Promise<void> {
    return this.#done('recover', this.#commands.recover, order)
  }

  async cut(kind: CutKind): Promise<CutRecord> {
    assert(!this.#isCut, 'a machine is cut once')
    assert(this.#order !== undefined, 'a machine is started before it is cut')
    this.#isCut = true
    const { cut } = this.#commands
    const at = new Date().toISOString()
    const end = await this.#run(cut, this.#order)
    const died = end.kind === 'ended' && end.status === 0
    const said = this.console()
    return {
      kind,
      at,
      died,
      command: { text: cut, status: end.kind === 'late' ? null : end.status },
      note: `the cut command ${howEnded(end, this.#commands.limitMs)}${said === '' ? '' : `; said last: ${said}`}`,
    }
  }

  console(): string {
    return lastLinesOf(this.#output)
  }

  async dispose(): Promise<void> {
    this.#running?.kill()
    await this.#running?.ended
  }

  async #done(what: string, command: string, order: StandingOrder): Promise<void> {
    this.#order = order
    const end = await this.#run(command, order)
    if (end.kind === 'ended' && end.status === 0) return
    throw new ProbeError(
      end.kind === 'late' ? 'TIMED_OUT' : 'RIG_FAILED',
      `the ${what} command ${howEnded(end, this.#commands.limitMs)}: ${this.console() || 'it said nothing'}`,
    )
  }

  async #run(command: string, order: StandingOrder): Promise<ShellEnd> {
    const { limitMs } = this.#commands
    this.#running = startShell({ command, limitMs, output: this.#output, environment: environmentOf(order) })
    return this.#running.ended
  }
}

function howEnded(end: ShellEnd, limitMs: number): string {
  if (end.kind === 'late') return `did not end within ${limitMs / 1000} s and was killed`
  return `ended with ${end.signal ?? `status ${end.status}`}`
}

export const commandRig: RigKind = {
  name: 'command',
  summary: 'a machine of yours, whose agent starts at power-on, behind three commands: start, cut, recover',
  cuts: ['command'],
  // Whatever it has: `foreign` makes these names for reports, and takes others too.
  images: IMAGE_NAMES,
  caches: CACHE_MODES,
  foreign: () => true,
  faults: [],
  defaultSizeBytes: 2 ** 20,
  options: OPTIONS,
  single: () => 'the commands are for one machine',
  check: (options) => void commandsOf(options),
  require: () => undefined,
  prepare: (setup): Promise<Machine> => Promise.resolve(new CommandMachine(commandsOf(setup.options ?? {}), setup)),
}
