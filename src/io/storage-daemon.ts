/**
 * An image served as a plain file: qemu-storage-daemon with a FUSE export. This is QEMU's block layer without a VM: for
 * the rigs the device under test, for the verifier the reader of a qcow2 image with all its backing files.
 *
 * How it ends decides what survives: SIGTERM writes QCOW2 metadata back, SIGKILL does not. So nothing here ends it but
 * `kill` and `stop`, and the exit hooks.
 */
import { existsSync, realpathSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { ProbeError, errnoOf } from '../core/errors.ts'
import { monotonicMs, sleepMs } from './clock.ts'
import { mountsUnder } from './mounts.ts'
import { type Exit, type ManagedProcess, type StartOptions, startProcess, within } from './process.ts'
import { requireAll } from './requirements.ts'
import { unmountLazily } from './scratch.ts'
import { statTarget } from './target.ts'

/** A node option as QEMU takes it: `l2-cache-size`, `cache-clean-interval`, `lazy-refcounts`, … */
export type NodeOption = string | number | boolean

export interface StorageDaemonOptions {
  /** Path of the image: a regular file, or a file that something else serves. */
  readonly image: string
  readonly format: 'raw' | 'qcow2'
  /** The file that becomes the disk; made where it is not there. MUST NOT be the image. */
  readonly mountpoint: string
  readonly writable: boolean
  /** cache.direct and cache.no-flush of every node, backing files included. */
  readonly cache?: { readonly direct?: boolean; readonly noFlush?: boolean }
  /** Each write is stable before it completes: writethrough, or with cache.direct directsync. */
  readonly writethrough?: boolean
  /** More options of the format node. */
  readonly formatOptions?: Readonly<Record<string, NodeOption>>
  /** More options of the node that opens the image file, such as `aio`. */
  readonly fileOptions?: Readonly<Record<string, NodeOption>>
  /** A file that gets a log of every write and flush of the disk, in the format of core/write-log; made where it is not there. */
  readonly writeLog?: string
  readonly scratch?: StartOptions['scratch']
  /** For the disk to appear; default 15 s. */
  readonly limitMs?: number
}

export interface StorageDaemon {
  readonly pid: number
  /** The disk. */
  readonly path: string
  readonly sizeBytes: number
  readonly exited: Promise<Exit>
  readonly running: boolean
  errorTail(): string
  /** Sends a signal and nothing else: the mount stays (dead after SIGKILL) until `stop`. False where it is gone. */
  kill(signal: NodeJS.Signals): boolean
  /** SIGTERM, SIGKILL after the limit; then the mount is taken away whatever holds it. Safe to call twice and after `kill`. */
  stop(limitMs?: number): Promise<Exit>
}

const START_LIMIT_MS = 15_000
const POLL_MS = 5

/** The arguments that serve the image: one file node, one format node, one export; between the last two a filter that logs, where asked for. */
export function storageDaemonArguments(options: StorageDaemonOptions): readonly string[] {
  const common = {
    'read-only': !options.writable,
    cache: { direct: options.cache?.direct ?? false, 'no-flush': options.cache?.noFlush ?? false },
  }
  const file = { driver: 'file', 'node-name': 'file', filename: options.image, ...common, ...options.fileOptions }
  const format = { driver: options.format, 'node-name': 'disk', file: 'file', ...common, ...options.formatOptions }
  const logging = options.writeLog === undefined ? [] : loggingNodes(options.writeLog)
  const served = {
    type: 'fuse',
    id: 'export',
    'node-name': options.writeLog === undefined ? 'disk' : LOGGED,
    mountpoint: options.mountpoint,
    writable: options.writable,
    growable: false,
    writethrough: options.writethrough ?? false,
  }
  const nodes = [file, format, ...logging].flatMap((node) => ['--blockdev', JSON.stringify(node)])
  return [...nodes, '--export', JSON.stringify(served)]
}

const LOGGED = 'logged'

const loggingNodes = (filename: string): readonly object[] => [
  { driver: 'file', 'node-name': 'log', filename },
  { driver: 'blklogwrites', 'node-name': LOGGED, file: 'disk', log: 'log' },
]

/** Size of the disk once it is served, `undefined` while it is not. */
async function servedSize(mountpoint: string): Promise<number | undefined> {
  if (!mountsUnder(mountpoint).some((mount) => mount.path === mountpoint && mount.fileSystem.startsWith('fuse')))
    return undefined
  try {
    return (await stat(mountpoint)).size
  } catch (error) {
    // Between the mount and its first answer, or after it died: the caller looks whether the process still runs.
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

async function waitUntilServed(
  daemon: ManagedProcess,
  options: StorageDaemonOptions,
  mountpoint: string,
): Promise<number> {
  const limitMs = options.limitMs ?? START_LIMIT_MS
  const until = monotonicMs() + limitMs
  while (daemon.running && monotonicMs() < until) {
    const size = await within(servedSize(mountpoint), until - monotonicMs())
    if (size !== undefined) return size
    await sleepMs(POLL_MS)
  }
  if (daemon.running)
    throw new ProbeError(
      'TIMED_OUT',
      `qemu-storage-daemon did not serve ${options.image} within ${limitMs} ms: ${daemon.errorTail()}`,
    )
  const { signal } = await daemon.exited
  if (signal !== null) throw killedError(options.image, signal)
  throw startError(options.image, daemon.errorTail())
}

/** A daemon that somebody killed says nothing about the image. */
function killedError(image: string, signal: string): ProbeError {
  return new ProbeError('RIG_FAILED', `the qemu-storage-daemon that serves ${image} was killed by ${signal}; try again`)
}

/** Why it did not start, from what it said. An image that does not open is TARGET_IO, so that a verifier can tell it. */
function startError(image: string, said: string): ProbeError {
  const reason = said.replace(/^qemu-storage-daemon: (?:--\w+ .*?: )?/, '') || 'it gave no reason'
  if (/Failed to get .*lock/.test(said))
    return new ProbeError('TARGET_IN_USE', `${image} is open in another process, perhaps a running QEMU: ${reason}`)
  if (/--export|fuse/i.test(said))
    return new ProbeError('RIG_FAILED', `qemu-storage-daemon cannot serve ${image} over FUSE: ${said}`)
  if (/Permission denied|Read-only file system/.test(said))
    return new ProbeError('TARGET_DENIED', `${image} cannot be opened: ${reason}`)
  if (/Invalid parameter|does not accept value|unexpected|Parameter '/.test(said))
    return new ProbeError('BAD_OPTION', `qemu-storage-daemon does not take the options given for ${image}: ${reason}`)
  return new ProbeError('TARGET_IO', `${image} does not open: ${reason}`)
}

function prepareMountpoint(path: string): string {
  if (!existsSync(path)) writeFileSync(path, '', { mode: 0o600 })
  return realpathSync(path)
}

/**
 * Starts the daemon and waits until the disk is there. Throws RIG_UNAVAILABLE (not installed), TARGET_MISSING, TARGET_IO (the image does
 * not open), TARGET_IN_USE (locked), BAD_OPTION (a node option), RIG_FAILED, TIMED_OUT; then nothing is left running.
 */
export async function startStorageDaemon(options: StorageDaemonOptions): Promise<StorageDaemon> {
  requireAll('qemu-storage-daemon', ['qemu-storage-daemon', 'fuse'])
  statTarget(options.image)
  const mountpoint = prepareMountpoint(options.mountpoint)
  if (options.writeLog !== undefined) writeFileSync(options.writeLog, '', { flag: 'a', mode: 0o600 })
  const started = options.scratch === undefined ? {} : { scratch: options.scratch }
  const daemon = startProcess('qemu-storage-daemon', storageDaemonArguments({ ...options, mountpoint }), started)
  const stop = async (limitMs?: number): Promise<Exit> => {
    const exit = await daemon.stop(limitMs)
    unmountLazily(mountpoint)
    return exit
  }
  try {
    const sizeBytes = await waitUntilServed(daemon, options, mountpoint)
    return new ServedImage(daemon, mountpoint, sizeBytes, stop)
  } catch (error) {
    daemon.kill('SIGKILL')
    await stop()
    throw error
  }
}

class ServedImage implements StorageDaemon {
  readonly pid: number
  readonly path: string
  readonly sizeBytes: number
  readonly exited: Promise<Exit>
  readonly stop: (limitMs?: number) => Promise<Exit>
  readonly #daemon: ManagedProcess

  constructor(daemon: ManagedProcess, path: string, sizeBytes: number, stop: (limitMs?: number) => Promise<Exit>) {
    this.#daemon = daemon
    this.pid = daemon.pid
    this.path = path
    this.sizeBytes = sizeBytes
    this.exited = daemon.exited
    this.stop = stop
  }

  get running(): boolean {
    return this.#daemon.running
  }

  errorTail(): string {
    return this.#daemon.errorTail()
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.#daemon.kill(signal)
  }
}
