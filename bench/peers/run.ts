/** One run of one tool on one disk, up to the cut: and what is left of it. */
import { mkdirSync, openSync, closeSync, fstatSync, ftruncateSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError } from '../../src/core/errors.ts'
import { monotonicMs, sleepMs } from '../../src/io/clock.ts'
import type { Scratch } from '../../src/io/scratch.ts'
import { killInOneGo, untilGone } from '../../src/rig/power.ts'
import {
  FUA_DISCARD,
  NOTE_HOST_POWER,
  hostVictims,
  startVolatileDisk,
  type VolatileDisk,
} from '../../src/rig/volatile-disk.ts'
import { type DeviceHistory, BLOCK_BYTES, readDeviceLog } from './device-log.ts'
import type { Remains } from './faults.ts'
import { DISK_BYTES, OVERWRITTEN_BYTES } from './settings.ts'
import type { Job, Tool, Working } from './tool.ts'

/** Of a tool's run, from its first flush. The older version of the file is taken in the middle. */
const HALF_MS = 600
/** Of a tool that overwrites: so many writes in each half that no block is left out of both. */
const HALF_WRITES = 5 * (OVERWRITTEN_BYTES / BLOCK_BYTES)
const HALF_LIMIT_MS = 60_000
/** The cut comes at random in the span after the second half. */
const CUT_SPREAD_MS = 400
/** A flush this long before the cut is in every tool's records. */
const MARGIN_MS = 50
const FIRST_FLUSH_LIMIT_MS = 30_000
const OWN_CUT_LIMIT_MS = 30_000
const POLL_MS = 50
const PIECE_BYTES = 256 * 1024
/** Of the log: more than the requests between two flushes take. */
const TAIL_BYTES = 8192
const AT_RISK_LIMIT_MS = 1000
const AT_RISK_POLL_MS = 1

export interface RunOrder {
  readonly tool: Tool
  /** Whether the disk drops every flush. */
  readonly isLiar: boolean
  readonly seed: number
  readonly scratch: Scratch
  /** Name of a folder of the scratch folder, for this run alone. */
  readonly folder: string
  readonly signal: AbortSignal
}

export interface Aftermath extends Remains {
  readonly job: Job
  /** The file that survived. */
  readonly path: string
  readonly history: DeviceHistory
}

/** Throws RIG_FAILED or TIMED_OUT where the tool or the disk does not come that far; nothing keeps running in any case. */
export async function runUntilCut(order: RunOrder): Promise<Aftermath> {
  const directory = join(order.scratch.path, order.folder)
  mkdirSync(directory)
  const backing = join(directory, 'back.raw')
  makeFile(backing)
  const disk = await startDisk(order, directory, backing)
  try {
    const job: Job = {
      disk: disk.path,
      sizeBytes: DISK_BYTES,
      directory,
      scratch: order.scratch,
      seed: order.seed,
      hostVictims: hostVictims(disk),
      signal: order.signal,
    }
    const snapshots = await workAndCut(order, job, backing)
    const history = readDeviceLog(readFileSync(logOf(directory), 'utf8'), DISK_BYTES, MARGIN_MS)
    const { blocks, owed } = history
    return { job, path: backing, history, blocks, owed, bytes: readFileSync(backing), ...snapshots }
  } finally {
    await disk.release()
  }
}

const logOf = (directory: string): string => join(directory, 'device.log')

function makeFile(path: string): void {
  const file = openSync(path, 'wx', 0o600)
  ftruncateSync(file, DISK_BYTES)
  closeSync(file)
}

/** The log stands outermost: it sees what the tool asked for, and that a flush was answered. */
const startDisk = ({ isLiar, scratch }: RunOrder, directory: string, backing: string): Promise<VolatileDisk> =>
  startVolatileDisk({
    backing,
    directory,
    scratch,
    ...(isLiar ? { fault: FUA_DISCARD } : {}),
    above: { filters: ['log'], parameters: [`logfile=${logOf(directory)}`] },
  })

type Snapshots = Pick<Remains, 'older' | 'isSteady'>

