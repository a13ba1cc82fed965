/** The embedded store: the conformance suite, and what is SQLite's own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { openStore } from '../../src/collector/store/open-store.ts'
import { SCHEMA_VERSION } from '../../src/collector/store/schema.ts'
import type { Sql } from '../../src/collector/store/database.ts'
import { appendAll, readLog } from '../../src/collector/store/sql-logs.ts'
import { createRun } from '../../src/collector/store/sql-runs.ts'
import { openConnection, openSqliteStore, SqliteDatabase } from '../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../src/collector/store/store.ts'
import { storeConformance } from '../contract/store.ts'
import {
  logBytes,
  lossyVerdict,
  readAll,
  runId,
  sampleManifest,
  sampleVerdict,
  scratch,
  wholeManifest,
} from './helpers.ts'
import { backupOf } from '../../src/collector/store/sqlite-backup.ts'

storeConformance('sqlite', async (t) => {
  const file = join(scratch(t), 'store.db')
  let store = openSqliteStore(file)
  t.after(() => store.close())
  return {
    store,
    reopen: async () => {
      await store.close()
      store = openSqliteStore(file)
      return store
    },
  }
})

const AT = '2026-01-01T00:00:00.000Z'

const newRun = (n: number) => ({
  run: runId(n),
  campaign: 'c',
  createdAt: '2026-01-01T00:00:00Z',
  manifest: sampleManifest(runId(n), 'c'),
})

test('durability: WAL and synchronous=FULL', (t) => {
  const db = openConnection(join(scratch(t), 'store.db'), {})
  t.after(() => db.close())
  assert.equal(db.pragma('journal_mode', { simple: true }), 'wal')
  assert.equal(db.pragma('synchronous', { simple: true }), 2)
  assert.equal(db.pragma('user_version', { simple: true }), SCHEMA_VERSION)
})

/** Appends until the store is full; then everything acknowledged must be there, and a reader must still be served. */
async function fillUp(store: Store, file: string): Promise<void> {
  await store.createRun(newRun(1))
  let acknowledged = 0
  const append = async (): Promise<void> => {
    for (; acknowledged < 64 << 20; acknowledged += 100_000) {
      await store.append([{ run: runId(1), offset: acknowledged, bytes: logBytes(1, acknowledged, 100_000), at: AT }])
    }
  }
  await assert.rejects(append(), { code: 'STORE_FULL', message: /is full.*make room.*acknowledged is intact/ })
  assert(acknowledged > 0)
  assert.equal((await store.run(runId(1)))?.bytes, acknowledged)
  await store.close()
  const reader = openSqliteStore(file, { access: 'read' })
  const log = await readAll(reader.readLog(runId(1), 0, acknowledged))
  assert(log.equals(logBytes(1, 0, acknowledged)))
  await reader.close()
}

test('a full store says so, and keeps all it acknowledged', async (t) => {
  const file = join(scratch(t), 'store.db')
  const store = openSqliteStore(file, { pagesMax: 400 })
  t.after(() => store.close())
  await fillUp(store, file)
  // With room again it goes on where it was.
  const roomy = openSqliteStore(file)
  t.after(() => roomy.close())
  const end = (await roomy.run(runId(1)))?.bytes ?? 0
  const [outcome] = await roomy.append([{ run: runId(1), offset: end, bytes: logBytes(1, end, 500_000), at: AT }])
  assert.deepEqual(outcome, { kind: 'stored', offset: end + 500_000 })
})

