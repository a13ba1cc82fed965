/** A store of version 2 with real runs is brought up to date: nothing of a run changes, whatever happens on the way. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { backupOf } from '../../src/collector/store/sqlite-backup.ts'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../src/collector/store/store.ts'
import { factsOf, outcomeOf } from '../../src/core/campaign/facts.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { readAll, scratch } from './helpers.ts'

// dist/test/collector → the checkout.
const FIXTURE = fileURLToPath(new URL('../../../test/collector/fixtures/store-v2.db', import.meta.url))
const STEPS = fileURLToPath(new URL('migration-steps.js', import.meta.url))

interface OldRun {
  readonly id: number
  readonly run: string
  readonly campaign: string
  readonly created_at: string
  readonly manifest: string
  readonly cut: string | null
  readonly bytes: number
  readonly progress: string | null
}

interface OldVerdict {
  readonly number: number
  readonly at: string
  readonly summary: string
  readonly findings: string
}

/** What the file of version 2 has, read by statements of its own. */
function oldRuns(file: string) {
  const db = new Sqlite(file, { readonly: true })
  try {
    const runs = db.prepare<[], OldRun>('SELECT * FROM runs JOIN logs ON run_id = id ORDER BY id').all()
    return runs.map((run) => {
      const chunks = db
        .prepare<[number], { bytes: Buffer }>('SELECT bytes FROM chunks WHERE run_id = ? ORDER BY start')
        .all(run.id)
      const verdicts = db
        .prepare<[number], OldVerdict>('SELECT * FROM verdicts WHERE run_id = ? ORDER BY number')
        .all(run.id)
        .map(({ number, at, summary, findings }) => {
          const verdict: Verdict = { ...JSON.parse(summary), findings: JSON.parse(findings) }
          return { number, at, verdict }
        })
      return { ...run, log: Buffer.concat(chunks.map(({ bytes }) => bytes)), verdicts }
    })
  } finally {
    db.close()
  }
}

/** Every run in the store is what it was in the file of version 2, and what follows from it is right. */
async function assertMigrated(store: Store, before = oldRuns(FIXTURE)): Promise<void> {
  assert.equal((await store.totals()).runs, before.length)
  for (const old of before) {
    const view = await store.run(old.run)
    assert(view !== undefined, `run ${old.run} is gone`)
    const cut = old.cut === null ? undefined : JSON.parse(old.cut)
    assert.deepEqual([view.campaign, view.createdAt, view.bytes], [old.campaign, old.created_at, old.bytes])
    assert.deepEqual([view.manifest, view.cut], [JSON.parse(old.manifest), cut])
    assert.deepEqual(view.progress, old.progress === null ? undefined : JSON.parse(old.progress))
    assert(old.log.equals(await readAll(store.readLog(old.run, 0, view.bytes))), `the log of ${old.run} differs`)
    assert.deepEqual(
      view.verdicts.map(({ number, at }) => [number, at]),
      old.verdicts.map(({ number, at }) => [number, at]),
    )
    for (const { number, verdict } of old.verdicts) assert.deepEqual(await store.verdict(old.run, number), verdict)
    const line = (await store.lines({ campaign: old.campaign, limit: 9 })).find(({ run }) => run === old.run)
    const newest = old.verdicts.at(-1)?.verdict
    assert.deepEqual({ ...line, ...factsOf(view.manifest, cut) }, line)
    assert.deepEqual(line?.outcome, newest === undefined ? undefined : outcomeOf(newest, cut))
  }
}

function oldStore(t: TestContext, folder = scratch(t)): string {
  const file = join(folder, 'store.db')
  copyFileSync(FIXTURE, file)
  return file
}

test('the fixture is what these tests are about', () => {
  const runs = oldRuns(FIXTURE)
  assert.deepEqual(
    runs.map(({ verdicts }) => verdicts.length).toSorted((a, b) => a - b),
    [0, 1, 1, 1, 2],
  )
  assert.equal(runs.filter(({ cut }) => cut === null).length, 1)
  for (const { log, bytes } of runs) assert.equal(log.length, bytes)
})

test('a store of version 2 is brought up to date run by run, beside a copy of it as it was', async (t) => {
  const file = oldStore(t)
  const store = openSqliteStore(file)
  t.after(() => store.close())
  await assertMigrated(store)
  await store.check()
  assert.deepEqual(oldRuns(backupOf(file, 2)), oldRuns(FIXTURE))
  const db = new Sqlite(file, { readonly: true })
  t.after(() => db.close())
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
  assert.equal(db.pragma('freelist_count', { simple: true }), 0, 'room of the old tables was not given back')
})

