/**
 * fio's own crash test, with the options that its documentation gives for one: random writes with a checksum and a header in each block,
 * a verify state that is saved as the job ends, and a second fio that verifies by that state and goes on after an error.
 *
 * What becomes of fio at the cut decides whether there is a state, so each way is a row of its own.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError } from '../../src/core/errors.ts'
import { monotonicMs } from '../../src/io/clock.ts'
import { type ManagedProcess, runTool, startProcess, within } from '../../src/io/process.ts'
import { fioAccusations, fioResult } from './fio-output.ts'
import { DISK_BYTES, OVERWRITTEN_BYTES } from './settings.ts'
import { ANY_STATUS, type Job, type Report, type Setting, type Tool, type Working } from './tool.ts'

const LIMIT_MS = 120_000
/** For fio to notice that the disk is gone and to save its state. */
const END_LIMIT_MS = 30_000

export interface Fio {
  readonly path: string
  readonly version: string
  /** Whether this fio has `verify_policy`. */
  readonly hasPolicy: boolean
}

/** Throws RIG_UNAVAILABLE or RIG_FAILED where there is none or it does not say what it is. */
export async function findFio(path: string): Promise<Fio> {
  const { stdout } = await runTool(path, ['--version'], { limitMs: 10_000 })
  if (!stdout.startsWith('fio-')) throw new ProbeError('BAD_OPTION', `--fio takes a fio, ${path} says ${stdout.trim()}`)
  const help = await runTool(path, ['--cmdhelp=verify_policy'], { limitMs: 10_000, accept: ANY_STATUS })
  return {
    path,
    version: stdout.trim(),
    hasPolicy: help.code === 0 && /verify_policy/.test(help.stdout) && !/No such/i.test(help.stdout),
  }
}

/** What becomes of fio as the disk loses its power. */
export type FioWay = 'outlives' | 'trigger' | 'dies'

const FATE: Readonly<Record<FioWay, string>> = {
  outlives: 'runs on: the disk alone loses its power, fio’s writes fail, and it saves its state as it ends',
  trigger: 'is what takes the power away (--trigger): it saves its state, ends the job and runs the trigger',
  dies: 'loses its power with the disk: no state is saved, and it verifies without one',
}
const NAME: Readonly<Record<FioWay, string>> = {
  outlives: 'fio',
  trigger: 'fio (trigger)',
  dies: 'fio (state lost)',
}

export function fioTool(fio: Fio, setting: Setting, way: FioWay, policy?: string): Tool {
  const options = { fio, setting, way, ...(policy === undefined ? {} : { policy }) }
  const shown = { directory: 'STATE', seed: 'SEED' }
  return {
    name: policy === undefined ? NAME[way] : `${NAME[way]} (${policy})`,
    version: fio.version,
    setting,
    fate: FATE[way],
    commands: [
      [
        'fio',
        ...triggerArguments(way, 'FILE', "'kill -9 NBDKIT NBDFUSE'"),
        ...writeArguments(options, 'DISK', shown),
      ].join(' '),
      ['fio', ...verifyArguments(options, 'SURVIVOR', shown)].join(' '),
    ],
    start: (job) => Promise.resolve(start(options, job)),
    verify: (job, image) => verify(options, job, image),
  }
}

interface Options {
  readonly fio: Fio
  readonly setting: Setting
  readonly way: FioWay
  readonly policy?: string
}

interface Place {
  readonly directory: string
  readonly seed: number | string
}

/** Both phases need the same: the second replays the offsets of the first. */
function jobArguments({ setting, policy }: Options, target: string, { directory, seed }: Place): readonly string[] {
  const pattern = setting.overwrites
    ? [`--size=${OVERWRITTEN_BYTES}`, '--norandommap', '--io_size=512M']
    : [`--size=${DISK_BYTES}`]
  return [
    '--name=crash',
    `--filename=${target}`,
    '--thread',
    '--rw=randwrite',
    '--bs=4k',
    ...pattern,
    '--ioengine=psync',
    '--direct=1',
    `--fsync=${setting.flushEvery}`,
    `--randseed=${seed}`,
    '--verify=crc32c',
    ...(policy === undefined ? [] : [`--verify_policy=${policy}`]),
    `--aux-path=${directory}`,
  ]
}

