/** Migrations of a PostgreSQL store: once, whole or not at all, with a copy of what they change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PostgresDatabase } from '../../src/collector/store/postgres-database.ts'
import {
  type Migration,
  migratePostgres,
  type PostgresSchema,
  requireVersion,
} from '../../src/collector/store/postgres-schema.ts'
import { NO_POSTGRES, startPostgres, type TestPostgres } from '../support/postgres.ts'

const postgres = await startPostgres()

const FIRST = [
  'CREATE TABLE runs (run TEXT PRIMARY KEY, n BIGINT NOT NULL)',
  'CREATE TABLE logs (run TEXT PRIMARY KEY, bytes BIGINT NOT NULL)',
  'CREATE INDEX runs_by_n ON runs (n)',
]
const SECOND: Migration = {
  changes: ['runs'],
  statements: ['ALTER TABLE runs ADD COLUMN twice BIGINT NOT NULL DEFAULT 0', 'UPDATE runs SET twice = 2 * n'],
}
const FAILING: Migration = { changes: ['logs'], statements: ['DELETE FROM logs', 'UPDATE runs SET n = 1 / (n - n)'] }

const VERSION_1: PostgresSchema = { version: 1, tables: FIRST, migrations: {} }
const VERSION_2: PostgresSchema = { version: 2, tables: [...FIRST, ...SECOND.statements], migrations: { 1: SECOND } }
const BROKEN: PostgresSchema = { version: 3, tables: [], migrations: { 1: SECOND, 2: FAILING } }

interface Opened {
  readonly open: () => PostgresDatabase
  readonly query: (...texts: readonly string[]) => ReturnType<TestPostgres['query']>
}

function check(what: string, body: (opened: Opened) => Promise<void>): void {
  test(what, { skip: postgres === undefined ? NO_POSTGRES : false }, async (t) => {
    assert(postgres !== undefined)
    const url = await postgres.createDatabase()
    const open = (): PostgresDatabase => {
      const database = new PostgresDatabase(url)
      t.after(() => database.close())
      return database
    }
    await body({ open, query: (...texts) => postgres.query(url, ...texts) })
  })
}

/** Names of everything there is, with the rows of the store's own tables. */
async function contents(query: Opened['query']): Promise<unknown> {
  return [
    await query(
      `SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3`,
    ),
    await query('SELECT * FROM plugpull_schema'),
    await query('SELECT * FROM runs ORDER BY run'),
    await query('SELECT * FROM logs ORDER BY run'),
  ]
}

const fill = (query: Opened['query']): Promise<unknown> =>
  query(`INSERT INTO runs (run, n) VALUES ('a', 1), ('b', 2)`, `INSERT INTO logs VALUES ('a', 10)`)

check('collectors that start at once make the tables once', async ({ open, query }) => {
  await Promise.all(Array.from({ length: 6 }, () => migratePostgres(open(), VERSION_2)))
  await fill(query)
  assert.deepEqual(await query('SELECT * FROM plugpull_schema'), [{ id: '1', version: '2' }])
  await migratePostgres(open(), VERSION_2)
  assert.equal((await query('SELECT * FROM runs')).length, 2)
  // A store that was new had nothing to copy.
  assert.deepEqual(await query(`SELECT 1 FROM information_schema.schemata WHERE schema_name LIKE '%backup%'`), [])
})