test('killed at any step of it, it is done whole at the next start', async (t) => {
  const count = (file: string, dieAt = 0) =>
    spawnSync(process.execPath, [STEPS, file, String(dieAt)], { encoding: 'utf8' })
  const steps = Number(count(oldStore(t)).stdout)
  assert(steps > 30, `${steps} steps`)
  // Every place would take minutes; a stride that has nothing in common with the steps sees all kinds of them.
  for (let dieAt = 1; dieAt <= steps; dieAt += 5) {
    const file = oldStore(t)
    assert.equal(count(file, dieAt).signal, 'SIGKILL', `step ${dieAt}`)
    const store = openSqliteStore(file)
    await assertMigrated(store)
    await store.close()
    const beside = readdirSync(join(file, '..')).filter((name) => /part|backup/.test(name))
    assert.deepEqual(beside, ['store.db.v2.backup'], `step ${dieAt}`)
    assert.deepEqual(oldRuns(backupOf(file, 2)), oldRuns(FIXTURE))
  }
})

/** Runs `work` in a folder with so much room; skips the test where that cannot be had. */
async function withRoom(t: TestContext, size: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = scratch(t)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'plugpull-test', folder], { stdio: 'ignore' })
  } catch {
    return t.skip('NOT TESTED: mounting a tmpfs needs root')
  }
  try {
    await work(folder)
  } finally {
    execFileSync('umount', ['-l', folder])
  }
}

test('without room for the copy nothing is changed, and the message says so', (t) =>
  withRoom(t, '250k', async (folder) => {
    const file = oldStore(t, folder)
    const before = readFileSync(file)
    for (const _ of [1, 2]) {
      assert.throws(() => openSqliteStore(file), {
        code: 'STORE_UNAVAILABLE',
        message:
          /version 2 and is brought up to \d+ only with a copy beside it.*nothing was changed, make room for .*v2\.backup/,
      })
      assert(before.equals(readFileSync(file)))
      assert.deepEqual(readdirSync(folder), ['store.db'])
    }
  }))

test('with room for the copy alone the store stays as it was, and is brought up once there is more', (t) =>
  withRoom(t, '400k', async (folder) => {
    const file = oldStore(t, folder)
    assert.throws(() => openSqliteStore(file), { code: 'STORE_FULL', message: /store\.db is full: .*; make room/ })
    assert.deepEqual(oldRuns(file), oldRuns(FIXTURE))
    execFileSync('mount', ['-o', 'remount,size=8m', folder])
    const store = openSqliteStore(file)
    await assertMigrated(store)
    await store.close()
  }))

test('a copy that is there is not made twice, and one of other content is not written over', async (t) => {
  const file = oldStore(t)
  await openSqliteStore(file).close()
  const first = readFileSync(backupOf(file, 2))
  // Back to the copy, and up again: the same content needs no second copy.
  copyFileSync(backupOf(file, 2), file)
  await openSqliteStore(file).close()
  assert(!existsSync(`${backupOf(file, 2)}.2`))
  // Back to the copy, on from there with the old program, and up again.
  copyFileSync(backupOf(file, 2), file)
  const db = new Sqlite(file)
  db.exec("UPDATE runs SET campaign = 'later'")
  db.close()
  const store = openSqliteStore(file)
  t.after(() => store.close())
  assert(first.equals(readFileSync(backupOf(file, 2))))
  assert.deepEqual(new Set(oldRuns(`${backupOf(file, 2)}.2`).map(({ campaign }) => campaign)), new Set(['later']))
})

test('what is left of the copy of a killed process is removed; that of a living one is not', async (t) => {
  const file = oldStore(t)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(`${backupOf(file, 2)}.${pid}.part`, 'dead')
  writeFileSync(`${backupOf(file, 2)}.1.part`, 'alive')
  await openSqliteStore(file).close()
  assert.deepEqual(
    readdirSync(join(file, '..')).filter((name) => name.endsWith('.part')),
    ['store.db.v2.backup.1.part'],
  )
})

test('two that open it at once both find it brought up to date', async (t) => {
  const file = oldStore(t)
  const script = `Promise.all([1, 2, 3].map(() => new Promise((resolve) => require('node:child_process')
    .spawn(process.execPath, [${JSON.stringify(STEPS)}, ${JSON.stringify(file)}], { stdio: 'inherit' }).on('exit', resolve))))
    .then((all) => console.log(JSON.stringify(all)))`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  assert.equal(stdout.trim().split('\n').at(-1), '[0,0,0]')
  const store = openSqliteStore(file)
  t.after(() => store.close())
  await assertMigrated(store)
})

test('pruning gives the room back, also in a file that was brought up to date', async (t) => {
  const file = oldStore(t)
  const store = openSqliteStore(file)
  t.after(() => store.close())
  const at = '2026-12-01T00:00:00.000Z'
  const db = new Sqlite(file)
  t.after(() => db.close())
  const pages = (): unknown => db.pragma('page_count', { simple: true })
  const before = Number(pages())
  const { bytes, spared } = await store.prune({ what: 'logs', before: at, at, dryRun: false })
  assert.equal(spared, 1)
  assert(
    Number(pages()) <= before - Math.floor(bytes / 4096) + 5,
    `${before} pages, ${String(pages())} after ${bytes} bytes`,
  )
  assert.equal(db.pragma('freelist_count', { simple: true }), 0)
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
})