async function workAndCut(order: RunOrder, job: Job, backing: string): Promise<Snapshots> {
  const working = await order.tool.start(job)
  try {
    await untilFlushed(order, job, working)
    await half(order, job, working)
    const snapshots = takeSnapshots(backing)
    await half(order, job, working)
    await pause(order.seed % CUT_SPREAD_MS, order, working)
    if (working.cutByItself === undefined) await cut(order, job, working)
    else await ownCut(job, working.cutByItself)
    await working.finish()
    return snapshots
  } finally {
    await working.abandon()
  }
}

/** Each piece is read twice in a row: where the two differ, a flush was writing while the copy was made. */
function takeSnapshots(backing: string): Snapshots {
  const [older, again] = [Buffer.alloc(DISK_BYTES), Buffer.alloc(DISK_BYTES)]
  const file = openSync(backing, 'r')
  for (let at = 0; at < DISK_BYTES; at += PIECE_BYTES)
    for (const copy of [older, again]) readSync(file, copy, at, PIECE_BYTES, at)
  closeSync(file)
  return {
    older,
    isSteady: (block) => {
      const [from, to] = [block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES]
      return older.subarray(from, to).equals(again.subarray(from, to))
    },
  }
}

async function untilFlushed(order: RunOrder, job: Job, working: Working): Promise<void> {
  const until = monotonicMs() + FIRST_FLUSH_LIMIT_MS
  while (!/Write id=[^]*\.\.\.Flush id=/.test(readFileSync(logOf(job.directory), 'utf8'))) {
    if (monotonicMs() > until) throw new ProbeError('TIMED_OUT', 'the tool flushed nothing within 30 s')
    await pause(POLL_MS, order, working)
  }
}

async function half(order: RunOrder, job: Job, working: Working): Promise<void> {
  const until = monotonicMs() + HALF_LIMIT_MS
  const writes = (): number => readFileSync(logOf(job.directory), 'utf8').split(' Write id=').length
  const enough = order.tool.setting.overwrites ? writes() + HALF_WRITES : 0
  await pause(HALF_MS, order, working)
  while (writes() < enough) {
    if (monotonicMs() > until)
      throw new ProbeError('TIMED_OUT', `the tool did not make ${HALF_WRITES} writes within 60 s`)
    await pause(POLL_MS, order, working)
  }
}

/** Throws where the tool ends while it should be writing. */
async function pause(ms: number, { signal }: RunOrder, working: Working): Promise<void> {
  const ended = await Promise.race<string | undefined>([sleepMs(ms, signal).then(() => undefined), working.ended])
  signal.throwIfAborted()
  if (ended !== undefined)
    throw new ProbeError('RIG_FAILED', `the tool ended before the cut: ${ended || 'it said nothing'}`)
}

async function cut(order: RunOrder, job: Job, working: Working): Promise<void> {
  await untilAtRisk(order, job, working)
  const record = await killInOneGo('host-power', [...job.hostVictims, ...working.victims], NOTE_HOST_POWER)
  if (!record.died) throw new ProbeError('RIG_FAILED', record.note ?? 'the cut killed nobody')
}

/**
 * A cut is a test of the contract where the disk holds something that it may lose: waits for a moment at which half of the writes between
 * two flushes are complete and not flushed, for a while. The disk may go on before the signal arrives.
 */
async function untilAtRisk(order: RunOrder, job: Job, working: Working): Promise<void> {
  const wanted = Math.max(1, Math.floor(order.tool.setting.flushEvery / 2))
  const until = monotonicMs() + AT_RISK_LIMIT_MS
  while (monotonicMs() < until) {
    const sinceFlush = tailOf(logOf(job.directory)).split(' Flush id=').pop() ?? ''
    if (sinceFlush.split('...Write id=').length > wanted) return
    await pause(AT_RISK_POLL_MS, order, working)
  }
}

function tailOf(path: string): string {
  const file = openSync(path, 'r')
  const { size } = fstatSync(file)
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES))
  readSync(file, tail, 0, tail.length, size - tail.length)
  closeSync(file)
  return tail.toString('latin1')
}

async function ownCut({ hostVictims: victims }: Job, cutByItself: () => void): Promise<void> {
  cutByItself()
  const alive = await untilGone(victims, OWN_CUT_LIMIT_MS)
  if (alive.length > 0)
    throw new ProbeError('TIMED_OUT', 'the tool was to cut the power itself and did not within 30 s')
}
