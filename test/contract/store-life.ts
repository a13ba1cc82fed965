/**
 * The MUSTs of a store's long life, part of the conformance suite: pruning against a model of it, and verdicts that come
 * with their numbers from elsewhere.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Pruned, PruneQuery, Store } from '../../src/collector/store/store.ts'
import { outcomeOf } from '../../src/core/campaign/facts.ts'
import { logBytes, lossyVerdict, readAll, runId, sampleManifest, sampleVerdict } from '../collector/helpers.ts'
import type { StoreUnderTest } from './store.ts'

type Check = (what: string, body: (under: StoreUnderTest) => Promise<void>) => void

const day = (n: number): string => `2026-01-${String(n + 1).padStart(2, '0')}T00:00:00.000Z`
const NOW = day(30)

export function life(check: Check): void {
  pruning(check)
  carried(check)
}

interface Sample {
  readonly n: number
  readonly day: number
  readonly bytes: number
  readonly isJudged: boolean
}

async function add(store: Store, { n, day: created, bytes, isJudged }: Sample, campaign = 'life'): Promise<void> {
  const run = runId(n)
  const manifest = sampleManifest(run, campaign)
  assert.equal(await store.createRun({ run, campaign, createdAt: day(created), manifest }), 'created')
  if (bytes > 0) await store.append([{ run, offset: 0, bytes: logBytes(n, 0, bytes), at: day(created) }])
  if (isJudged) await store.addVerdict(run, day(created), lossyVerdict(run))
}

const logs = (query: Partial<PruneQuery>): PruneQuery => ({ what: 'logs', at: NOW, dryRun: false, ...query })

function pruning(check: Check): void {
  check(
    'pruning logs leaves verdicts, counts and the time; the log says that it is gone',
    async ({ store, reopen }) => {
      await add(store, { n: 1, day: 1, bytes: 1000, isJudged: true })
      await add(store, { n: 2, day: 5, bytes: 500, isJudged: true })
      const before = await store.run(runId(1))
      const [cells, campaigns] = [await store.cells({}), await store.campaigns()]
      assert.deepEqual(await store.prune(logs({ before: day(5) })), { runs: 1, bytes: 1000, spared: 0 })
      const later = await reopen()
      assert.deepEqual(await later.run(runId(1)), { ...before, logPruned: NOW })
      assert.deepEqual([await later.cells({}), await later.campaigns()], [cells, campaigns])
      assert.deepEqual(await later.verdict(runId(1), 1), lossyVerdict(runId(1)))
      assert.equal((await later.totals()).logBytes, 500)
      for (const [from, to] of [
        [0, 1000],
        [999, 1000],
        [0, 1],
      ] as const)
        await assert.rejects(readAll(later.readLog(runId(1), from, to)), { code: 'LOG_PRUNED' })
      assert.equal((await readAll(later.readLog(runId(2), 0, 500))).length, 500)
      for (const offset of [0, 1000, 2000])
        assert.deepEqual(await later.append([{ run: runId(1), offset, bytes: logBytes(1, offset, 10), at: NOW }]), [
          { kind: 'pruned' },
        ])
      // What comes to be known of the run later is still kept.
      assert.equal(await later.recordCut(runId(1), { kind: 'sigkill', at: NOW, died: true }, NOW), 'recorded')
      assert.equal(await later.addVerdict(runId(1), NOW, sampleVerdict(runId(1))), 2)
      assert.deepEqual(await later.prune(logs({ before: day(5) })), { runs: 0, bytes: 0, spared: 0 })
    },
  )

  check('pruning runs leaves nothing of them, and their ids are free', async ({ store, reopen }) => {
    await add(store, { n: 1, day: 1, bytes: 10, isJudged: true }, 'gone')
    await add(store, { n: 2, day: 2, bytes: 10, isJudged: true }, 'left')
    assert.deepEqual(await store.prune({ ...logs({ before: day(2) }), what: 'runs' }), {
      runs: 1,
      bytes: 10,
      spared: 0,
    })
    const later = await reopen()
    assert.equal(await later.run(runId(1)), undefined)
    assert.equal(await later.verdict(runId(1), 1), undefined)
    assert.equal(await later.campaign('gone'), undefined)
    assert.deepEqual(
      (await later.campaigns()).map(({ campaign }) => campaign),
      ['left'],
    )
    assert.deepEqual([(await later.totals()).runs, (await later.cells({})).length], [1, 1])
    await add(later, { n: 1, day: 3, bytes: 20, isJudged: false }, 'again')
    assert.equal((await readAll(later.readLog(runId(1), 0, 20))).length, 20)
  })

  for (const [what, code] of [
    ['logs', 'LOG_PRUNED'],
    ['runs', 'RUN_UNKNOWN'],
  ] as const)
    check(`a log that is read while it is pruned (${what}) ends in an error, never short`, async ({ store }) => {
      await add(store, { n: 1, day: 1, bytes: 4, isJudged: true })
      const pieces = 6
      for (let at = 4; at < pieces << 20; at += 1 << 20)
        await store.append([{ run: runId(1), offset: at, bytes: logBytes(1, at, 1 << 20), at: NOW }])
      const end = (await store.run(runId(1)))?.bytes ?? 0
      let read = 0
      await assert.rejects(
        async () => {
          for await (const piece of store.readLog(runId(1), 0, end)) {
            if (read === 0) await store.prune({ ...logs({ before: NOW }), what })
            read += piece.length
          }
        },
        { code },
      )
      assert(read < end)
      // The same where it was gone before the first byte.
      await assert.rejects(readAll(store.readLog(runId(1), 0, end)), { code })
    })

  check('property: pruning is what its model says, dry or not, and twice is once', async ({ store }) => {
    const run = fc.record({ day: fc.nat({ max: 5 }), bytes: fc.nat({ max: 30 }), isJudged: fc.boolean() })
    const query = fc.record(
      {
        what: fc.constantFrom('logs' as const, 'runs' as const),
        day: fc.nat({ max: 6 }),
        keepBytes: fc.nat({ max: 120 }),
      },
      { requiredKeys: ['what'] },
    )
    let next = 1
    const property = fc.asyncProperty(fc.array(run, { maxLength: 8 }), query, async (runs, asked) => {
      await empty(store)
      const samples = runs.map((one) => ({ ...one, n: next++ }))
      for (const sample of samples) await add(store, sample)
      const { what, day: before, keepBytes } = asked
      const order = logs({
        what,
        ...(before === undefined ? {} : { before: day(before) }),
        ...(keepBytes === undefined ? {} : { keepBytes }),
      })
      const expected = modelOf(samples, order)
      assert.deepEqual(await store.prune({ ...order, dryRun: true }), expected.pruned)
      assert.deepEqual(
        await leftOf(store, samples),
        samples.map(({ bytes }) => bytes),
      )
      assert.deepEqual(await store.prune(order), expected.pruned)
      assert.deepEqual(await leftOf(store, samples), expected.left)
      const { runs: again, bytes } = await store.prune(order)
      assert.deepEqual([again, bytes], [0, 0])
    })
    await fc.assert(property, { numRuns: 25 })
  })

  check('two that prune at once take each run once', async ({ store }) => {
    for (let n = 1; n <= 20; n++) await add(store, { n, day: n % 3, bytes: n, isJudged: n % 4 !== 0 })
    const both = await Promise.all([1, 2].map(() => store.prune(logs({ before: NOW }))))
    assert.equal(
      both.reduce((sum, { runs }) => sum + runs, 0),
      15,
    )
    assert.equal(
      both.reduce((sum, { bytes }) => sum + bytes, 0),
      210 - (4 + 8 + 12 + 16 + 20),
    )
    assert.equal((await store.totals()).logBytes, 4 + 8 + 12 + 16 + 20)
  })
}

/** Removes all: every run is given a verdict first. */
async function empty(store: Store): Promise<void> {
  const page = await store.runs({ limit: 1000 })
  assert(page !== 'run-unknown')
  for (const { run, verdict } of page.runs)
    if (verdict === undefined) await store.addVerdict(run, NOW, lossyVerdict(run))
  await store.prune({ what: 'runs', before: '9999', at: NOW, dryRun: false })
  assert.equal((await store.totals()).runs, 0)
}

