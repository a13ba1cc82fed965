/** The driver: what a commit means, what is tried again, what people are told, and that no secret is among it. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from '../../src/collector/store/database.ts'
import { PostgresDatabase } from '../../src/collector/store/postgres-database.ts'
import { Statements } from '../../src/collector/store/postgres-statements.ts'
import { parsePostgresUrl, withoutSecrets } from '../../src/collector/store/postgres-url.ts'
import { ProbeError } from '../../src/core/errors.ts'
import { HAS_OPENSSL, makeAuthority, makeCertificate } from './access/certificates.ts'
import { NO_POSTGRES, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startWay } from '../support/breaking-way.ts'

const postgres = await startPostgres()

type Opened = { readonly database: PostgresDatabase; readonly url: string; readonly server: TestPostgres }

/** A test on a database of its own; `own`: it does something to the server. */
function check(what: string, body: (opened: Opened) => Promise<void>, { own = false } = {}): void {
  const skip =
    postgres === undefined ? NO_POSTGRES : own && !postgres.own ? 'NOT TESTED: the server is not ours' : false
  test(what, { skip }, async (t) => {
    assert(postgres !== undefined)
    const url = await postgres.createDatabase()
    const database = new PostgresDatabase(url)
    t.after(() => database.close())
    await body({ database, url, server: postgres })
  })
}

const create = (database: PostgresDatabase): Promise<unknown> =>
  database.write((sql) => sql.all('CREATE TABLE t (id BIGINT PRIMARY KEY, x BIGINT NOT NULL)'))
const rowsOf = (database: PostgresDatabase): Promise<readonly unknown[]> =>
  database.read((sql) => sql.all('SELECT id, x FROM t ORDER BY id'))

async function failureOf(work: Promise<unknown>): Promise<ProbeError> {
  try {
    await work
  } catch (error) {
    assert(error instanceof ProbeError, String(error))
    return error
  }
  assert.fail('it did not fail')
}

test('placeholders are numbered, but not those in strings, names and comments; a text is prepared once', () => {
  const statements = new Statements()
  const text = `SELECT '?''?', "a?" FROM t -- ?\nWHERE a = ? AND b IN (?, ?)`
  const statement = statements.of(text)
  assert.equal(statement.text, `SELECT '?''?', "a?" FROM t -- ?\nWHERE a = $1 AND b IN ($2, $3)`)
  assert.equal(statements.of(text), statement)
  assert.notEqual(statements.of('SELECT 1').name, statement.name)
  assert.equal(statements.of('CREATE TABLE t (x BIGINT)').name, undefined)
  for (let n = 0; n < 1000; n++) statements.of(`SELECT ${n}`)
  assert.equal(statements.of('SELECT 5000').name, undefined)
})

test('a URL names its host and database, and keeps its secrets', () => {
  const { name, redact } = parsePostgresUrl('postgres://me:p%40ss@db.example:6432/logs?sslmode=require')
  assert.equal(name, 'postgres://db.example:6432/logs')
  assert.equal(redact('p@ss or p%40ss'), '*** or ***')
  assert.equal(parsePostgresUrl('postgresql:///logs?host=/run/pg&password=x').name, 'postgres:///run/pg/logs')
  for (const bad of [
    'postgres://me:secret@host',
    'postgres://me:secret@host:99999999/x',
    'postgres://h/d?sslmode=secret2',
  ]) {
    assert.throws(
      () => parsePostgresUrl(bad),
      (error) => error instanceof ProbeError && error.code === 'BAD_OPTION' && !error.message.includes('secret@'),
    )
  }
  assert.equal(withoutSecrets('mysql://me:secret@host/x?password=secret&y=1'), 'mysql://***@host/x?password=***&y=1')
})

check('whole numbers, bytes and text come back as they were', async ({ database }) => {
  await database.write((sql) => sql.all('CREATE TABLE kinds (n BIGINT, t TEXT, b BYTEA)'))
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
  const rows = [
    [2 ** 53 - 1, 'é🙂\\x', bytes],
    [-5, null, new Uint8Array(0)],
  ] as const
  for (const row of rows) await database.write((sql) => sql.all('INSERT INTO kinds (n, t, b) VALUES (?, ?, ?)', row))
  const [first, second] = await database.read((sql) =>
    sql.all<{ n: number; t: string | null; b: Uint8Array }>('SELECT n, t, b FROM kinds ORDER BY n DESC'),
  )
  assert.deepEqual([first?.n, first?.t, [...(first?.b ?? [])]], [2 ** 53 - 1, 'é🙂\\x', [...bytes]])
  assert.deepEqual([second?.n, second?.t, second?.b.length], [-5, null, 0])
  const counts = await database.read((sql) => sql.all('SELECT count(*) AS n, sum(n) AS s FROM kinds WHERE n < 9'))
  assert.deepEqual(counts, [{ n: 1, s: -5 }])
  assert((await database.sizeBytes()) > 0)
})

