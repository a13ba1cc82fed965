/** The store on PostgreSQL: the conformance suite, and what is its own: two collectors on one database, a full disk. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/collector/store/open-store.ts'
import type { Sql } from '../../src/collector/store/database.ts'
import { PostgresDatabase } from '../../src/collector/store/postgres-database.ts'
import { POSTGRES_DIALECT } from '../../src/collector/store/postgres-engine.ts'
import { migratePostgres, schemaOf } from '../../src/collector/store/postgres-schema.ts'
import { openPostgresStore } from '../../src/collector/store/postgres-store.ts'
import { appendAll, readLog } from '../../src/collector/store/sql-logs.ts'
import { createRun } from '../../src/collector/store/sql-runs.ts'
import type { Store } from '../../src/collector/store/store.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { ProbeError } from '../../src/core/errors.ts'
import { storeConformance } from '../contract/store.ts'
import { NO_POSTGRES, startPostgres } from '../support/postgres.ts'
import { until } from '../support/plugpull-process.ts'
import { ENTRY, logBytes, readAll, runId, sampleManifest, sampleVerdict, spawnCollector } from './helpers.ts'

const AT = '2026-01-01T00:00:00.000Z'
const postgres = await startPostgres()

if (postgres === undefined) test('postgres: the store', (t) => t.skip(NO_POSTGRES))
else {
  storeConformance('postgres', async (t) => {
    const url = await postgres.createDatabase()
    let store = await openPostgresStore(url)
    t.after(() => store.close())
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await openPostgresStore(url)
        return store
      },
    }
  })
}

const newRun = (n: number) => ({
  run: runId(n),
  campaign: 'c',
  createdAt: AT,
  manifest: sampleManifest(runId(n), 'c'),
})

/** `own`: a test that does something to the server. */
function check(
  what: string,
  body: (url: string, open: () => Promise<Store>, t: TestContext) => Promise<void>,
  own = false,
): void {
  const skip =
    postgres === undefined ? NO_POSTGRES : own && !postgres.own ? 'NOT TESTED: the server is not ours' : false
  test(what, { skip, timeout: 120_000 }, async (t) => {
    assert(postgres !== undefined)
    const url = await postgres.createDatabase()
    await body(
      url,
      async () => {
        const store = await openPostgresStore(url)
        t.after(() => store.close())
        return store
      },
      t,
    )
  })
}

check('collectors that start on an empty database at once all find a store', async (_url, open) => {
  const stores = await Promise.all(Array.from({ length: 5 }, open))
  const made = await Promise.all(stores.map((store) => store.createRun(newRun(1))))
  assert.deepEqual(made.toSorted(), ['created', 'same', 'same', 'same', 'same'])
})

check('nor does it matter how close to each other they start', async () => {
  assert(postgres !== undefined)
  for (let round = 0; round < 20; round++) {
    const url = await postgres.createDatabase()
    const stores = [0, 1, 2, 3].map(async (n) => {
      await sleep((n * round) % 13)
      return openPostgresStore(url)
    })
    await Promise.all((await Promise.all(stores)).map((store) => store.close()))
  }
})

check('two collectors append to one run at once: nothing is doubled, nothing is lost', async (_url, open) => {
  const stores = [await open(), await open()]
  const [first] = stores
  assert(first !== undefined)
  for (const n of [1, 2, 3]) await first.createRun(newRun(n))
  const LENGTH = 40_000
  // Each sends everything, in pieces of its own; what the other was faster with must be found equal.
  const send = async (store: Store, step: number): Promise<void> => {
    for (let at = 0; at < LENGTH;) {
      const batch = [1, 2, 3].map((n) => ({
        run: runId(n),
        offset: at,
        bytes: logBytes(n, at, Math.min(step, LENGTH - at)),
        at: AT,
      }))
      const outcomes = await store.append(step % 2 === 0 ? batch : batch.toReversed())
      for (const outcome of outcomes) assert.equal(outcome.kind, 'stored')
      at += step
    }
  }
  await Promise.all(stores.map((store, index) => send(store, 700 + 77 * index)))
  for (const n of [1, 2, 3]) {
    const log = await readAll(first.readLog(runId(n), 0, LENGTH))
    assert(log.equals(logBytes(n, 0, LENGTH)))
    assert.equal((await first.run(runId(n)))?.bytes, LENGTH)
  }
})

