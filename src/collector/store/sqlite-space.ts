/**
 * Room that an SQLite store no longer needs: given back to the file system little by little after pruning, which a file has to
 * have been made for. One that was not is written anew once, where there is room for that.
 */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type Sqlite from 'better-sqlite3'

/** Pages given back in one transaction: some 2 MiB, for which an append waits some tens of milliseconds. */
const STEP_PAGES = 512
const INCREMENTAL = 2
/** Writing a file anew takes it once beside it and once in the WAL. */
const ROOM_FACTOR = 2.5

const pragmaNumber = (db: Sqlite.Database, name: string): number => Number(db.pragma(name, { simple: true }))

/** Takes effect on a file that has no table yet, or when it is written anew. */
export function keepCompactable(db: Sqlite.Database): void {
  db.pragma(`auto_vacuum = ${INCREMENTAL}`)
}

/** Gives back some free pages, in a transaction of its own; false where there are none left, or the file cannot. */
export function giveBackSome(db: Sqlite.Database): boolean {
  if (pragmaNumber(db, 'auto_vacuum') !== INCREMENTAL || pragmaNumber(db, 'freelist_count') === 0) return false
  db.pragma(`incremental_vacuum(${STEP_PAGES})`)
  return true
}

/** Writes the file anew without its free pages, where the disk has room for it. Only room is at stake: a failure is none. */
export function compactIfRoom(db: Sqlite.Database, file: string): void {
  const live = pragmaNumber(db, 'page_count') - pragmaNumber(db, 'freelist_count')
  const { bavail, bsize } = statfsSync(dirname(file))
  if (bavail * bsize < ROOM_FACTOR * live * pragmaNumber(db, 'page_size')) return
  try {
    db.exec('VACUUM')
  } catch {
    // Somebody reads it just now, or the room is gone: free pages are used again in any case.
  }
}