/** Bytes of log that each has, −1 where the log was pruned, `undefined` where the run is gone. */
const leftOf = (store: Store, samples: readonly Sample[]): Promise<(number | undefined)[]> =>
  Promise.all(
    samples.map(async ({ n }) => {
      const view = await store.run(runId(n))
      return view?.logPruned === undefined ? view?.bytes : -1
    }),
  )

/**
 * Old ones go, and the oldest until the rest fits: oldest first, by id where two were created at once. What frees nothing
 * does not go for the sake of size, and a log that is not there is not pruned.
 */
function modelOf(
  samples: readonly Sample[],
  { what, before, keepBytes }: PruneQuery,
): { pruned: Pruned; left: (number | undefined)[] } {
  let kept = samples.reduce((sum, { bytes }) => sum + bytes, 0)
  const pruned = { runs: 0, bytes: 0, spared: 0 }
  const left = new Map<Sample, number | undefined>(samples.map((sample) => [sample, sample.bytes]))
  for (const sample of samples.toSorted((a, b) => a.day - b.day || a.n - b.n)) {
    const isOld = before !== undefined && day(sample.day) < before
    const isTooMuch = keepBytes !== undefined && kept > keepBytes && sample.bytes > 0
    if (!isOld && !isTooMuch) continue
    if (what === 'logs' && sample.bytes === 0) continue
    if (!sample.isJudged) {
      pruned.spared++
      continue
    }
    pruned.runs++
    pruned.bytes += sample.bytes
    kept -= sample.bytes
    left.set(sample, what === 'logs' ? -1 : undefined)
  }
  return { pruned, left: samples.map((sample) => left.get(sample)) }
}