check('a transaction that fails keeps nothing, and leaves the connection usable', async ({ database }) => {
  await create(database)
  const failing = async (sql: Sql): Promise<void> => {
    await sql.all('INSERT INTO t VALUES (1, 1)')
    await sql.all('SELECT no_such_column FROM t')
  }
  const failure = await failureOf(database.write(failing))
  assert.equal(failure.code, 'STORE_UNAVAILABLE')
  assert.match(failure.message, /postgres:\/\/127\.0\.0\.1:\d+\/plugpull_\w+ cannot be used: .*no_such_column.*42703/)
  // An error of the work itself is passed on as it is.
  const fault = new TypeError('a fault')
  const faulty = async (sql: Sql): Promise<void> => {
    await sql.all('INSERT INTO t VALUES (2, 1)')
    throw fault
  }
  await assert.rejects(database.write(faulty), (error) => error === fault)
  // A failed statement whose error is swallowed: COMMIT says ROLLBACK, and that is no success.
  const swallowing = async (sql: Sql): Promise<void> => {
    await sql.all('INSERT INTO t VALUES (3, 1)')
    await sql.all('SELECT no_such_column FROM t').catch(() => undefined)
  }
  assert.match((await failureOf(database.write(swallowing))).message, /COMMIT was answered by ROLLBACK/)
  assert.deepEqual(await rowsOf(database), [])
})

check('a transaction that lost against another is run again, until it wins', async ({ database }) => {
  await create(database)
  let attempts = 0
  await database.write(async (sql) => {
    await sql.all('INSERT INTO t VALUES (?, 1)', [++attempts])
    if (attempts < 4) await sql.all(`DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$`)
  })
  assert.deepEqual(await rowsOf(database), [{ id: 4, x: 1 }])
  let tries = 0
  const hopeless = async (sql: Sql): Promise<void> => {
    tries++
    await sql.all(`DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40P01'; END $$`)
  }
  assert.match((await failureOf(database.write(hopeless))).message, /lost \(40P01\)/)
  assert.equal(tries, 8)
})

check('writers of one row take turns, and two inserts of one key end as one', async ({ database, url }) => {
  await create(database)
  const other = new PostgresDatabase(url)
  try {
    const add = async (sql: Sql): Promise<void> => {
      const [row] = await sql.all<{ x: number }>(`SELECT x FROM t WHERE id = 1${database.dialect.forUpdate}`)
      if (row === undefined) await sql.all('INSERT INTO t VALUES (1, 1)')
      else await sql.all('UPDATE t SET x = ? WHERE id = 1', [row.x + 1])
    }
    await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? database : other).write(add)))
    assert.deepEqual(await rowsOf(database), [{ id: 1, x: 40 }])
  } finally {
    await other.close()
  }
})

check('a reader sees one moment, and changes nothing', async ({ database }) => {
  await create(database)
  await database.read(async (sql) => {
    const before = await sql.all('SELECT * FROM t')
    await database.write((other) => other.all('INSERT INTO t VALUES (1, 1)'))
    assert.deepEqual(await sql.all('SELECT * FROM t'), before)
  })
  const failure = await failureOf(database.read((sql) => sql.all('INSERT INTO t VALUES (2, 2)')))
  assert.match(failure.message, /read-only/)
  assert.deepEqual(await rowsOf(database), [{ id: 1, x: 1 }])
})

check('a commit waits for stable storage, also where the database is set not to', async ({ database, url, server }) => {
  const name = new URL(url).pathname.slice(1)
  const setting = (sql: Sql): Promise<unknown> => sql.all('SHOW synchronous_commit')
  assert.deepEqual(await database.write(setting), [{ synchronous_commit: 'on' }])
  await server.query(url, `ALTER DATABASE ${name} SET synchronous_commit = off`)
  const lax = new PostgresDatabase(url)
  try {
    assert.deepEqual(await lax.write(setting), [{ synchronous_commit: 'on' }])
    assert.deepEqual(await lax.read(setting), [{ synchronous_commit: 'off' }])
    await server.query(url, `ALTER DATABASE ${name} SET synchronous_commit = remote_apply`)
    const strict = new PostgresDatabase(url)
    assert.deepEqual(await strict.write(setting), [{ synchronous_commit: 'remote_apply' }])
    await strict.close()
  } finally {
    await lax.close()
  }
})

