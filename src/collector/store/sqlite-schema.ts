/**
 * The tables of the embedded store, and how a file comes to have them.
 *
 * `user_version` counts the migrations applied, `application_id` says whose file it is. A file of another program or of
 * a newer version is left exactly as it is.
 */
import type Database from 'better-sqlite3'
import { ProbeError } from '../../core/errors.ts'

/** "plug": marks the file as ours. */
const APPLICATION_ID = 0x706c7567

/**
 * Migration n brings a file from version n to n + 1. Never change one that was released.
 * `logs` is apart from `runs` because it changes with every append and a manifest can be long.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    campaign TEXT NOT NULL,
    created_at TEXT NOT NULL,
    manifest TEXT NOT NULL,
    cut TEXT
  ) STRICT;
  CREATE INDEX runs_by_campaign ON runs (campaign, id);
  CREATE TABLE logs (
    run_id INTEGER PRIMARY KEY REFERENCES runs (id),
    bytes INTEGER NOT NULL,
    progress TEXT
  ) STRICT;
  CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    start INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX chunks_by_start ON chunks (run_id, start);
  CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    number INTEGER NOT NULL,
    at TEXT NOT NULL,
    word TEXT NOT NULL,
    contract TEXT NOT NULL,
    summary TEXT NOT NULL,
    findings TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX verdicts_by_number ON verdicts (run_id, number);
  `,
  // Computed from the manifest, so that runs of before have it too.
  `
  ALTER TABLE runs ADD COLUMN device TEXT AS (json_extract(manifest, '$.device')) VIRTUAL;
  CREATE INDEX runs_by_device ON runs (device, id);
  `,
]

export const SCHEMA_VERSION = MIGRATIONS.length

const pragmaNumber = (db: Database.Database, name: string): number => Number(db.pragma(name, { simple: true }))

/** Throws where the file is not ours to use. Changes nothing. */
export function checkSchema(db: Database.Database, file: string): void {
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
export function migrate(db: Database.Database, file: string): void {
  db.transaction(() => {
    checkSchema(db, file)
    const version = pragmaNumber(db, 'user_version')
    if (version === SCHEMA_VERSION) return
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration)
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
}

/** A file that is only read cannot be migrated. */
export function requireSchema(db: Database.Database, file: string): void {
  checkSchema(db, file)
  const version = pragmaNumber(db, 'user_version')
  if (version < SCHEMA_VERSION) {
    throw new ProbeError(
      'STORE_VERSION',
      `${file} has schema version ${version}, this program reads ${SCHEMA_VERSION}; start plugpull collector on it once, which brings it up to date`,
    )
  }
}
