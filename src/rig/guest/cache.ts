/** The folder for what is made once and used again: kernels and guest images. Nothing in it is missed when it is removed. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { ProbeError, errnoOf, messageOf } from '../../core/errors.ts'

/** What a builder that was killed left behind is taken away after this long. */
const LEFTOVER_AGE_MS = 3_600_000
/** A loop boots the image that it was given at its start for as long as it runs. */
const UNUSED_AGE_MS = 6 * 3_600_000
export const TEMPORARY_PREFIX = '.new-'

/** `part` of our cache, such as `kernels`; made where it is not there. */
export function cacheFolder(part: string): string {
  const configured = process.env['XDG_CACHE_HOME']
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), '.cache')
  const folder = join(base, 'plugpull', part)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new ProbeError(
      'OUTPUT_IO',
      `the cache folder ${folder} cannot be made: ${messageOf(error)}; set XDG_CACHE_HOME to a folder with room`,
      { cause: error },
    )
  }
  return folder
}

/** Has `make` write `file` under another name, and gives it its own name when it is whole; two makers at once do not meet. */
export function makeWhole(file: string, make: (temporary: string) => void): void {
  const temporary = join(dirname(file), `${TEMPORARY_PREFIX}${basename(file)}-${randomBytes(4).toString('hex')}`)
  try {
    make(temporary)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    if (errnoOf(error) === undefined) throw error
    throw new ProbeError('OUTPUT_IO', `${file} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}

/** Removes what has not been used for hours, but for the `keep` files used last, and what killed makers left. */
export function prune(folder: string, keep: number): void {
  const files = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    const usedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    return usedMs === undefined ? [] : [{ path, usedMs, whole: !name.startsWith(TEMPORARY_PREFIX) }]
  })
  const whole = files.filter((file) => file.whole).toSorted((a, b) => b.usedMs - a.usedMs)
  const unused = whole.slice(keep).filter((file) => Date.now() - file.usedMs > UNUSED_AGE_MS)
  const broken = files.filter((file) => !file.whole && Date.now() - file.usedMs > LEFTOVER_AGE_MS)
  for (const { path } of [...unused, ...broken]) rmSync(path, { recursive: true, force: true })
}