check('two collectors number the verdicts of one run in one row', async (_url, open) => {
  const [one, two] = [await open(), await open()]
  await one.createRun(newRun(1))
  const verdicts = Array.from({ length: 12 }, (_, index) => sampleVerdict(runId(1), { liedFlushes: index }))
  const numbers = await Promise.all(
    verdicts.map((verdict, index) => (index % 2 === 0 ? one : two).addVerdict(runId(1), AT, verdict)),
  )
  assert.deepEqual(
    numbers.toSorted((a, b) => Number(a) - Number(b)),
    verdicts.map((_, index) => index + 1),
  )
  for (const [index, number] of numbers.entries())
    assert.deepEqual(await one.verdict(runId(1), Number(number)), verdicts[index])
})

check(
  'a server that restarts under a running collector is waited for; nothing acknowledged is lost',
  async (url, open, t) => {
    assert(postgres !== undefined)
    const collector = await spawnCollector(t, url)
    const client = new CollectorClient(collector.url)
    const end = new AbortController()
    try {
      await client.createRun(runId(1), 'c', sampleManifest(runId(1), 'c'))
      let acknowledged = 0
      let refused = 0
      const appending = (async () => {
        while (!end.signal.aborted) {
          try {
            const result = await client.append(runId(1), acknowledged, logBytes(1, acknowledged, 1000))
            acknowledged = result.offset
          } catch (error) {
            assert(error instanceof ProbeError && error.code === 'COLLECTOR_UNREACHABLE', String(error))
            assert.doesNotMatch(error.message, new RegExp(postgres.password))
            refused++
            await sleep(5)
          }
        }
      })()
      await until('appends', () => (acknowledged > 5000 ? true : undefined))
      await postgres.crash()
      await until('refusals', () => (refused > 3 ? true : undefined))
      await postgres.start()
      const before = acknowledged
      await until('appends again', () => (acknowledged > before + 5000 ? true : undefined))
      end.abort()
      await appending
      const store = await open()
      const { bytes = 0 } = (await store.run(runId(1))) ?? {}
      assert(bytes >= acknowledged)
      assert((await readAll(store.readLog(runId(1), 0, bytes))).equals(logBytes(1, 0, bytes)))
      assert.equal(collector.child.exitCode, null)
      assert.doesNotMatch(collector.complaints(), new RegExp(postgres.password))
    } finally {
      end.abort()
      await postgres.start()
      await client.close()
      await collector.kill('SIGTERM')
    }
  },
  true,
)

