/** COPY in its binary form: what goes in comes back, a copy that fails leaves nothing of it, and logs of many bytes take this way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, SqlValue } from '../../src/collector/store/database.ts'
import { PostgresDatabase } from '../../src/collector/store/postgres-database.ts'
import { migratePostgres, schemaOf } from '../../src/collector/store/postgres-schema.ts'
import { appendAll, readLog } from '../../src/collector/store/sql-logs.ts'
import { createRun } from '../../src/collector/store/sql-runs.ts'
import { NO_POSTGRES, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { logBytes, readAll, runId, sampleManifest } from './helpers.ts'

const AT = '2026-01-01T00:00:00.000Z'
const COLUMNS = ['run', 'start', 'bytes']
const postgres = await startPostgres()

type Row = readonly [string, number, Uint8Array]

function check(
  what: string,
  body: (database: PostgresDatabase, server: TestPostgres, url: string) => Promise<void>,
): void {
  test(what, { skip: postgres === undefined ? NO_POSTGRES : false, timeout: 120_000 }, async (t) => {
    assert(postgres !== undefined)
    const url = await postgres.createDatabase()
    const database = new PostgresDatabase(url)
    t.after(() => database.close())
    await database.recognise()
    if (database.engine !== 'postgresql') return t.skip(`${database.engine} is sent statements alone`)
    await migratePostgres(database, schemaOf(database.engine))
    await body(database, postgres, url)
  })
}

function copyOf({ copy }: Sql): NonNullable<Sql['copy']> {
  assert(copy !== undefined)
  return copy
}

const chunksIn = (database: PostgresDatabase): Promise<readonly Row[]> =>
  database.read(async (sql) => {
    const rows = await sql.all<{ run: string; start: number; bytes: Uint8Array }>(
      'SELECT run, start, bytes FROM chunks ORDER BY run',
    )
    return rows.map(({ run, start, bytes }): Row => [run, start, Uint8Array.from(bytes)])
  })

const ROWS: readonly Row[] = [
  ['a', 0, new Uint8Array(0)],
  ['b', Number.MAX_SAFE_INTEGER, Uint8Array.from(logBytes(1, 0, 256))],
  ['c – äöü', 1, Uint8Array.from(logBytes(2, 0, 257))],
  ['d', 2 ** 33, Uint8Array.from(logBytes(3, 0, 3_000_000))],
]

check('rows come back as they were copied', async (database) => {
  await database.write((sql) => copyOf(sql)('chunks', COLUMNS, ROWS))
  assert.deepEqual(await chunksIn(database), ROWS)
})

check(
  'a copy that is refused leaves nothing of its transaction, and the connection is used on',
  async (database, server, url) => {
    const connections = (): ReturnType<TestPostgres['query']> =>
      server.query(
        url,
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'plugpull' AND datname = current_database()`,
      )
    await database.write((sql) => copyOf(sql)('chunks', COLUMNS, ROWS.slice(0, 2)))
    const before = await connections()
    const twice = database.write(async (sql) => {
      await copyOf(sql)('chunks', COLUMNS, ROWS.slice(2))
      await copyOf(sql)('chunks', COLUMNS, ROWS.slice(1, 3))
    })
    await assert.rejects(twice, { code: 'STORE_UNAVAILABLE', message: /duplicate key/ })
    assert.deepEqual(await chunksIn(database), ROWS.slice(0, 2))
    assert.deepEqual(await connections(), before)
  },
)

check(
  'a copy on a connection that breaks fails as any statement does, and is made again on another',
  async (database, server, url) => {
    let attempts = 0
    await database.write(async (sql) => {
      attempts++
      const [own] = await sql.all<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      if (attempts === 1) await server.query(url, `SELECT pg_terminate_backend(${own?.pid ?? 0})`)
      await copyOf(sql)('chunks', COLUMNS, ROWS)
    })
    assert.equal(attempts, 2)
    assert.deepEqual(await chunksIn(database), ROWS)
  },
)

check('logs of many bytes are copied, those of few are not', async (database) => {
  const ways: string[] = []
  const watched = (sql: Sql): Sql => ({
    all: (text, values?: readonly SqlValue[]) => {
      if (text.startsWith('INSERT INTO chunks')) ways.push('statement')
      return sql.all(text, values)
    },
    copy: (...order) => {
      ways.push('copy')
      return copyOf(sql)(...order)
    },
  })
  const run = runId(1)
  await database.write((sql) =>
    createRun(sql, { run, campaign: 'c', createdAt: AT, manifest: sampleManifest(run, 'c') }),
  )
  let offset = 0
  for (const size of [100, 70_000, 200]) {
    const append = { run, offset, bytes: logBytes(1, offset, size), at: AT }
    const outcomes = await database.write((sql) => appendAll(watched(sql), database, [append]))
    assert.deepEqual(outcomes, [{ kind: 'stored', offset: (offset += size) }])
  }
  assert.deepEqual(ways, ['statement', 'copy', 'statement'])
  assert.deepEqual(await readAll(readLog(database, run, 0, offset)), Buffer.from(logBytes(1, 0, offset)))
})
