/** Many chunks, few commits; and a commit that fails fails all of its chunks and no other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from 'node:path'
import { GroupCommit } from '../../src/collector/store/group-commit.ts'
import type { Append, AppendOutcome } from '../../src/collector/store/store.ts'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import { logBytes, runId, sampleManifest, scratch } from './helpers.ts'

const AGENTS = 50

/** What was ready to happen has happened. */
async function turn(): Promise<void> {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve))
}

const AT = '2026-01-01T00:00:00.000Z'

test('chunks of many agents go into one commit', async (t) => {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  t.after(() => store.close())
  for (let n = 0; n < AGENTS; n++) {
    const manifest = sampleManifest(runId(n))
    await store.createRun({ run: runId(n), campaign: 'sample', createdAt: '2026-01-01T00:00:00Z', manifest })
  }
  const commits = new GroupCommit(store)
  const round = (offset: number) =>
    Promise.all(
      Array.from({ length: AGENTS }, (_, n) =>
        commits.append({ run: runId(n), offset, bytes: logBytes(n, offset, 100), at: AT }),
      ),
    )
  for (const [index, outcome] of (await round(0)).entries()) {
    assert.deepEqual(outcome, { kind: 'stored', offset: 100 }, `agent ${index}`)
  }
  assert.equal(commits.commits, 1)
  await round(100)
  assert.equal(commits.commits, 2)
  // Too much for one commit: it is split, and everything is stored.
  const large = Array.from({ length: 6 }, (_, n) =>
    commits.append({ run: runId(n), offset: 200, bytes: new Uint8Array(4 << 20), at: AT }),
  )
  assert((await Promise.all(large)).every(({ kind }) => kind === 'stored'))
  assert.equal(commits.commits, 4)
  await commits.drain()
})

test('a commit that fails is told to each of its chunks', async (t) => {
  const store = openSqliteStore(join(scratch(t), 'store.db'), { pagesMax: 100 })
  t.after(() => store.close())
  const manifest = sampleManifest(runId(1))
  await store.createRun({ run: runId(1), campaign: 'sample', createdAt: '2026-01-01T00:00:00Z', manifest })
  const commits = new GroupCommit(store)
  const chunks = [0, 300_000].map((offset) =>
    commits.append({ run: runId(1), offset, bytes: logBytes(1, offset, 300_000), at: AT }),
  )
  const results = await Promise.allSettled(chunks)
  assert.deepEqual(
    results.map((result) => result.status === 'rejected' && result.reason.code),
    ['STORE_FULL', 'STORE_FULL'],
  )
  assert.equal((await store.run(runId(1)))?.bytes, 0)
  assert.deepEqual(await commits.append({ run: runId(1), offset: 0, bytes: logBytes(1, 0, 10), at: AT }), {
    kind: 'stored',
    offset: 10,
  })
})

test('a store that gains from it gets several commits at once, and no run in two of them', async () => {
  const underWay: { readonly runs: readonly string[]; readonly done: () => void }[] = []
  const store = {
    commitsAtOnce: 2,
    append: (batch: readonly Append[]) =>
      new Promise<readonly AppendOutcome[]>((resolve) => {
        const done = (): void => resolve(batch.map(({ offset }) => ({ kind: 'stored', offset })))
        underWay.push({ runs: batch.map(({ run, offset }) => `${run} ${offset}`), done })
      }),
  }
  const commits = new GroupCommit(store)
  const answered: string[] = []
  const append = async (run: string, offset: number, bytes = 256 << 10): Promise<void> => {
    await commits.append({ run, offset, bytes: new Uint8Array(bytes), at: AT })
    answered.push(`${run} ${offset}`)
  }
  const seen = (): unknown => underWay.map(({ runs }) => runs)
  const all = [append('a', 0), append('b', 0)]
  await turn()
  all.push(append('a', 1), append('c', 0), append('a', 2))
  await turn()
  all.push(append('d', 0))
  await turn()
  // Both are under way.
  assert.deepEqual(seen(), [['a 0', 'b 0'], ['c 0']])
  underWay[1]?.done()
  await turn()
  assert.deepEqual(seen(), [['a 0', 'b 0'], ['c 0'], ['d 0']])
  underWay[0]?.done()
  await turn()
  assert.deepEqual(underWay[3]?.runs, ['a 1', 'a 2'])
  for (const { done } of underWay) done()
  await Promise.all(all)
  await commits.drain()
  assert.deepEqual(answered, ['c 0', 'a 0', 'b 0', 'd 0', 'a 1', 'a 2'])
  assert.equal(commits.commits, 4)
})

test('little that comes while a commit is under way waits for company', async () => {
  const batches: number[] = []
  const done: (() => void)[] = []
  const commits = new GroupCommit({
    commitsAtOnce: 4,
    append: (batch) =>
      new Promise((resolve) => {
        batches.push(batch.length)
        done.push(() => resolve(batch.map(({ offset }) => ({ kind: 'stored', offset }))))
      }),
  })
  const append = (run: string) => commits.append({ run, offset: 0, bytes: new Uint8Array(100), at: AT })
  const all = ['a', 'b', 'c'].map(append)
  await turn()
  all.push(...['d', 'e'].map(append))
  await turn()
  assert.deepEqual(batches, [3])
  done[0]?.()
  await turn()
  assert.deepEqual(batches, [3, 2])
  done[1]?.()
  await Promise.all(all)
})
