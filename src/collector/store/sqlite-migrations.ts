/**
 * How an SQLite file comes to have the store's tables: made new, or brought up from what an earlier version left.
 *
 * `user_version` counts the migrations applied, `application_id` says whose file it is. A file of another program or of
 * a newer version is left exactly as it is. Before an older one is changed, a copy of it is put beside it.
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import type Sqlite from 'better-sqlite3'
import { messageOf, ProbeError } from '../../core/errors.ts'
import { tableStatements, SCHEMA_VERSION } from './schema.ts'
import { fromVersion1, fromVersion2 } from './sqlite-old-schemas.ts'

/** "plug": marks the file as ours. */
const APPLICATION_ID = 0x706c7567

const DIALECT = { integer: 'INTEGER', real: 'REAL', bytes: 'BLOB', forUpdate: '' }

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
  if (pragmaNumber(db, 'user_version') === SCHEMA_VERSION) return
  // The copy is made ahead of the transaction: SQLite makes none within one.
  backUp(db, file)
  db.transaction(() => {
    checkSchema(db, file)
    const version = pragmaNumber(db, 'user_version')
    if (version === SCHEMA_VERSION) return
    if (version === 0) for (const statement of tableStatements(DIALECT)) db.exec(statement)
    else for (let from = version; from < SCHEMA_VERSION; from++) MIGRATIONS[from]?.(db)
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
}

/** Where the copy of a file of that version is put. */
export const backupOf = (file: string, version: number): string => `${file}.v${version}.backup`

/** Whole or not at all: what has the name of a copy is one. One that is there already is kept: it is of before the first try. */
function backUp(db: Sqlite.Database, file: string): void {
  const version = pragmaNumber(db, 'user_version')
  const copy = backupOf(file, version)
  if (version === 0 || existsSync(copy)) return
  const part = `${copy}.${process.pid}.part`
  try {
    rmSync(part, { force: true })
    db.prepare('VACUUM INTO ?').run(part)
    renameSync(part, copy)
  } catch (error) {
    rmSync(part, { force: true })
    throw new ProbeError(
      'STORE_UNAVAILABLE',
      `${file} has schema version ${version} and is brought up to ${SCHEMA_VERSION} only with a copy beside it, which failed: ${messageOf(error)}; nothing was changed, make room for ${copy}`,
      { cause: error },
    )
  }
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