/** Sets it for the whole server while it runs, and waits until that is so. */
async function setServer({ url, server }: Opened, name: string, value: string): Promise<void> {
  await server.query(url, `ALTER SYSTEM SET ${name} = ${value}`, 'SELECT pg_reload_conf()')
  while ((await server.query(url, `SHOW ${name}`))[0]?.[name] !== value) await sleep(10)
}

const resetServer = ({ url, server }: Opened): Promise<unknown> =>
  server.query(url, 'ALTER SYSTEM RESET ALL', 'SELECT pg_reload_conf()')

check(
  'a server without fsync is refused, also by a connection from before it was so',
  async (opened) => {
    const { database } = opened
    const write = (): Promise<unknown> => database.write((sql) => sql.all('SELECT 1 AS one'))
    await write()
    await database.check()
    try {
      await setServer(opened, 'fsync', 'off')
      // A process of the server takes the new settings in between two of its statements.
      while (!(await isOff(database, 'fsync'))) await sleep(10)
      for (const failing of [write(), database.check()]) {
        const failure = await failureOf(failing)
        assert.deepEqual([failure.code, /fsync=off/.test(failure.message)], ['STORE_UNAVAILABLE', true])
      }
      await setServer(opened, 'fsync', 'on')
      while (await isOff(database, 'fsync')) await sleep(10)
      await write()
      await database.check()
    } finally {
      await resetServer(opened)
    }
  },
  { own: true },
)

async function isOff(database: PostgresDatabase, name: string): Promise<boolean> {
  const [row] = await database.read((sql) => sql.all<Readonly<Record<string, string>>>(`SHOW ${name}`))
  return row?.[name] === 'off'
}

check(
  'nor does a commit stop waiting for stable storage where the server is told not to meanwhile',
  async (opened) => {
    const { database, url, server } = opened
    const setting = (sql: Sql): Promise<unknown> => sql.all('SHOW synchronous_commit')
    assert.deepEqual(await database.write(setting), [{ synchronous_commit: 'on' }])
    try {
      // In the middle of a transaction, and before the next.
      const amid = await database.write(async (sql) => {
        await setServer(opened, 'synchronous_commit', 'off')
        for (let turn = 0; turn < 20; turn++) await sql.all('SELECT 1 AS one')
        return setting(sql)
      })
      assert.deepEqual(amid, [{ synchronous_commit: 'on' }])
      while (!(await isOff(database, 'synchronous_commit'))) await sleep(10)
      assert.deepEqual(await database.write(setting), [{ synchronous_commit: 'on' }])
      await setServer({ database, url, server }, 'synchronous_commit', 'remote_apply')
      while (!JSON.stringify(await database.write(setting)).includes('remote_apply')) await sleep(10)
    } finally {
      await resetServer(opened)
    }
  },
  { own: true },
)

check(
  'a commit that is not answered is not run again',
  async ({ database, url, server }) => {
    await create(database)
    // The commit sleeps in a deferred trigger: its connection is ended there.
    await server.query(
      url,
      `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'`,
      'CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()',
    )
    let runs = 0
    const failing = failureOf(
      database.write((sql) => {
        runs++
        return sql.all('INSERT INTO t VALUES (1, 1)')
      }),
    )
    const end = `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
      WHERE datname = current_database() AND query = 'COMMIT' AND wait_event = 'PgSleep'`
    while ((await server.query(url, end)).length === 0) await sleep(10)
    assert.match((await failing).message, /did not answer to a commit.*is not known.*again is safe/)
    assert.equal(runs, 1)
  },
  { own: true },
)

test('a reading and a check whose commit is not answered are done once more', async (t) => {
  if (postgres === undefined) return t.skip(NO_POSTGRES)
  const url = new URL(await postgres.createDatabase())
  const way = await startWay(Number(url.port))
  t.after(() => way.close())
  url.port = `${way.port}`
  const database = new PostgresDatabase(url.href)
  t.after(() => database.close())
  let reads = 0
  const reading = (): Promise<readonly unknown[]> =>
    database.read((sql) => {
      reads++
      return sql.all('SELECT 1 AS one')
    })
  await reading()
  way.breakAt('COMMIT')
  assert.deepEqual([await reading(), reads], [[{ one: 1 }], 3])
  way.breakAt('COMMIT')
  await database.check()
  assert.equal(way.breaks, 2)
  way.breakAt('COMMIT')
  assert.match(
    (await failureOf(database.write((sql) => sql.all('SELECT 1 AS one')))).message,
    /did not answer to a commit/,
  )
})