function mountTiny(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'plugpull-test', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('a full file system says so, and keeps all it acknowledged', async (t) => {
  const folder = scratch(t)
  if (!mountTiny(folder)) return t.skip('NOT TESTED: mounting a tmpfs needs root')
  try {
    const file = join(folder, 'store.db')
    const store = openSqliteStore(file)
    try {
      await fillUp(store, file)
    } finally {
      await store.close()
    }
  } finally {
    execFileSync('umount', ['-l', folder])
  }
})

test('a store of a newer version is refused and left alone', (t) => {
  const file = join(scratch(t), 'store.db')
  const db = openConnection(file, {})
  db.pragma(`user_version = ${SCHEMA_VERSION + 1}`)
  db.close()
  for (const access of ['read', 'write'] as const) {
    assert.throws(() => openSqliteStore(file, { access }), {
      code: 'STORE_VERSION',
      message: new RegExp(`schema version ${SCHEMA_VERSION + 1}.*up to ${SCHEMA_VERSION}`),
    })
  }
})

/** A file as version 1 left it, with a run that was cut, judged twice and has a log of two chunks. */
function oldStore(file: string): void {
  const db = new Database(file)
  db.exec(`
    CREATE TABLE runs (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, campaign TEXT NOT NULL, created_at TEXT NOT NULL,
      manifest TEXT NOT NULL, cut TEXT) STRICT;
    CREATE INDEX runs_by_campaign ON runs (campaign, id);
    CREATE TABLE logs (run_id INTEGER PRIMARY KEY REFERENCES runs (id), bytes INTEGER NOT NULL, progress TEXT) STRICT;
    CREATE TABLE chunks (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id), start INTEGER NOT NULL,
      bytes BLOB NOT NULL) STRICT;
    CREATE UNIQUE INDEX chunks_by_start ON chunks (run_id, start);
    CREATE TABLE verdicts (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id), number INTEGER NOT NULL,
      at TEXT NOT NULL, word TEXT NOT NULL, contract TEXT NOT NULL, summary TEXT NOT NULL, findings TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX verdicts_by_number ON verdicts (run_id, number);
    PRAGMA application_id = 1886156135; PRAGMA user_version = 1`)
  const manifest = JSON.stringify(wholeManifest(runId(1), 'c', { rig: 'qemu', cache: 'none', image: 'qcow2' }))
  const cut = JSON.stringify({ kind: 'sigkill', at: AT, died: true })
  db.prepare('INSERT INTO runs VALUES (7, ?, ?, ?, ?, ?)').run(runId(1), 'c', AT, manifest, cut)
  db.prepare('INSERT INTO logs VALUES (7, 30, NULL)').run()
  for (const [start, length] of [
    [0, 10],
    [10, 20],
  ] as const)
    db.prepare('INSERT INTO chunks (run_id, start, bytes) VALUES (7, ?, ?)').run(start, logBytes(1, start, length))
  for (const [number, verdict] of [sampleVerdict(runId(1)), lossyVerdict(runId(1))].entries()) {
    const { findings, ...summary } = verdict
    const texts = [summary, findings].map((value) => JSON.stringify(value))
    db.prepare('INSERT INTO verdicts VALUES (NULL, 7, ?, ?, ?, ?, ?, ?)').run(
      number + 1,
      AT,
      'held',
      'volatile',
      ...texts,
    )
  }
  db.close()
}

test('a store of version 1 is brought up to date, with a copy of it beside it', async (t) => {
  const file = join(scratch(t), 'store.db')
  oldStore(file)
  assert.throws(() => openSqliteStore(file, { access: 'read' }), { code: 'STORE_VERSION', message: /start plugpull/ })
  const store = openSqliteStore(file)
  t.after(() => store.close())
  const run = await store.run(runId(1))
  assert.deepEqual([run?.bytes, run?.cut?.kind, run?.verdicts.length], [30, 'sigkill', 2])
  assert.deepEqual(run?.verdict, lossyVerdict(runId(1)))
  assert.deepEqual(await readAll(store.readLog(runId(1), 0, 30)), Buffer.from(logBytes(1, 0, 30)))
  const page = await store.runs({ device: wholeManifest(runId(1)).device, limit: 9 })
  assert.deepEqual(page === 'run-unknown' ? page : page.runs.map((one) => one.run), [runId(1)])
  const [cell] = await store.cells({ rig: 'qemu' })
  assert.deepEqual([cell?.image, cell?.cut, cell?.telling, cell?.lost], ['qcow2', 'sigkill', 1, 1])
  const copy = new Database(backupOf(file, 1), { readonly: true })
  t.after(() => copy.close())
  assert.equal(copy.pragma('user_version', { simple: true }), 1)
  assert.equal(copy.prepare<[], { bytes: number }>('SELECT bytes FROM logs').get()?.bytes, 30)
})

test('a database of another program is refused and left alone', (t) => {
  const file = join(scratch(t), 'other.db')
  const db = new Database(file)
  db.exec('CREATE TABLE theirs (x)')
  db.close()
  const before = readFileSync(file)
  assert.throws(() => openSqliteStore(file), { code: 'STORE_UNAVAILABLE', message: /another program/ })
  assert.deepEqual(readFileSync(file), before)
})

test('what is no database, or in no place, is named', (t) => {
  const folder = scratch(t)
  const text = join(folder, 'text')
  writeFileSync(text, 'this is a letter, not a database; it is long enough to be taken for a header of one, though')
  assert.throws(() => openSqliteStore(text), { code: 'STORE_UNAVAILABLE', message: /text.*not an SQLite database/ })
  const nowhere = join(folder, 'no', 'where.db')
  assert.throws(() => openSqliteStore(nowhere), { code: 'STORE_UNAVAILABLE', message: /where\.db/ })
  const absent = join(folder, 'absent.db')
  assert.throws(() => openSqliteStore(absent, { access: 'read' }), { code: 'STORE_UNAVAILABLE', message: /absent\.db/ })
  assert(!existsSync(absent))
})

test('a store that lost a chunk is named, not read around', async (t) => {
  const file = join(scratch(t), 'store.db')
  const store = openSqliteStore(file)
  t.after(() => store.close())
  await store.createRun(newRun(1))
  for (const at of [0, 10, 20]) await store.append([{ run: runId(1), offset: at, bytes: logBytes(1, at, 10), at: AT }])
  const db = new Database(file)
  db.exec('DELETE FROM chunks WHERE start = 10')
  db.close()
  await assert.rejects(readAll(store.readLog(runId(1), 0, 30)), {
    code: 'STORE_UNAVAILABLE',
    message: /damaged.*byte 10/,
  })
})

test('two processes may open a new store at once', async (t) => {
  const file = join(scratch(t), 'store.db')
  const [one, two] = [openSqliteStore(file), openSqliteStore(file)]
  t.after(() => Promise.all([one.close(), two.close()]))
  assert.equal(await one.createRun(newRun(1)), 'created')
  assert.equal(await two.createRun(newRun(1)), 'same')
  await one.append([{ run: runId(1), offset: 0, bytes: logBytes(1, 0, 10), at: AT }])
  assert.deepEqual(await two.append([{ run: runId(1), offset: 0, bytes: logBytes(1, 0, 20), at: AT }]), [
    { kind: 'stored', offset: 20 },
  ])
})

test('one statement holds no more than 8 MiB of log, however much is appended at once', async (t) => {
  const database = new SqliteDatabase(join(scratch(t), 'store.db'))
  t.after(() => database.close())
  for (const n of [1, 2]) await database.write((sql) => createRun(sql, newRun(n)))
  const MIB = 1 << 20
  const sizes = [4 * MIB, 4 * MIB, 1, 4 * MIB, 3 * MIB, 4 * MIB, 10 * MIB, 5]
  const statements: number[] = []
  let offset = 0
  const batch = sizes.map((size) => {
    const append = { run: runId(1), offset, bytes: new Uint8Array(size).fill(size % 251), at: AT }
    offset += size
    return append
  })
  await database.write((sql) => {
    const watched: Sql = {
      all: (text, values) => {
        const bytes = (values ?? []).reduce(
          (sum: number, value) => sum + (value instanceof Uint8Array ? value.length : 0),
          0,
        )
        if (bytes > 0) statements.push(bytes)
        return sql.all(text, values)
      },
    }
    return appendAll(watched, { name: database.name, dialect: { ...database.dialect, insertedAtOnce: 1000 } }, batch)
  })
  assert.deepEqual(statements, [8 * MIB, 7 * MIB + 1, 4 * MIB, 10 * MIB, 5])
  assert((await readAll(readLog(database, runId(1), 0, offset))).equals(Buffer.concat(batch.map(({ bytes }) => bytes))))
})

test('--store names what it takes', async () => {
  for (const bad of ['', 'sqlite:', 'plugpull.db', 'mysql:x'])
    await assert.rejects(openStore(bad, 'write'), { code: 'BAD_OPTION', message: /--store got .*sqlite:FILE/ })
})