function carried(check: Check): void {
  check('verdicts are put under the numbers that they have elsewhere', async ({ store, reopen }) => {
    const run = runId(1)
    assert.equal(await store.putVerdict(run, 1, NOW, sampleVerdict(run)), 'run-unknown')
    await add(store, { n: 1, day: 1, bytes: 0, isJudged: false })
    assert.equal(await store.putVerdict(run, 2, NOW, sampleVerdict(run)), 'gap')
    assert.equal(await store.putVerdict(run, 1, day(2), sampleVerdict(run)), 'stored')
    assert.equal(await store.putVerdict(run, 1, NOW, sampleVerdict(run)), 'same')
    assert.equal(await store.putVerdict(run, 1, day(2), lossyVerdict(run)), 'different')
    // Unlike a verdict that is added, one that is put may equal the one before it.
    assert.equal(await store.putVerdict(run, 2, day(3), sampleVerdict(run)), 'stored')
    assert.equal(await store.putVerdict(run, 3, day(4), lossyVerdict(run)), 'stored')
    assert.equal(await store.putVerdict(run, 2, day(3), sampleVerdict(run)), 'same')
    const later = await reopen()
    const view = await later.run(run)
    assert.deepEqual(
      view?.verdicts.map(({ number, at }) => [number, at]),
      [
        [1, day(2)],
        [2, day(3)],
        [3, day(4)],
      ],
    )
    assert.deepEqual(view?.verdict, lossyVerdict(run))
    assert.equal(await later.addVerdict(run, NOW, sampleVerdict(run)), 4)
    const [line] = await later.lines({ limit: 1 })
    assert.deepEqual(line?.outcome, outcomeOf(sampleVerdict(run), undefined))
  })

  check('the same verdict put by two at once is stored once', async ({ store }) => {
    await add(store, { n: 1, day: 1, bytes: 0, isJudged: false })
    const put = () => store.putVerdict(runId(1), 1, NOW, sampleVerdict(runId(1)))
    assert.deepEqual((await Promise.all([put(), put(), put()])).toSorted(), ['same', 'same', 'stored'])
    assert.equal((await store.run(runId(1)))?.verdicts.length, 1)
  })

  check('a run that comes without its log, which was pruned elsewhere, says so here', async ({ store, reopen }) => {
    const run = { run: runId(1), campaign: 'c', createdAt: day(1), manifest: sampleManifest(runId(1), 'c') }
    const logPruned = { at: day(9), bytes: 77 }
    assert.equal(await store.createRun({ ...run, logPruned }), 'created')
    assert.equal(await store.createRun(run), 'same')
    const later = await reopen()
    const view = await later.run(runId(1))
    assert.deepEqual([view?.logPruned, view?.bytes, view?.createdAt], [day(9), 77, day(1)])
    assert.equal((await later.totals()).logBytes, 0)
  })
}