const writeArguments = (options: Options, target: string, place: Place): readonly string[] => [
  ...jobArguments(options, target, place),
  '--do_verify=0',
  '--verify_state_save=1',
]

const verifyArguments = (options: Options, target: string, place: Place): readonly string[] => [
  ...jobArguments(options, target, place),
  '--verify_only=1',
  ...(options.way === 'dies' ? [] : ['--verify_state_load=1']),
  '--continue_on_error=verify',
  '--output-format=json',
]

const triggerArguments = (way: FioWay, file: string, command: string): readonly string[] =>
  way === 'trigger' ? [`--trigger-file=${file}`, `--trigger=${command}`] : []

const placeOf = (job: Job): Place => ({ directory: join(job.directory, 'state'), seed: job.seed })

function start(options: Options, job: Job): Working {
  const place = placeOf(job)
  mkdirSync(place.directory)
  const command = `kill -9 ${job.hostVictims.map(({ pid }) => pid).join(' ')}`
  const triggerFile = join(job.directory, 'trigger')
  const args = [
    ...triggerArguments(options.way, triggerFile, command),
    ...writeArguments(options, job.disk, place),
    `--output=${join(job.directory, 'write.out')}`,
  ]
  const fio = startProcess(options.fio.path, args, { scratch: job.scratch })
  return {
    victims: options.way === 'dies' ? [{ what: 'fio', pid: fio.pid }] : [],
    ended: fio.exited.then(() => fio.errorTail()),
    ...(options.way === 'trigger' ? { cutByItself: () => writeFileSync(triggerFile, '') } : {}),
    finish: () => finish(options, fio, place),
    abandon: () => gone(fio),
  }
}

async function gone(fio: ManagedProcess): Promise<void> {
  fio.kill('SIGKILL')
  await fio.exited
}

async function finish({ way }: Options, fio: ManagedProcess, { directory }: Place): Promise<void> {
  const state = join(directory, 'local-crash-0-verify.state')
  const ended = await within(fio.exited, END_LIMIT_MS)
  await gone(fio)
  if (way === 'dies') rmSync(state, { force: true })
  else if (ended === undefined || !existsSync(state))
    throw new ProbeError('RIG_FAILED', `fio saved no state after the cut: ${fio.errorTail() || 'it said nothing'}`)
}

async function verify(options: Options, job: Job, image: string): Promise<Report> {
  // A fio that verifies saves a state too, over the one that it was given: each verification gets its own copy.
  const place = { ...placeOf(job), directory: join(job.directory, 'verify') }
  rmSync(place.directory, { recursive: true, force: true })
  cpSync(placeOf(job).directory, place.directory, { recursive: true })
  const output = join(place.directory, 'verify.out')
  const started = monotonicMs()
  const { stderr } = await runTool(
    options.fio.path,
    [...verifyArguments(options, image, place), `--output=${output}`],
    { limitMs: LIMIT_MS, accept: ANY_STATUS, signal: job.signal },
  )
  const ms = monotonicMs() - started
  return { ...fioReport(stderr, existsSync(output) ? readFileSync(output, 'utf8') : ''), ms }
}

/** An error that points at no place of the file is not one about the disk. */
export function fioReport(stderr: string, json: string): Omit<Report, 'ms'> {
  const accusations = fioAccusations(stderr)
  const result = fioResult(json)
  if (accusations.length > 0) return { word: 'faulty', accusations }
  if (result !== undefined && result.blocksRead > 0 && result.errors.every((error) => error === 0))
    return { word: 'sound', accusations }
  return { word: 'cannot tell', accusations, said: stderr.trim().slice(0, 300) || 'fio verified nothing' }
}
