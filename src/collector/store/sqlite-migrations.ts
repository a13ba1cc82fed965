/**
 * How an SQLite file comes to have the store's tables: made new, or brought up from what an earlier version left.
 *
 * `user_version` counts the migrations applied, `application_id` says whose file it is. A file of another program or of
 * a newer version is left exactly as it is. Before an older one is changed, a copy of it is put beside it.
 */
import type Sqlite from 'better-sqlite3'
import { ProbeError } from '../../core/errors.ts'
import { tableStatements, SCHEMA_VERSION } from './schema.ts'
import { backUp } from './sqlite-backup.ts'
import { fromVersion1, fromVersion2 } from './sqlite-old-schemas.ts'
import { compactIfRoom, keepCompactable } from './sqlite-space.ts'

/** "plug": marks the file as ours. */
const APPLICATION_ID = 0x706c7567

const TYPES = { integer: 'INTEGER', real: 'REAL', bytes: 'BLOB' }

/** Migration n brings a file from version n to n + 1. Never change one that was released. */
const MIGRATIONS: Readonly<Record<number, (db: Sqlite.Database) => void>> = { 1: fromVersion1, 2: fromVersion2 }

const pragmaNumber = (db: Sqlite.Database, name: string): number => Number(db.pragma(name, { simple: true }))

/** Throws where the file is not ours to use. Changes nothing. */
function checkSchema(db: Sqlite.Database, file: string): void {
  const version = pragmaNumber(db, 'user_version')
  const tables = db.prepare<[], { count: number }>('SELECT count(*) AS count FROM sqlite_schema').get()?.count ?? 0
  if (tables > 0 && pragmaNumber(db, 'application_id') !== APPLICATION_ID) {
    throw new ProbeError(
      'STORE_UNAVAILABLE',
      `${file} is an SQLite database of another program; choose another file with --store sqlite:FILE`,
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new ProbeError(
      'STORE_VERSION',
      `${file} has schema version ${version}, this program knows up to ${SCHEMA_VERSION}; use the newer program, or another file with --store sqlite:FILE`,
    )
  }
}

/** Brings the file to the newest version, in one transaction, however many openers there are at once. */
export function migrate(db: Sqlite.Database, file: string): void {
  checkSchema(db, file)
  const before = pragmaNumber(db, 'user_version')
  if (before === SCHEMA_VERSION) return
  keepCompactable(db)
  // The copy is made ahead of the transaction: SQLite makes none within one.
  if (before > 0) backUp(db, file, before, SCHEMA_VERSION)
  db.transaction(() => {
    checkSchema(db, file)
    const version = pragmaNumber(db, 'user_version')
    if (version === SCHEMA_VERSION) return
    if (version === 0) for (const statement of tableStatements(TYPES)) db.exec(statement)
    else for (let from = version; from < SCHEMA_VERSION; from++) MIGRATIONS[from]?.(db)
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
  // The tables of before have left as much room as the new ones take.
  if (before > 0) compactIfRoom(db, file)
}

/** Throws where the file is there, and no store was ever made in it. Changes nothing. */
export function requireMade(db: Sqlite.Database, file: string): void {
  checkSchema(db, file)
  if (pragmaNumber(db, 'user_version') > 0) return
  throw new ProbeError(
    'STORE_UNAVAILABLE',
    `the store ${file} cannot be used: the file is empty; check the path given with --store sqlite:FILE`,
  )
}

/** A file that is only read cannot be migrated. */
export function requireSchema(db: Sqlite.Database, file: string): void {
  checkSchema(db, file)
  const version = pragmaNumber(db, 'user_version')
  if (version < SCHEMA_VERSION) {
    throw new ProbeError(
      'STORE_VERSION',
      `${file} has schema version ${version}, this program reads ${SCHEMA_VERSION}; start plugpull collector on it once, which brings it up to date and keeps a copy`,
    )
  }
}
