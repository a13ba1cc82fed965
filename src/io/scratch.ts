/**
 * Folders for the length of a command: images, mount points, sockets. Removed when the process ends in any way it can
 * notice. After SIGKILL or a crash the next `createScratch` does it: it kills the processes that belong to the folder,
 * unmounts what is mounted there and removes it.
 *
 * A folder of ours is known by its name, its owner and the note in it, which names the process that made it by its id,
 * its start time and the boot it runs in. A process belongs to a folder by its environment (io/process puts it there):
 * it is marked from its first instruction, and no process id used again can be mistaken for it.
 */
import {
  type Stats,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import { atExit } from './interrupt.ts'
import { mountsUnder } from './mounts.ts'
import { SCRATCH_VARIABLE, findProgram, runToolSync } from './process.ts'
import { readKernelFile } from './target.ts'

export interface Scratch {
  readonly path: string
  /** Path of a file in it. */
  file(name: string): string
  /** Kills what belongs to it, unmounts, removes. Safe to call twice. */
  remove(): void
}

const PREFIX = 'plugpull-'
const NOTES = '.plugpull'
const OWNER = 'owner'
/** A folder without a note is one that is just being made, unless it is older than this. */
const UNNOTED_AGE_MS = 60_000

/** What tells a process from a later one with the same id, or `undefined` where there is none (or only its zombie). */
function processIdentity(pid: number): string | undefined {
  const stat = readKernelFile(`/proc/${pid}/stat`)
  // The name of the program, in parentheses, may hold anything; the fields follow the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined
  return `${pid} ${fields[19]} ${readKernelFile('/proc/sys/kernel/random/boot_id')}`
}

/** Whether the process that a note names still runs. */
function noteIsAlive(path: string): boolean {
  const text = readFileSync(path, 'utf8').trim()
  const pid = Number(text.split(' ')[0])
  return Number.isSafeInteger(pid) && pid > 0 && processIdentity(pid) === text
}

function killMarked(folder: string): void {
  for (const name of listFolder('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    if (environmentOf(name).includes(`${SCRATCH_VARIABLE}=${folder}`)) killIfThere(Number(name))
  }
}

/** Empty where the process is gone, or another user's. */
function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}

/** Takes a mount away now, even when it is in use or its server is dead. Throws RIG_FAILED where it stays. */
export function unmountLazily(path: string): void {
  if (!mountsUnder(path).some((mount) => mount.path === path)) return
  try {
    if (process.getuid?.() === 0 || findProgram('fusermount3') === undefined)
      runToolSync('umount', ['-l', path], { limitMs: 10_000 })
    else runToolSync('fusermount3', ['-u', '-z', path], { limitMs: 10_000 })
  } catch (error) {
    // Gone in the meantime is what was wanted: a FUSE server unmounts itself as it ends.
    if (mountsUnder(path).some((mount) => mount.path === path)) throw error
  }
}

function removeFolder(folder: string): void {
  killMarked(folder)
  for (const mount of mountsUnder(folder)) unmountLazily(mount.path)
  // A process that is just dying may still be writing into it.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
}

function isLeftover(folder: string, stats: Stats): boolean {
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return false
  try {
    return !noteIsAlive(join(folder, NOTES, OWNER))
  } catch (error) {
    // Without a note it may be anybody's: only an empty one is ours to take away.
    const isOld = Date.now() - stats.mtimeMs > UNNOTED_AGE_MS
    return errnoOf(error) === 'ENOENT' && isOld && listFolder(folder).length === 0
  }
}

/** Removes what dead runs of ours left in `parent`. Returns the folders removed; what cannot be removed is left for later. */
export function recoverScratch(parent: string = tmpdir()): readonly string[] {
  const removed: string[] = []
  for (const name of listFolder(parent)) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(parent, name)
    try {
      if (!isLeftover(folder, lstatSync(folder))) continue
      removeFolder(folder)
      removed.push(folder)
    } catch (error) {
      // Another process may be removing the same one, or it is not ours to remove.
      if (errnoOf(error) === undefined && !(error instanceof ProbeError)) throw error
    }
  }
  return removed
}

/**
 * A new folder `plugpull-LABEL-XXXXXX` in `parent` (TMPDIR by default), only for this user.
 * `parent` MUST be there. Cleans up after dead runs first. Throws OUTPUT_IO where it cannot be made.
 */
export function createScratch(label: string, parent: string = tmpdir()): Scratch {
  const path = makeFolder(label, parent)
  const remove = (): void => {
    disarm()
    removeFolder(path)
  }
  const disarm = atExit(remove)
  return {
    path,
    file: (name) => join(path, name),
    remove,
  }
}

function makeFolder(label: string, parent: string): string {
  try {
    recoverScratch(parent)
    const path = mkdtempSync(join(realpathSync(parent), `${PREFIX}${label}-`))
    mkdirSync(join(path, NOTES))
    writeFileSync(join(path, NOTES, OWNER), processIdentity(process.pid) ?? '')
    return path
  } catch (error) {
    throw new ProbeError(
      'OUTPUT_IO',
      `no scratch folder can be made in ${parent}: ${messageOf(error)}; set TMPDIR to a folder with room`,
      { cause: error },
    )
  }
}

/** Runs `work` with a scratch folder that is gone afterwards. */
export async function withScratch<T>(
  label: string,
  work: (scratch: Scratch) => Promise<T>,
  parent?: string,
): Promise<T> {
  const scratch = createScratch(label, parent)
  try {
    return await work(scratch)
  } finally {
    scratch.remove()
  }
}