check(
  'a server that restarts is found again; one that is down is named, without the password',
  async ({ database, url, server }) => {
    await create(database)
    await Promise.all([1, 2, 3].map((id) => database.write((sql) => sql.all('INSERT INTO t VALUES (?, 0)', [id]))))
    await server.crash()
    const down = await failureOf(database.check())
    const port = new URL(url).port
    assert.match(
      down.message,
      new RegExp(`postgres://127.0.0.1:${port}/plugpull_\\w+ cannot be used: .*ECONNREFUSED.*no server listens`),
    )
    assert.doesNotMatch(down.message, new RegExp(server.password))
    await server.start()
    assert.equal((await rowsOf(database)).length, 3)
    // Idle connections that the restart broke are no failure.
    await server.stop()
    await server.start()
    assert.equal((await rowsOf(database)).length, 3)
    await database.check()
  },
  { own: true },
)

check(
  'what is wrong with a connection is said, and never with a password',
  async ({ url, server }) => {
    const changed = (change: (wrong: URL) => void): string => {
      const wrong = new URL(url)
      change(wrong)
      return wrong.href
    }
    const cases: readonly (readonly [string, RegExp])[] = [
      [changed((wrong) => (wrong.password = `wrong-${server.password}`)), /28P01.*PGPASSWORD/],
      [changed((wrong) => (wrong.pathname = '/nowhere')), /nowhere.*3D000.*createdb/],
      [changed((wrong) => (wrong.port = '1')), /127\.0\.0\.1:1\/.*no server listens/],
      [changed((wrong) => wrong.searchParams.set('sslmode', 'require')), /does not support SSL.*sslmode=disable/],
    ]
    for (const [wrong, message] of cases) {
      const database = new PostgresDatabase(wrong)
      const failure = await failureOf(database.check())
      await database.close()
      assert.equal(failure.code, 'STORE_UNAVAILABLE')
      assert.match(failure.message, message)
      const shown = `${failure.stack} ${JSON.stringify(failure)} ${database.name} ${String(failure.cause)}`
      assert.doesNotMatch(shown, new RegExp(server.password))
    }
  },
  { own: true },
)

check(
  'the password comes from the environment where the URL has none',
  async ({ url, server }) => {
    const without = new URL(url)
    without.password = ''
    const before = process.env['PGPASSWORD']
    process.env['PGPASSWORD'] = server.password
    const database = new PostgresDatabase(without.href)
    try {
      await database.check()
      assert(!database.name.includes(server.password))
    } finally {
      await database.close()
      if (before === undefined) delete process.env['PGPASSWORD']
      else process.env['PGPASSWORD'] = before
    }
  },
  { own: true },
)

check(
  'sslmode: a certificate is checked, unless that is not wanted',
  async ({ url, server }) => {
    assert(HAS_OPENSSL, 'openssl is there')
    const authority = makeAuthority(server.folder, 'ca')
    const { cert, key } = makeCertificate(server.folder, authority, 'IP:127.0.0.1')
    // The server reads its key alone, and only where nobody else may.
    const { uid, gid } = statSync(server.folder)
    for (const file of [cert, key]) chownSync(file, uid, gid)
    chmodSync(key, 0o600)
    const settings = [`ssl_cert_file = '${cert}'`, `ssl_key_file = '${key}'`, 'ssl = on']
    await server.query(url, ...settings.map((setting) => `ALTER SYSTEM SET ${setting}`), 'SELECT pg_reload_conf()')
    const connected = async (options: Readonly<Record<string, string>>): Promise<unknown> => {
      const changed = new URL(url)
      for (const [name, value] of Object.entries(options)) changed.searchParams.set(name, value)
      const database = new PostgresDatabase(changed.href)
      try {
        const rows = await database.read((sql) =>
          sql.all<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
        )
        return rows[0]?.ssl
      } catch (error) {
        return String(error)
      } finally {
        await database.close()
      }
    }
    try {
      while ((await connected({ sslmode: 'no-verify' })) !== true) await sleep(20)
      for (const sslmode of ['verify-full', 'verify-ca', 'require'])
        assert.equal(await connected({ sslmode, sslrootcert: authority.cert }), true)
      assert.match(
        String(await connected({ sslmode: 'require' })),
        /certificate.*sslrootcert=FILE; or sslmode=no-verify/,
      )
      assert.equal(await connected({ sslmode: 'disable' }), false)
      assert.equal(await connected({}), false)
    } finally {
      await server.query(url, 'ALTER SYSTEM RESET ALL', 'SELECT pg_reload_conf()')
    }
  },
  { own: true },
)