function mountTiny(folder: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'plugpull-test', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

check(
  'a full disk of the server says so, keeps all it acknowledged, and with room it goes on',
  async (url, _open, t) => {
    assert(postgres !== undefined)
    const folder = join(postgres.folder, 'tiny')
    mkdirSync(folder)
    if (!mountTiny(folder, 'size=20m')) return t.skip('NOT TESTED: mounting a tmpfs needs root')
    // The server must have forgotten the place before it goes: else it does not start again.
    t.after(async () => {
      await postgres.query(
        url,
        'DROP DATABASE IF EXISTS tiny WITH (FORCE)',
        'DROP TABLESPACE IF EXISTS tiny',
        'CHECKPOINT',
      )
      execFileSync('umount', ['-l', folder])
    })
    const { uid, gid } = statSync(postgres.folder)
    chownSync(folder, uid, gid)
    await postgres.query(url, `CREATE TABLESPACE tiny LOCATION '${folder}'`, 'CREATE DATABASE tiny TABLESPACE tiny')
    const full = new URL(url)
    full.pathname = '/tiny'
    const store = await openPostgresStore(full.href)
    await store.createRun(newRun(1))
    // Random, because the server compresses what can be.
    const pieces: Buffer[] = []
    let acknowledged = 0
    const append = async (end: number): Promise<void> => {
      while (acknowledged < end) {
        const bytes = randomBytes(100_000)
        await store.append([{ run: runId(1), offset: acknowledged, bytes, at: AT }])
        pieces.push(bytes)
        acknowledged += bytes.length
      }
    }
    const isAllThere = async (): Promise<void> => {
      assert.equal((await store.run(runId(1)))?.bytes, acknowledged)
      assert((await readAll(store.readLog(runId(1), 0, acknowledged))).equals(Buffer.concat(pieces)))
    }
    await assert.rejects(append(64 << 20), {
      code: 'STORE_FULL',
      message: /tiny is full: .*No space left on device.*\(53100\); make room at the server/,
    })
    assert(acknowledged > 1_000_000)
    await isAllThere()
    execFileSync('mount', ['-o', 'remount,size=64m', folder])
    await append(acknowledged + 2_000_000)
    await isAllThere()
    await store.close()
  },
  true,
)

check('who only reads finds a store there, or says what to do', async (url, open) => {
  await assert.rejects(openStore(url, 'read'), { code: 'STORE_UNAVAILABLE', message: /holds no store; start plugpull/ })
  await (await open()).createRun(newRun(1))
  const reader = await openStore(url, 'read')
  assert.equal((await reader.run(runId(1)))?.run, runId(1))
  await reader.close()
})

check('a newer version is refused, also by a collector that was there before', async (url, open) => {
  const store = await open()
  await store.check()
  await postgres?.query(url, 'UPDATE plugpull_schema SET version = version + 1')
  const message = /use the newer program, or another database/
  await assert.rejects(store.check(), { code: 'STORE_UNAVAILABLE', message })
  for (const access of ['write', 'read'] as const)
    await assert.rejects(openStore(url, access), { code: 'STORE_VERSION', message })
})

test('--store takes no URL without a database, and repeats none', async () => {
  for (const bad of [
    'postgres:',
    'postgres://me:secret@host',
    'postgresql://me:secret@host/?x=1',
    'postgrez://me:secret@host/x',
  ]) {
    await assert.rejects(openStore(bad, 'write'), (error) => {
      assert(error instanceof ProbeError && error.code === 'BAD_OPTION')
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /secret/)
      return true
    })
  }
})

check('where rows are locked one by one, as Citus has it, a batch comes to the same', async (url) => {
  const database = new PostgresDatabase(url)
  const one = { ...POSTGRES_DIALECT, lockedAtOnce: 1 }
  try {
    await migratePostgres(database, schemaOf('postgresql'))
    const statements: string[] = []
    const runs = [3, 1, 2]
    for (const n of runs) await database.write((sql) => createRun(sql, newRun(n)))
    const batch = runs.map((n) => ({ run: runId(n), offset: 0, bytes: logBytes(n, 0, 50), at: AT }))
    const outcomes = await database.write((sql) => {
      const watched: Sql = {
        all: (text, values) => {
          if (text.includes('FOR UPDATE')) statements.push(`${values?.length} ${values?.join()}`)
          return sql.all(text, values)
        },
      }
      return appendAll(watched, { dialect: one, name: database.name }, batch)
    })
    assert.deepEqual(
      statements,
      [1, 2, 3].map((n) => `1 ${runId(n)}`),
    )
    assert.deepEqual(
      outcomes,
      runs.map(() => ({ kind: 'stored', offset: 50 })),
    )
    assert((await readAll(readLog(database, runId(2), 0, 50))).equals(logBytes(2, 0, 50)))
  } finally {
    await database.close()
  }
})

check(
  'a collector whose server is down ends at its start, naming host and database, never the password',
  async (url) => {
    assert(postgres !== undefined)
    await postgres.stop()
    try {
      const args = [ENTRY, 'collector', '--listen', '127.0.0.1:0', '--store', url]
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
      assert.equal(status, 69, stderr)
      assert.match(
        stderr,
        /STORE_UNAVAILABLE: the store postgres:\/\/127\.0\.0\.1:\d+\/plugpull_\w+ cannot be used: .*no server/,
      )
      assert.doesNotMatch(stderr, new RegExp(postgres.password))
    } finally {
      await postgres.start()
    }
  },
  true,
)
