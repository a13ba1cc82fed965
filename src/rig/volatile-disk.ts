/**
 * A host's disk with a volatile write cache, from stock parts: `nbdkit --filter=cache` keeps writes in memory until a flush,
 * `nbdfuse` makes a file of it. Kill nbdkit, and what it had not flushed to the file below is gone: the host lost its power.
 */
import { writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProbeError, errnoOf } from '../core/errors.ts'
import { monotonicMs, sleepMs } from '../io/clock.ts'
import { mountsUnder } from '../io/mounts.ts'
import { type ManagedProcess, startProcess, within } from '../io/process.ts'
import { type Scratch, unmountLazily } from '../io/scratch.ts'
import { isGone } from './power.ts'
import type { Victim } from './rig.ts'

/** The fault of a disk of this kind: it acknowledges every flush and FUA write, and flushes nothing. */
export const FUA_DISCARD = 'fua-discard'

const START_LIMIT_MS = 15_000
const POLL_MS = 5

/** What a cut of the host takes away, for its record. */
export const NOTE_HOST_POWER = "the host's volatile write cache is lost with everything above it"

/** What that record has to say besides, of a disk that was told to lie. */
export const NOTE_FUA_DISCARD = `--fault ${FUA_DISCARD}: the host's disk acknowledged every flush and did none`

export interface VolatileDisk {
  /** The disk as a file. */
  readonly path: string
  readonly nbdkit: ManagedProcess
  readonly nbdfuse: ManagedProcess
  /** Kills both and takes the mount away. Safe to call twice. */
  release(): Promise<void>
}

/** What dies first when the host loses its power, in the order of the cut: nothing that closes a file above may still flush. */
export const hostVictims = ({ nbdkit, nbdfuse }: VolatileDisk): readonly [Victim, Victim] => [
  { what: "nbdkit (the host's disk)", pid: nbdkit.pid },
  { what: 'nbdfuse', pid: nbdfuse.pid },
]

export interface VolatileDiskOptions {
  /** The file that holds what was flushed: what a power loss leaves. */
  readonly backing: string
  /** For the socket, the cache and the mount point. */
  readonly directory: string
  /** `FUA_DISCARD`, for a disk that lies. */
  readonly fault?: string
  readonly scratch?: Scratch
  /** Filters of nbdkit between the cache and whoever uses the disk, the outermost first, and their parameters. */
  readonly above?: { readonly filters: readonly string[]; readonly parameters: readonly string[] }
}

/** Starts the disk; throws RIG_FAILED or TIMED_OUT with the last words of whatever did not come up, and leaves nothing. */
export async function startVolatileDisk(options: VolatileDiskOptions): Promise<VolatileDisk> {
  const socket = join(options.directory, 'nbd.sock')
  const path = join(options.directory, 'host-disk')
  const started = options.scratch === undefined ? {} : { scratch: options.scratch }
  writeFileSync(path, '', { mode: 0o600 })
  const running: ManagedProcess[] = []
  const release = async (): Promise<void> => {
    for (const part of running) part.kill('SIGKILL')
    await Promise.all(running.map((part) => part.exited))
    unmountLazily(path)
  }
  try {
    const nbdkit = startProcess(
      'nbdkit',
      ['--foreground', '--exit-with-parent', '--unix', socket, ...diskArguments(options)],
      // The filter keeps its cache in an unlinked file in TMPDIR.
      { ...started, env: { TMPDIR: options.directory } },
    )
    running.push(nbdkit)
    await untilUp(nbdkit, () => isSocket(socket))
    const nbdfuse = startProcess('nbdfuse', [path, '--unix', socket], started)
    running.push(nbdfuse)
    await untilUp(nbdfuse, () => isServed(path))
    return { path, nbdkit, nbdfuse, release }
  } catch (error) {
    await release()
    throw error
  }
}

/** The filter named first is the nearest to the client: flushes are discarded before the cache hears of them. */
function diskArguments({ backing, fault, above }: VolatileDiskOptions): readonly string[] {
  const lies = fault === FUA_DISCARD
  const filters = [...(above?.filters ?? []), ...(lies ? ['fua'] : []), 'cache']
  return [
    ...filters.map((filter) => `--filter=${filter}`),
    'file',
    backing,
    'cache=writeback',
    'cache-min-block-size=4k',
    ...(lies ? ['fuamode=discard'] : []),
    ...(above?.parameters ?? []),
  ]
}

async function untilUp(part: ManagedProcess, isUp: () => Promise<boolean>): Promise<void> {
  const until = monotonicMs() + START_LIMIT_MS
  while (!isGone(part.pid)) {
    if ((await within(isUp(), until - monotonicMs())) === true) return
    if (monotonicMs() >= until)
      throw new ProbeError(
        'TIMED_OUT',
        `${part.command} did not come up within ${START_LIMIT_MS / 1000} s: ${part.errorTail()}`,
      )
    await sleepMs(POLL_MS)
  }
  await part.exited
  throw new ProbeError('RIG_FAILED', `${part.command} ended at once: ${part.errorTail() || 'it said nothing'}`)
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    return false
  }
}

async function isServed(path: string): Promise<boolean> {
  if (!mountsUnder(path).some((mount) => mount.path === path)) return false
  return (await stat(path)).size > 0
}
