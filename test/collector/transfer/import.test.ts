/** Runs carried from store to store: exactly once, whatever is repeated, grown, pruned or in conflict. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../../src/collector/store/store.ts'
import { applyLines } from '../../../src/collector/transfer/apply.ts'
import { encodeLine } from '../../../src/collector/transfer/codec.ts'
import { exportRuns, selectRuns } from '../../../src/collector/transfer/export-runs.ts'
import { type Imported, importLines, type ImportSink } from '../../../src/collector/transfer/import-lines.ts'
import { readExport } from '../../../src/collector/transfer/read-export.ts'
import { storeSink } from '../../../src/collector/transfer/sinks.ts'
import type { Line } from '../../../src/collector/transfer/line.ts'
import type { RunProgress } from '../../../src/core/campaign/campaign.ts'
import { logBytes, lossyVerdict, readAll, runId, sampleManifest, sampleVerdict, scratch } from '../helpers.ts'
import { anyRuns, AT, bytesOf, exportOf, inPieces, runLines, type SampleRun } from './samples.ts'

function newStore(t: TestContext): Store {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  t.after(() => store.close())
  return store
}

const ALL = { campaigns: [], runs: [] }
const WROTE = { program: 'test', at: AT }
const never = new AbortController().signal

async function exportAll(store: Store, selection: Parameters<typeof selectRuns>[1] = ALL): Promise<Buffer> {
  return readAll(exportRuns(store, await selectRuns(store, selection), WROTE))
}

const importInto = (store: Store, bytes: Buffer): Promise<Imported> =>
  importLines(readExport(inPieces(bytes, [70_001]), 'x'), storeSink(store), { signal: never, onSlice: () => undefined })

function assertNothingNew(imported: Imported): void {
  for (const kind of ['run', 'log', 'cut', 'verdict'] as const) assert.equal(imported[kind].stored, 0, kind)
  assert.deepEqual([imported.bytes, imported.conflicts], [0, []])
}

test('property: what is imported is what was exported, and imported again it changes nothing', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyRuns, async (runs) => {
      const [first, second] = [newStore(t), newStore(t)]
      const made = await importInto(first, bytesOf(exportOf(runs)))
      assert.deepEqual([made.run.stored, made.complete, made.conflicts], [runs.length, runs.length, []])
      const bytes = await exportAll(first)
      await importInto(second, bytes)
      assert.deepEqual(await exportAll(second), bytes)
      const again = await importInto(second, bytes)
      assertNothingNew(again)
      assert.equal(again.complete, runs.length)
      assert.deepEqual(await exportAll(second), bytes)
    }),
    { numRuns: 15 },
  )
})

test('property: broken off after any line and begun again, alone or by two at once, it is as if done once', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyRuns, fc.double({ min: 0, max: 1, noNaN: true }), async (runs, share) => {
      const store = newStore(t)
      const lines = runs.flatMap(runLines)
      await applyLines(store, lines.slice(0, Math.floor(share * lines.length)))
      const whole = bytesOf(exportOf(runs))
      const both = await Promise.all([importInto(store, whole), importInto(store, whole)])
      for (const { complete, conflicts } of both) assert.deepEqual([complete, conflicts], [runs.length, []])
      const reference = newStore(t)
      await importInto(reference, whole)
      assert.deepEqual(await exportAll(store), await exportAll(reference))
    }),
    { numRuns: 15 },
  )
})

async function underWay(store: Store, n: number, bytes: number, progress: RunProgress): Promise<void> {
  const run = runId(n)
  const manifest = sampleManifest(run, 'c')
  await store.createRun({ run, campaign: 'c', createdAt: AT, manifest, keyHash: 'ab'.repeat(32) })
  await store.append([{ run, offset: 0, bytes: logBytes(n, 0, bytes), progress, at: AT }])
}

const progress = (issued: number): RunProgress => ({ state: 'writing', issued, completed: issued, flushes: 0 })

test('a run under way is carried as far as it is, and completed by a later export; an old one takes nothing back', async (t) => {
  const [from, to] = [newStore(t), newStore(t)]
  await underWay(from, 1, 600_000, progress(1))
  const early = await exportAll(from)
  await from.append([
    { run: runId(1), offset: 600_000, bytes: logBytes(1, 600_000, 300_000), progress: progress(2), at: AT },
  ])
  await from.recordCut(runId(1), { kind: 'sigkill', at: AT, died: true }, AT)
  await from.addVerdict(runId(1), AT, sampleVerdict(runId(1)))
  const late = await exportAll(from)

  await importInto(to, early)
  const then = await to.run(runId(1))
  assert.deepEqual([then?.bytes, then?.progress, then?.cut, then?.verdicts], [600_000, progress(1), undefined, []])
  const grown = await importInto(to, late)
  assert.deepEqual([grown.bytes, grown.cut.stored, grown.verdict.stored, grown.complete], [300_000, 1, 1, 1])
  const old = await importInto(to, early)
  assertNothingNew(old)
  assert.equal(old.complete, 1)
  assert.deepEqual(await exportAll(to), late)
  assert.deepEqual(await to.keyOf(runId(1)), { keyHash: 'ab'.repeat(32) })
  assert.deepEqual((await to.run(runId(1)))?.progress, progress(2))
  const [line] = await to.lines({ limit: 1 })
  assert.deepEqual([line?.createdAt, line?.heardAt, line?.changedAt], [AT, AT, AT])
})

test('a time in another form is stored as the store compares times, and is the same run when it comes again', async (t) => {
  const store = newStore(t)
  const later = (line: Line): Line => {
    if (line.kind === 'run') return { ...line, createdAt: '2026-01-01T03:00:00.5+02:00' }
    return line.kind === 'verdict' ? { ...line, at: '2026-01-01t01:00:01z' } : line
  }
  const whole = bytesOf(exportOf([RUN]).map(later))
  assert.equal((await importInto(store, whole)).complete, 1)
  assertNothingNew(await importInto(store, whole))
  const view = await store.run(runId(1))
  assert.deepEqual([view?.createdAt, view?.verdicts[0]?.at], ['2026-01-01T01:00:00.500Z', '2026-01-01T01:00:01.000Z'])
})

const RUN: SampleRun = {
  n: 1,
  campaign: 'c',
  parts: [logBytes(1, 0, 100), logBytes(1, 100, 50)],
  isCut: true,
  verdicts: 1,
  text: 'x',
}

test('a run that is there with other content is named and left as it is; the rest goes on', async (t) => {
  const other = Buffer.from(logBytes(1, 100, 50))
  other[7] = (other[7] ?? 0) ^ 1
  const cases: [string, SampleRun, string, RegExp][] = [
    [
      'manifest',
      { ...RUN, text: 'y' },
      'run',
      /run 0{15}1: a run of that id is there with another campaign or manifest/,
    ],
    ['campaign', { ...RUN, campaign: 'd' }, 'run', /with another campaign or manifest/],
    ['log', { ...RUN, parts: [logBytes(1, 0, 100), other] }, 'log', /the log holds another byte at 107/],
  ]
  for (const [what, theirs, kind, message] of cases) {
    const store = newStore(t)
    await importInto(store, bytesOf(exportOf([RUN])))
    const before = await exportAll(store, { campaigns: [], runs: [runId(1)] })
    const result = await importInto(store, bytesOf(exportOf([theirs, { ...RUN, n: 2 }])))
    assert.deepEqual(
      result.conflicts.map((conflict) => [conflict.run, conflict.kind]),
      [[runId(1), kind]],
      what,
    )
    assert.match(result.conflicts[0]?.message ?? '', message)
    assert.deepEqual([result.complete, result.run.stored], [1, 1])
    assert.deepEqual(await exportAll(store, { campaigns: [], runs: [runId(1)] }), before)
    assert.equal((await store.run(runId(2)))?.verdicts.length, 1)
  }
})

test('another cut, another verdict: the same, and what came before it of the run is kept', async (t) => {
  const store = newStore(t)
  await importInto(store, bytesOf(exportOf([{ ...RUN, isCut: false, verdicts: 0 }])))
  await store.recordCut(runId(1), { kind: 'other', at: AT, died: true }, AT)
  const cut = await importInto(store, bytesOf(exportOf([RUN])))
  assert.match(cut.conflicts[0]?.message ?? '', /another cut is recorded/)
  assert.deepEqual([cut.complete, (await store.run(runId(1)))?.verdicts], [0, []])

  const judged = newStore(t)
  await importInto(judged, bytesOf(exportOf([{ ...RUN, verdicts: 0 }])))
  await judged.addVerdict(runId(1), AT, lossyVerdict(runId(1)))
  const verdict = await importInto(judged, bytesOf(exportOf([RUN])))
  assert.match(verdict.conflicts[0]?.message ?? '', /verdict 1 is another one here/)
  assert.deepEqual((await judged.run(runId(1)))?.verdict, lossyVerdict(runId(1)))
})

test('a run of the same id without a log here does not take in the log of the other', async (t) => {
  const store = newStore(t)
  await importInto(store, bytesOf(exportOf([{ ...RUN, text: 'y', parts: [], isCut: false, verdicts: 0 }])))
  // The lines of the run go out in many slices: what was refused in one is refused in all.
  const parts = Array.from({ length: 40 }, (_, index) => logBytes(1, index * 250_000, 250_000))
  const result = await importInto(store, bytesOf(exportOf([{ ...RUN, parts }])))
  assert.deepEqual([result.conflicts.length, result.log.stored, (await store.run(runId(1)))?.bytes], [1, 0, 0])
})

test('a long log goes in many slices, and its run is counted once', async (t) => {
  const store = newStore(t)
  const parts = Array.from({ length: 40 }, (_, index) => logBytes(1, index * 250_000, 250_000))
  const result = await importInto(store, bytesOf(exportOf([{ ...RUN, parts }])))
  assert.deepEqual(
    [result.run, result.log, result.bytes, result.complete],
    [{ stored: 1, same: 0 }, { stored: 40, same: 0 }, 10_000_000, 1],
  )
  const again = await importInto(store, bytesOf(exportOf([{ ...RUN, parts }])))
  assert.deepEqual(
    [again.run, again.log],
    [
      { stored: 0, same: 1 },
      { stored: 0, same: 40 },
    ],
  )
})

test('a run that is pruned between two slices is told, and not made anew', async (t) => {
  const store = newStore(t)
  const parts = Array.from({ length: 40 }, (_, index) => logBytes(1, index * 250_000, 250_000))
  const bytes = bytesOf(
    exportOf([
      { ...RUN, parts },
      { ...RUN, n: 2 },
    ]),
  )
  await importInto(store, bytes)
  const sink = storeSink(store)
  let slices = 0
  const pruning: ImportSink = {
    name: 'x',
    apply: async (slice) => {
      const applied = await sink.apply(slice)
      if (++slices === 1) await store.prune({ what: 'runs', before: '9999', at: AT, dryRun: false })
      return applied
    },
  }
  const reader = readExport(inPieces(bytes, [70_001]), 'x')
  const result = await importLines(reader, pruning, { signal: never, onSlice: () => undefined })
  assert.deepEqual(result.conflicts, [
    { run: runId(1), kind: 'run', message: `run ${runId(1)}: the run was pruned while it was imported` },
  ])
  assert.equal(await store.run(runId(1)), undefined)
  assert.deepEqual([result.run, result.complete, (await store.run(runId(2)))?.bytes], [{ stored: 1, same: 1 }, 1, 150])
})

test('a run that goes on must be the one that began', async (t) => {
  const store = newStore(t)
  await importInto(store, bytesOf(exportOf([RUN])))
  const [head, ...rest] = runLines(RUN)
  assert(head?.kind === 'run')
  const same = await applyLines(store, [{ ...head, continued: true }, ...rest])
  assert.deepEqual([same.run, same.complete, same.conflicts], [{ stored: 0, same: 0 }, 1, []])
  for (const other of [
    { campaign: 'other' },
    { manifest: { ...head.manifest, text: 'y' } },
    { keyHash: 'ab'.repeat(32) },
  ]) {
    const { conflicts } = await applyLines(store, [{ ...head, ...other, continued: true }, ...rest])
    assert.match(conflicts[0]?.message ?? '', /is there with another campaign or manifest/)
  }
})

test('a log that was pruned at the one is none at the other; one that was pruned here stays away', async (t) => {
  const [from, to] = [newStore(t), newStore(t)]
  await importInto(from, bytesOf(exportOf([RUN])))
  const whole = await exportAll(from)
  const at = '2026-02-01T00:00:00.000Z'
  await from.prune({ what: 'logs', before: at, at, dryRun: false })
  const pruned = await exportAll(from)
  const result = await importInto(to, pruned)
  assert.deepEqual([result.run.stored, result.verdict.stored, result.pruned, result.conflicts], [1, 1, 1, []])
  assert.deepEqual(await to.run(runId(1)), await from.run(runId(1)))
  assert.deepEqual(await exportAll(to), pruned)
  const full = await importInto(to, whole)
  assert.deepEqual([full.pruned, full.complete, full.bytes, full.conflicts], [1, 0, 0, []])
  assert.equal((await to.run(runId(1)))?.logPruned, at)
  // The other way round: what is there whole is not taken away by an export without the log.
  const kept = newStore(t)
  await importInto(kept, whole)
  assertNothingNew(await importInto(kept, pruned))
  assert.deepEqual(await exportAll(kept), whole)
})

test('a file that is damaged in the middle: what came before is there, whole; the file anew completes it', async (t) => {
  const store = newStore(t)
  const runs = [RUN, { ...RUN, n: 2 }, { ...RUN, n: 3 }]
  const bytes = bytesOf(exportOf(runs))
  const bad = Buffer.from(bytes)
  const at = bytes.indexOf(encodeLine(runLines({ ...RUN, n: 2 })[2] ?? assert.fail())) + 60
  bad[at] = (bad[at] ?? 0) ^ 1
  await assert.rejects(importInto(store, bad), {
    code: 'EXPORT_UNREADABLE',
    message: /^x line 10: it was changed or damaged.*; 1 run before it is imported whole; get the file anew/,
  })
  assert.equal((await store.run(runId(1)))?.verdicts.length, 1)
  const half = await store.run(runId(2))
  assert.deepEqual([half?.bytes, half?.cut], [100, undefined])
  assert.deepEqual(await readAll(store.readLog(runId(2), 0, 100)), Buffer.from(logBytes(1, 0, 100)))
  assert.equal(await store.run(runId(3)), undefined)
  await importInto(store, bytes)
  const reference = newStore(t)
  await importInto(reference, bytes)
  assert(
    (await exportAll(store)).equals(await exportAll(reference)),
    'what was completed is not what is imported at once',
  )
})

test('which runs: by campaign, by id, all; each once, oldest first; an unknown one is named', async (t) => {
  const store = newStore(t)
  for (const [n, campaign] of [
    [3, 'a'],
    [1, 'b'],
    [2, 'a'],
    [4, 'c'],
  ] as const)
    await store.createRun({
      run: runId(n),
      campaign,
      createdAt: `2026-01-0${5 - n}T00:00:00.000Z`,
      manifest: sampleManifest(runId(n), campaign),
    })
  const ids = async (campaigns: string[], runs: string[]): Promise<number[]> =>
    (await selectRuns(store, { campaigns, runs })).map((run) => Number.parseInt(run, 16))
  assert.deepEqual(await ids([], []), [4, 3, 2, 1])
  assert.deepEqual(await ids(['b', 'a'], [runId(3), runId(4)]), [1, 3, 2, 4])
  await assert.rejects(ids(['none'], []), { code: 'CAMPAIGN_UNKNOWN', message: /no campaign "none"/ })
  await assert.rejects(ids([], [runId(9)]), { code: 'RUN_UNKNOWN', message: /no run "0{15}9"/ })
})