check('collectors that start at once migrate once, with a copy of what changes', async ({ open, query }) => {
  await migratePostgres(open(), VERSION_1)
  await fill(query)
  await Promise.all(Array.from({ length: 6 }, () => migratePostgres(open(), VERSION_2)))
  assert.deepEqual(await query('SELECT * FROM runs ORDER BY run'), [
    { run: 'a', n: '1', twice: '2' },
    { run: 'b', n: '2', twice: '4' },
  ])
  const before = [
    { run: 'a', n: '1' },
    { run: 'b', n: '2' },
  ]
  assert.deepEqual(await query('SELECT * FROM plugpull_backup_v1.runs ORDER BY run'), before)
  assert.deepEqual(await query(`SELECT to_regclass('plugpull_backup_v1.logs') AS logs`), [{ logs: null }])
  // Going back, as docs/OPERATIONS.md says it.
  await query(
    `BEGIN; DROP TABLE runs; ALTER TABLE plugpull_backup_v1.runs SET SCHEMA public; DROP SCHEMA plugpull_backup_v1;
      UPDATE plugpull_schema SET version = 1; COMMIT`,
  )
  await open().read((sql) => requireVersion(sql, 'it', 1))
  assert.deepEqual(await query('SELECT * FROM runs ORDER BY run'), before)
  await assert.rejects(query(`INSERT INTO runs VALUES ('a', 1)`), /duplicate key/)
  await migratePostgres(open(), VERSION_2)
  assert.equal((await query('SELECT twice FROM runs')).length, 2)
})

check('a step that fails leaves everything as it was', async ({ open, query }) => {
  await migratePostgres(open(), VERSION_1)
  await fill(query)
  const before = await contents(query)
  await assert.rejects(migratePostgres(open(), BROKEN), {
    code: 'STORE_UNAVAILABLE',
    message: /division by zero/,
  })
  assert.deepEqual(await contents(query), before)
  await migratePostgres(open(), VERSION_2)
})

check('a version from which no way is known is refused and left alone', async ({ open, query }) => {
  await migratePostgres(open(), VERSION_1)
  await fill(query)
  const before = await contents(query)
  await assert.rejects(migratePostgres(open(), { ...BROKEN, migrations: { 2: SECOND } }), {
    code: 'STORE_VERSION',
    message: /has schema version 1, from which this program knows no way to 3/,
  })
  assert.deepEqual(await contents(query), before)
})

check('a newer store is refused and left alone', async ({ open, query }) => {
  await migratePostgres(open(), VERSION_2)
  await fill(query)
  const before = await contents(query)
  const refused = { code: 'STORE_VERSION', message: /has schema version 2, this program knows up to 1; use the newer/ }
  await assert.rejects(migratePostgres(open(), VERSION_1), refused)
  await assert.rejects(
    open().read((sql) => requireVersion(sql, 'it', 1)),
    refused,
  )
  assert.deepEqual(await contents(query), before)
})

check('who only reads migrates nothing', async ({ open, query }) => {
  const read = (known: number): Promise<void> => open().read((sql) => requireVersion(sql, 'it', known))
  await assert.rejects(read(1), { code: 'STORE_UNAVAILABLE', message: /holds no store; start plugpull collector/ })
  assert.deepEqual(await query(`SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'`), [])
  await migratePostgres(open(), VERSION_1)
  await assert.rejects(read(2), { code: 'STORE_VERSION', message: /has schema version 1, this program reads 2/ })
  await read(1)
})

check('tables of another program are refused and left alone', async ({ open, query }) => {
  await query('CREATE TABLE logs (theirs TEXT)', `INSERT INTO logs VALUES ('x')`)
  await assert.rejects(migratePostgres(open(), VERSION_1), {
    code: 'STORE_UNAVAILABLE',
    message: /has the tables logs of another program; choose another/,
  })
  assert.deepEqual(await query('SELECT * FROM logs'), [{ theirs: 'x' }])
  assert.deepEqual(await query(`SELECT to_regclass('plugpull_schema') AS ours`), [{ ours: null }])
})

check('a copy of an earlier migration is not written over', async ({ open, query }) => {
  await migratePostgres(open(), VERSION_1)
  await fill(query)
  await query('CREATE SCHEMA plugpull_backup_v1')
  const before = await contents(query)
  await assert.rejects(migratePostgres(open(), VERSION_2), { message: /schema plugpull_backup_v1 already/ })
  assert.deepEqual(await contents(query), before)
})
