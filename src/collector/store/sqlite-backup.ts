/**
 * The copy of an SQLite store that is put beside it before its tables are changed. What has the name of a copy is a whole one
 * and on stable storage. A copy is never written over: where there is one of other content, the new one gets the next
 * number. So whoever goes back to an old copy, and on from there, has both.
 */
import { closeSync, fsyncSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type Sqlite from 'better-sqlite3'
import { errnoOf, messageOf, ProbeError } from '../../core/errors.ts'

/** In the header of a file: counters that say nothing of what is in it. */
const HEADER_BYTES = 100
const PIECE_BYTES = 1 << 20

/** Where the copy of a file of that version is put; further ones behind it: `.2`, `.3`. */
export const backupOf = (file: string, version: number): string => `${file}.v${version}.backup`

/** Copies the file as it is now, unless a copy of that very content is there. Throws STORE_UNAVAILABLE; then nothing changed. */
export function backUp(db: Sqlite.Database, file: string, from: number, to: number): void {
  const copy = backupOf(file, from)
  const part = `${copy}.${process.pid}.part`
  try {
    removeParts(copy)
    rmSync(part, { force: true })
    db.prepare('VACUUM INTO ?').run(part)
    sync(part)
    keep(part, copy)
    sync(dirname(copy))
  } catch (error) {
    throw new ProbeError(
      'STORE_UNAVAILABLE',
      `${file} has schema version ${from} and is brought up to ${to} only with a copy beside it, which failed: ${messageOf(error)}; nothing was changed, make room for ${copy}`,
      { cause: error },
    )
  } finally {
    rmSync(part, { force: true })
  }
}

function keep(part: string, copy: string): void {
  for (let number = 1; ; number++) {
    const name = number === 1 ? copy : `${copy}.${number}`
    const size = statSync(name, { throwIfNoEntry: false })?.size
    if (size === undefined) return renameSync(part, name)
    if (size === statSync(part).size && isEqual(part, name)) return
  }
}

/** Whether two copies of one size hold the same. */
function isEqual(a: string, b: string): boolean {
  const files = [openSync(a, 'r'), openSync(b, 'r')] as const
  try {
    const pieces = [Buffer.alloc(PIECE_BYTES), Buffer.alloc(PIECE_BYTES)] as const
    for (let at = HEADER_BYTES; ;) {
      const length = readSync(files[0], pieces[0], 0, PIECE_BYTES, at)
      const other = readSync(files[1], pieces[1], 0, PIECE_BYTES, at)
      if (length !== other || !pieces[0].subarray(0, length).equals(pieces[1].subarray(0, other))) return false
      if (length === 0) return true
      at += length
    }
  } finally {
    for (const file of files) closeSync(file)
  }
}

/** What is left of copies whose process was killed. */
function removeParts(copy: string): void {
  const folder = dirname(copy)
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(`${basename(copy)}.`) ? /\.(\d+)\.part$/.exec(name)?.[1] : undefined
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) !== 'ESRCH'
  }
}

function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
