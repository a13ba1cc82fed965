/** A long log is removed in small transactions: gone for everybody from the first, and to its end also after a failure. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Database, Sql } from '../../../src/collector/store/database.ts'
import { prune } from '../../../src/collector/store/sql-prune.ts'
import { SqliteDatabase } from '../../../src/collector/store/sqlite-database.ts'
import { SqlStore } from '../../../src/collector/store/sql-store.ts'
import type { PruneQuery } from '../../../src/collector/store/store.ts'
import { logBytes, lossyVerdict, readAll, runId, sampleManifest, scratch } from '../helpers.ts'

const AT = '2026-01-01T00:00:00.000Z'
const NOW = '2026-02-01T00:00:00.000Z'
const MIB = 1 << 20
const RUN = runId(1)
const query = (what: PruneQuery['what']): PruneQuery => ({ what, before: NOW, at: NOW, dryRun: false })

async function judgedRun(store: SqlStore, sizes: readonly number[]): Promise<void> {
  await store.createRun({ run: RUN, campaign: 'c', createdAt: AT, manifest: sampleManifest(RUN, 'c') })
  const batch = sizes.map((size, index) => ({
    run: RUN,
    offset: sizes.slice(0, index).reduce((sum, one) => sum + one, 0),
    bytes: new Uint8Array(size),
    at: AT,
  }))
  await store.append(batch)
  await store.addVerdict(RUN, AT, lossyVerdict(RUN))
}

async function opened(t: TestContext, sizes: readonly number[]) {
  const database = new SqliteDatabase(join(scratch(t), 'store.db'))
  t.after(() => database.close())
  const store = new SqlStore(database)
  await judgedRun(store, sizes)
  const left = async () => {
    const [sum] = await database.read((sql) =>
      sql.all<{ bytes: number; chunks: number }>(
        'SELECT coalesce(sum(length(bytes)), 0) AS bytes, count(*) AS chunks FROM chunks',
      ),
    )
    return sum ?? assert.fail()
  }
  return { database, store, left }
}

/** The database, with something done before each transaction that writes. */
const watched = (database: Database, before: (writes: number) => Promise<void>): Database => {
  let writes = 0
  return {
    writesAtOnce: 1,
    name: database.name,
    dialect: database.dialect,
    read: (work) => database.read(work),
    write: async <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
      await before(writes++)
      return database.write(work)
    },
    sizeBytes: () => database.sizeBytes(),
    check: () => database.check(),
    close: () => database.close(),
  }
}

for (const what of ['logs', 'runs'] as const)
  test(`no transaction removes more than a step, and what goes is gone from the first (${what})`, async (t) => {
    for (const sizes of [Array.from({ length: 10 }, () => 3 * MIB), Array.from({ length: 7000 }, () => 200)]) {
      const { database, store, left } = await opened(t, sizes)
      const bytes = sizes.reduce((sum, size) => sum + size, 0)
      const seen = [await left()]
      const pruned = await prune(
        watched(database, async (writes) => {
          seen.push(await left())
          if (writes === 0) return
          assert.equal((await store.head(RUN))?.logPruned, NOW)
          await assert.rejects(readAll(store.readLog(RUN, 0, bytes)), { code: 'LOG_PRUNED' })
        }),
        query(what),
      )
      assert.deepEqual(pruned, { runs: 1, bytes, spared: 0 })
      seen.push(await left())
      assert.deepEqual(seen.at(-1), { bytes: 0, chunks: 0 })
      for (const [index, now] of seen.entries()) {
        const before = seen[index - 1] ?? now
        assert(before.bytes - now.bytes <= 11 * MIB && before.chunks - now.chunks <= 2001, JSON.stringify(seen))
      }
      assert.equal((await store.run(RUN))?.verdicts.length, what === 'logs' ? 1 : undefined)
    }
  })

test('what a collector left that was killed amid it goes with the next pruning, whatever that is about', async (t) => {
  const { database, store, left } = await opened(
    t,
    Array.from({ length: 10 }, () => 3 * MIB),
  )
  const killed = watched(database, async (writes) => {
    if (writes === 2) throw new Error('killed')
  })
  await assert.rejects(prune(killed, query('logs')), /killed/)
  const { bytes } = await left()
  assert(bytes > 0 && bytes < 30 * MIB)
  await store.prune({ ...query('logs'), before: '2000', dryRun: true })
  assert.equal((await left()).bytes, bytes)
  assert.deepEqual(await store.prune({ ...query('logs'), before: '2000' }), { runs: 0, bytes: 0, spared: 0 })
  assert.equal((await left()).bytes, 0)
})

test('a run that another one removes meanwhile counts once, and one made anew keeps its log', async (t) => {
  const { database, store, left } = await opened(
    t,
    Array.from({ length: 10 }, () => 3 * MIB),
  )
  const other = { runs: 0, bytes: 0 }
  const first = await prune(
    watched(database, async (writes) => {
      if (writes !== 2) return
      const { runs, bytes } = await store.prune(query('runs'))
      Object.assign(other, { runs, bytes })
      await store.createRun({ run: RUN, campaign: 'c', createdAt: AT, manifest: sampleManifest(RUN, 'c') })
      await store.append([{ run: RUN, offset: 0, bytes: logBytes(1, 0, 500), at: AT }])
    }),
    query('runs'),
  )
  assert.deepEqual([first.runs + other.runs, first.bytes + other.bytes], [1, 30 * MIB])
  assert.equal((await left()).bytes, 500)
  assert((await readAll(store.readLog(RUN, 0, 500))).equals(logBytes(1, 0, 500)))
})
