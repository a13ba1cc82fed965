/**
 * How a PostgreSQL database comes to have the tables of this version.
 *
 * Forward only, in one transaction that holds the row of the version: of several collectors that start at once one does it,
 * and a step that fails leaves everything as it was. Before a step changes a table, the table is copied to a schema of its own,
 * in the same transaction. The tables themselves are in schema.ts.
 */
import { ProbeError } from '../../core/errors.ts'
import type { Sql } from './database.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { type Engine, dialectOf, storageOf } from './postgres-engine.ts'
import { SCHEMA_VERSION, tableStatements } from './schema.ts'

/** One step from a version to the next. Never change one that was released. */
export interface Migration {
  /** Tables whose columns or rows it changes: they are copied before. */
  readonly changes: readonly string[]
  readonly statements: readonly string[]
}

export interface PostgresSchema {
  readonly version: number
  /** What makes the tables of that version in an empty database. */
  readonly tables: readonly string[]
  /** Migration n brings a database from version n to n + 1. */
  readonly migrations: Readonly<Record<number, Migration>>
}

/** Stores on PostgreSQL began with version 3. */
export const schemaOf = (engine: Engine): PostgresSchema => ({
  version: SCHEMA_VERSION,
  tables: [...tableStatements(dialectOf(engine)), ...storageOf(engine)],
  migrations: {},
})

const VERSION_TABLE = 'plugpull_schema'
const CREATE_VERSION_TABLE = `CREATE TABLE IF NOT EXISTS ${VERSION_TABLE} (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)`
const INSERT_VERSION = `INSERT INTO ${VERSION_TABLE} (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING`
const TABLES = `SELECT table_name AS name, current_schema() AS schema FROM information_schema.tables
  WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`
/** A table of a terabyte is copied and rewritten in less; whoever waits for that waits as long. */
const LIMITS = { limitMs: 3_600_000 }

/** Brings the database to that version; throws STORE_VERSION where it is newer, STORE_UNAVAILABLE where it is not ours. */
export async function migratePostgres(database: PostgresDatabase, schema: PostgresSchema): Promise<void> {
  const { name } = database
  const found = await database.read(versionOf)
  if (found === schema.version) return
  if (found === undefined) {
    await database.read((sql) => requireOurs(sql, name, schema))
    await database.write(async (sql) => {
      await sql.all(CREATE_VERSION_TABLE)
      await sql.all(INSERT_VERSION)
    }, LIMITS)
  }
  await database.write(async (sql) => {
    const [row] = await sql.all<{ version: number }>(
      `SELECT version FROM ${VERSION_TABLE} WHERE id = 1${database.dialect.forUpdate}`,
    )
    const version = row?.version ?? 0
    refuseNewer(name, version, schema.version)
    if (version === schema.version) return
    const steps = stepsFrom(name, version, schema)
    if (version > 0) await backUp(sql, database, version, steps)
    for (const statement of steps.flatMap(({ statements }) => statements)) await sql.all(statement)
    await sql.all(`UPDATE ${VERSION_TABLE} SET version = ? WHERE id = 1`, [schema.version])
  }, LIMITS)
}

function stepsFrom(name: string, version: number, schema: PostgresSchema): readonly Migration[] {
  if (version === 0) return [{ changes: [], statements: schema.tables }]
  return Array.from({ length: schema.version - version }, (_, index) => {
    const step = schema.migrations[version + index]
    if (step !== undefined) return step
    throw new ProbeError(
      'STORE_VERSION',
      `${name} has schema version ${version}, from which this program knows no way to ${schema.version}; start the version before this one on it first`,
    )
  })
}

/** Throws where the database has not exactly the version that this program reads. */
export async function requireVersion(sql: Sql, name: string, known: number): Promise<void> {
  const version = await versionOf(sql)
  if (version === undefined) {
    throw new ProbeError(
      'STORE_UNAVAILABLE',
      `the database ${name} holds no store; start plugpull collector on it once, which makes one`,
    )
  }
  refuseNewer(name, version, known)
  if (version < known) {
    throw new ProbeError(
      'STORE_VERSION',
      `${name} has schema version ${version}, this program reads ${known}; start plugpull collector on it once, which brings it up to date`,
    )
  }
}

function refuseNewer(name: string, version: number, known: number): void {
  if (version <= known) return
  throw new ProbeError(
    'STORE_VERSION',
    `${name} has schema version ${version}, this program knows up to ${known}; use the newer program, or another database`,
  )
}

const tablesOf = (sql: Sql): Promise<readonly { readonly name: string; readonly schema: string }[]> => sql.all(TABLES)

/** `undefined` where there is no store yet. */
async function versionOf(sql: Sql): Promise<number | undefined> {
  if (!(await tablesOf(sql)).some((table) => table.name === VERSION_TABLE)) return undefined
  const [row] = await sql.all<{ version: number }>(`SELECT version FROM ${VERSION_TABLE} WHERE id = 1`)
  return row?.version
}

/** Tables of the names that are about to be created belong to another program. */
async function requireOurs(sql: Sql, name: string, schema: PostgresSchema): Promise<void> {
  const tables = new Set((await tablesOf(sql)).map((table) => table.name))
  if (tables.has(VERSION_TABLE)) return
  const created = schema.tables.flatMap((text) => /^\s*CREATE TABLE (\w+)/i.exec(text)?.[1] ?? [])
  const taken = created.filter((table) => tables.has(table))
  if (taken.length === 0) return
  throw new ProbeError(
    'STORE_UNAVAILABLE',
    `the database ${name} has the tables ${taken.join(', ')} of another program; choose another database, or another schema with ?options=-csearch_path%3DNAME`,
  )
}

/** With keys and indexes, so that going back is a matter of names (docs/OPERATIONS.md). */
async function backUp(
  sql: Sql,
  { name, engine }: PostgresDatabase,
  version: number,
  steps: readonly Migration[],
): Promise<void> {
  const existing = await tablesOf(sql)
  const names = new Set(existing.map((table) => table.name))
  const changed = [...new Set(steps.flatMap(({ changes }) => changes))].filter((table) => names.has(table))
  if (changed.length === 0) return
  const schema = existing[0]?.schema ?? 'public'
  const backup = `${schema === 'public' ? 'plugpull' : schema}_backup_v${version}`
  const [taken] = await sql.all('SELECT 1 AS one FROM information_schema.schemata WHERE schema_name = ?', [backup])
  if (taken !== undefined) {
    throw new ProbeError(
      'STORE_UNAVAILABLE',
      `${name} has a schema ${backup} already, left by an earlier migration; drop or rename it, so that this one can keep its backup there`,
    )
  }
  await sql.all(`CREATE SCHEMA "${backup}"`)
  for (const table of changed) {
    // A collector of the older version that still runs must not write between the copy and the change. CockroachDB has no such
    // lock, and no need: its transactions are serializable.
    if (engine !== 'cockroachdb') await sql.all(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`)
    await sql.all(`CREATE TABLE "${backup}".${table} (LIKE ${table} INCLUDING ALL)`)
    await sql.all(`INSERT INTO "${backup}".${table} SELECT * FROM ${table}`)
  }
}
