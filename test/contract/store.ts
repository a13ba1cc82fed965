/**
 * The MUSTs of src/collector/store.ts, as one suite that every store passes. `reopen` stands for a new process: it closes
 * the store and opens what it left.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Append, Store } from '../../src/collector/store/store.ts'
import { type CutRecord, summarise } from '../../src/core/campaign/campaign.ts'
import {
  logBytes,
  lossyVerdict,
  readAll,
  runId,
  sampleManifest,
  stubManifest,
  sampleMeasures,
  sampleVerdict,
  wholeManifest,
} from '../collector/helpers.ts'
import { agreement } from './store-agreement.ts'
import { life } from './store-life.ts'
import { tokens } from './store-tokens.ts'

export interface StoreUnderTest {
  readonly store: Store
  readonly reopen: () => Promise<Store>
}

const AT = '2026-01-01T00:00:00.000Z'
const CUT: CutRecord = { kind: 'sigkill', at: AT, signal: 'SIGKILL', target: { what: 'qemu', pid: 7 }, died: true }

const appendOf = (n: number, offset: number, length: number): Append => ({
  run: runId(n),
  offset,
  bytes: logBytes(n, offset, length),
  at: AT,
})

async function create(store: Store, n: number, campaign = 'sample'): Promise<void> {
  const run = { run: runId(n), campaign, createdAt: AT, manifest: sampleManifest(runId(n), campaign) }
  assert.equal(await store.createRun(run), 'created')
}

/** Registers the suite; `open` gives an empty store and cleans up through `t`. */
export function storeConformance(name: string, open: (t: TestContext) => Promise<StoreUnderTest>): void {
  const check = (what: string, body: (under: StoreUnderTest) => Promise<void>): void => {
    test(`${name}: ${what}`, async (t) => body(await open(t)))
  }
  runs(check)
  appends(check)
  reads(check)
  evidence(check)
  campaigns(check)
  life(check)
  agreement(check)
  tokens(check)
}

export type Check = (what: string, body: (under: StoreUnderTest) => Promise<void>) => void

function runs(check: Check): void {
  check('a run is created once and never changed', async ({ store, reopen }) => {
    await create(store, 1)
    const again = { run: runId(1), campaign: 'sample', createdAt: 'later', manifest: sampleManifest(runId(1)) }
    assert.equal(await store.createRun(again), 'same')
    assert.equal(await store.createRun({ ...again, campaign: 'other' }), 'different')
    const labelled = sampleManifest(runId(1), 'sample', { cache: 'none' })
    assert.equal(await store.createRun({ ...again, manifest: labelled }), 'different')
    const view = await (await reopen()).run(runId(1))
    assert.deepEqual(view, {
      run: runId(1),
      campaign: 'sample',
      createdAt: AT,
      bytes: 0,
      manifest: sampleManifest(runId(1)),
      verdicts: [],
    })
  })

  check('an unknown run is undefined', async ({ store }) => {
    assert.equal(await store.run(runId(9)), undefined)
    assert.equal(await store.verdict(runId(9), 1), undefined)
    assert.equal(await store.recordCut(runId(9), CUT, AT), 'run-unknown')
    assert.equal(await store.addVerdict(runId(9), AT, sampleVerdict(runId(9))), 'run-unknown')
    assert.deepEqual(await store.append([appendOf(9, 0, 1)]), [{ kind: 'run-unknown' }])
  })

  check('runs are listed newest first, by pages', async ({ store }) => {
    for (let n = 1; n <= 5; n++) await create(store, n, n % 2 === 0 ? 'even' : 'odd')
    const ids = async (query: Parameters<Store['runs']>[0]): Promise<unknown> => {
      const page = await store.runs(query)
      return page === 'run-unknown' ? page : [page.runs.map(({ run }) => Number.parseInt(run, 16)), page.next]
    }
    assert.deepEqual(await ids({ limit: 2 }), [[5, 4], runId(4)])
    assert.deepEqual(await ids({ limit: 2, after: runId(4) }), [[3, 2], runId(2)])
    assert.deepEqual(await ids({ limit: 2, after: runId(2) }), [[1], undefined])
    assert.deepEqual(await ids({ limit: 5 }), [[5, 4, 3, 2, 1], undefined])
    assert.deepEqual(await ids({ limit: 9, campaign: 'odd', after: runId(5) }), [[3, 1], undefined])
    assert.deepEqual(await ids({ limit: 9, campaign: 'none' }), [[], undefined])
    assert.equal(await ids({ limit: 9, after: runId(6) }), 'run-unknown')
  })

  check('runs are listed by the device that they wrote to', async ({ store, reopen }) => {
    const devices = ['a', 'b', 'a', 'a', 'b'].map((digit) => digit.repeat(16))
    for (const [index, device] of devices.entries()) {
      const run = runId(index + 1)
      const campaign = index === 3 ? 'other' : 'sample'
      const manifest = { ...sampleManifest(run, campaign), device }
      assert.equal(await store.createRun({ run, campaign, createdAt: AT, manifest }), 'created')
    }
    const later = await reopen()
    const ids = async (query: Parameters<Store['runs']>[0]): Promise<unknown> => {
      const page = await later.runs(query)
      return page === 'run-unknown' ? page : [page.runs.map(({ run }) => Number.parseInt(run, 16)), page.next]
    }
    const [device = ''] = devices
    assert.deepEqual(await ids({ limit: 9, device }), [[4, 3, 1], undefined])
    assert.deepEqual(await ids({ limit: 1, device }), [[4], runId(4)])
    assert.deepEqual(await ids({ limit: 9, device, campaign: 'sample' }), [[3, 1], undefined])
    assert.deepEqual(await ids({ limit: 9, device, campaign: 'sample', after: runId(3) }), [[1], undefined])
    assert.deepEqual(await ids({ limit: 9, device: 'c'.repeat(16) }), [[], undefined])
  })
}

function appends(check: Check): void {
  check('an append can be repeated and never doubles a byte', async ({ store, reopen }) => {
    await create(store, 1)
    assert.deepEqual(await store.append([appendOf(1, 0, 100)]), [{ kind: 'stored', offset: 100 }])
    assert.deepEqual(await store.append([appendOf(1, 0, 100)]), [{ kind: 'stored', offset: 100 }])
    assert.deepEqual(await store.append([appendOf(1, 40, 20)]), [{ kind: 'stored', offset: 60 }])
    assert.deepEqual(await store.append([appendOf(1, 40, 110)]), [{ kind: 'stored', offset: 150 }])
    assert.deepEqual(await store.append([appendOf(1, 150, 50)]), [{ kind: 'stored', offset: 200 }])
    // Over four chunks and beyond the end.
    assert.deepEqual(await store.append([appendOf(1, 10, 300)]), [{ kind: 'stored', offset: 310 }])
    const later = await reopen()
    assert.equal((await later.run(runId(1)))?.bytes, 310)
    assert.deepEqual(await readAll(later.readLog(runId(1), 0, 310)), Buffer.from(logBytes(1, 0, 310)))
  })

  check('a gap is refused with the end of the log', async ({ store }) => {
    await create(store, 1)
    assert.deepEqual(await store.append([appendOf(1, 1, 1)]), [{ kind: 'gap', offset: 0 }])
    await store.append([appendOf(1, 0, 10)])
    assert.deepEqual(await store.append([appendOf(1, 11, 5)]), [{ kind: 'gap', offset: 10 }])
    assert.deepEqual(await store.append([appendOf(1, 11, 0)]), [{ kind: 'gap', offset: 10 }])
    assert.equal((await store.run(runId(1)))?.bytes, 10)
  })

  check('an overlap that differs is refused whole, at the first byte', async ({ store }) => {
    await create(store, 1)
    await store.append([appendOf(1, 0, 10)])
    await store.append([appendOf(1, 10, 10)])
    const wrong = logBytes(1, 5, 40)
    wrong[8] = (wrong[8] ?? 0) ^ 1
    assert.deepEqual(await store.append([{ run: runId(1), offset: 5, bytes: wrong, at: AT }]), [
      { kind: 'conflict', offset: 13 },
    ])
    assert.deepEqual(await readAll(store.readLog(runId(1), 0, 20)), Buffer.from(logBytes(1, 0, 20)))
    assert.equal((await store.run(runId(1)))?.bytes, 20)
  })

  check('a batch is applied in order, and one refusal spoils nothing', async ({ store, reopen }) => {
    await create(store, 1)
    await create(store, 2)
    const batch = [appendOf(1, 0, 10), appendOf(2, 5, 1), appendOf(9, 0, 1), appendOf(1, 10, 10), appendOf(2, 0, 7)]
    assert.deepEqual(await store.append(batch), [
      { kind: 'stored', offset: 10 },
      { kind: 'gap', offset: 0 },
      { kind: 'run-unknown' },
      { kind: 'stored', offset: 20 },
      { kind: 'stored', offset: 7 },
    ])
    const later = await reopen()
    assert.deepEqual(await readAll(later.readLog(runId(1), 0, 20)), Buffer.from(logBytes(1, 0, 20)))
    assert.deepEqual(await readAll(later.readLog(runId(2), 0, 7)), Buffer.from(logBytes(2, 0, 7)))
  })

  check('the newest progress is kept, also without bytes', async ({ store, reopen }) => {
    await create(store, 1)
    const progress = { state: 'writing', issued: 3, completed: 2, flushes: 1 } as const
    await store.append([{ ...appendOf(1, 0, 4), progress }])
    await store.append([appendOf(1, 4, 4)])
    assert.deepEqual((await store.run(runId(1)))?.progress, progress)
    const holding = { ...progress, state: 'holding' } as const
    await store.append([{ ...appendOf(1, 8, 0), progress: holding }])
    const view = await (await reopen()).run(runId(1))
    assert.deepEqual([view?.progress, view?.bytes], [holding, 8])
  })
}

function reads(check: Check): void {
  check('any part of a log is read back', async ({ store }) => {
    await create(store, 1)
    await create(store, 2)
    for (let at = 0, length = 1; at < 600_000; at += length, length = (length * 7) % 40_000) {
      await store.append([appendOf(1, at, length), appendOf(2, at, length)])
    }
    const end = (await store.run(runId(1)))?.bytes ?? 0
    for (const [from, to] of [
      [0, end],
      [0, 1],
      [end - 1, end],
      [17, 400_001],
      [end, end],
    ] as const) {
      assert.deepEqual(await readAll(store.readLog(runId(1), from, to)), Buffer.from(logBytes(1, from, to - from)))
    }
  })

  check('reading beyond the end fails rather than being short', async ({ store }) => {
    await create(store, 1)
    await store.append([appendOf(1, 0, 10)])
    await assert.rejects(readAll(store.readLog(runId(1), 0, 11)), { code: 'STORE_UNAVAILABLE' })
  })

  check('a log can be appended to while it is read', async ({ store }) => {
    await create(store, 1)
    await store.append([appendOf(1, 0, 1 << 20), appendOf(1, 1 << 20, 1 << 20)])
    const pieces: Uint8Array[] = []
    for await (const piece of store.readLog(runId(1), 0, 2 << 20)) {
      pieces.push(piece)
      await store.append([appendOf(1, (2 << 20) + pieces.length - 1, 1)])
    }
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(logBytes(1, 0, 2 << 20)))
  })
}

/** The same with its fields in another order. */
function backwards<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toReversed())
      : part,
  )
}

function evidence(check: Check): void {
  check('a run is cut once', async ({ store, reopen }) => {
    await create(store, 1)
    assert.equal(await store.recordCut(runId(1), CUT, AT), 'recorded')
    assert.equal(await store.recordCut(runId(1), CUT, AT), 'same')
    assert.equal(await store.recordCut(runId(1), { ...CUT, died: false }, AT), 'different')
    assert.deepEqual((await (await reopen()).run(runId(1)))?.cut, CUT)
  })

  check('verdicts are numbered, and the newest told again is the same', async ({ store, reopen }) => {
    await create(store, 1)
    assert.equal(await store.addVerdict(runId(1), AT, sampleVerdict(runId(1))), 1)
    assert.equal(await store.addVerdict(runId(1), AT, lossyVerdict(runId(1))), 2)
    assert.equal(await store.addVerdict(runId(1), 'later', lossyVerdict(runId(1))), 2)
    assert.equal(await store.addVerdict(runId(1), 'later', backwards(lossyVerdict(runId(1)))), 2)
    assert.equal(await store.addVerdict(runId(1), AT, sampleVerdict(runId(1))), 3)
    const later = await reopen()
    assert.deepEqual(await later.verdict(runId(1), 2), lossyVerdict(runId(1)))
    assert.equal(await later.verdict(runId(1), 4), undefined)
    const view = await later.run(runId(1))
    assert.deepEqual(view?.verdict, sampleVerdict(runId(1)))
    assert.deepEqual(
      view?.verdicts.map(({ number }) => number),
      [1, 2, 3],
    )
    const { findings: _findings, ...summary } = sampleVerdict(runId(1))
    assert.deepEqual(await later.head(runId(1)), { ...view, verdict: summary })
    assert.equal(await later.head(runId(2)), undefined)
    assert.deepEqual(view?.verdicts[1], { number: 2, at: AT, verdict: 'held', contract: 'volatile' })
  })

  check('where all was found is kept with the findings, not in the summary', async ({ store, reopen }) => {
    await create(store, 1)
    const foundAt = { grainSectors: 2, lba: 8, runs: [[1, 8] as const, [4, 0] as const, [2, 4] as const] }
    const verdict = { ...lossyVerdict(runId(1)), findingsOmitted: 7, foundAt }
    assert.equal(await store.putVerdict(runId(1), 1, AT, verdict), 'stored')
    assert.equal(await store.putVerdict(runId(1), 1, AT, verdict), 'same')
    assert.equal(await store.putVerdict(runId(1), 1, AT, { ...verdict, foundAt: { ...foundAt, lba: 6 } }), 'different')
    assert.equal(await store.addVerdict(runId(1), AT, verdict), 1)
    const later = await reopen()
    assert.deepEqual(await later.verdict(runId(1), 1), verdict)
    const { findings: _findings, foundAt: _foundAt, ...summary } = verdict
    assert.deepEqual((await later.head(runId(1)))?.verdict, summary)
    assert.deepEqual((await later.run(runId(1)))?.verdict, verdict)
  })

  check('what a verdict or a cut has beyond the known is kept', async ({ store }) => {
    await create(store, 1)
    await store.addVerdict(runId(1), AT, JSON.parse(JSON.stringify({ ...sampleVerdict(runId(1)), later: { x: [1] } })))
    const extended: unknown = await store.verdict(runId(1), 1)
    assert.deepEqual(extended, { ...sampleVerdict(runId(1)), later: { x: [1] } })
  })
}

function campaigns(check: Check): void {
  check('campaigns count the newest verdict of each run', async ({ store }) => {
    for (const n of [1, 2, 3]) await create(store, n, 'old')
    await create(store, 4, 'new')
    await store.addVerdict(runId(1), AT, sampleVerdict(runId(1), { verdict: 'violation' }))
    await store.addVerdict(runId(1), AT, sampleVerdict(runId(1)))
    await store.addVerdict(runId(2), AT, sampleVerdict(runId(2), { verdict: 'inconclusive' }))
    const times = { firstAt: AT, lastAt: AT }
    assert.deepEqual(await store.campaigns(), [
      {
        campaign: 'new',
        runs: 1,
        verified: 0,
        withoutCut: 0,
        held: 0,
        violation: 0,
        inconclusive: 0,
        injected: 0,
        ...times,
      },
      {
        campaign: 'old',
        runs: 3,
        verified: 2,
        withoutCut: 0,
        held: 1,
        violation: 0,
        inconclusive: 1,
        injected: 0,
        ...times,
      },
    ])
    const old = await store.campaign('old')
    assert.deepEqual([old?.runs, old?.verdicts.map(({ verdict }) => verdict)], [3, ['held', 'inconclusive']])
    assert.equal(await store.campaign('none'), undefined)
  })

  check('a campaign gives each verdict with the cut of its run', async ({ store }) => {
    for (const n of [1, 2, 3]) {
      await create(store, n, 'cuts')
      await store.addVerdict(
        runId(n),
        AT,
        sampleVerdict(runId(n), { log: { tail: 'clean', ended: true, lastRecordMs: 1 } }),
      )
    }
    await store.recordCut(runId(1), CUT, AT)
    await store.recordCut(runId(2), { ...CUT, died: false }, AT)
    const verdicts = (await store.campaign('cuts'))?.verdicts ?? []
    assert.deepEqual(
      verdicts.map(({ cut }) => cut),
      [CUT, { ...CUT, died: false }, undefined],
    )
    assert.deepEqual(summarise(3, verdicts).withoutCut, { runs: 2, violation: 0 })
  })

  check('a campaign tells what its runs were: by manifest and cut, whatever else was kept', async ({ store }) => {
    for (const n of [1, 2]) {
      const manifest = wholeManifest(runId(n), 'known', { rig: 'qemu', cut: 'asked for' })
      await store.createRun({ run: runId(n), campaign: 'known', createdAt: AT, manifest })
    }
    const stub = { run: runId(3), campaign: 'known', createdAt: AT, manifest: stubManifest(runId(3), 'known') }
    await store.createRun(stub)
    await store.recordCut(runId(1), { kind: 'sigkill', at: AT, died: true }, AT)
    const setup = (await store.campaign('known'))?.setup ?? {}
    // The third one's manifest is not whole, and counts for nothing.
    assert.deepEqual(setup['rig'], { qemu: 2 })
    assert.deepEqual(setup['cut'], { sigkill: 1, 'asked for': 1 })
    assert.deepEqual(setup['writeSize'], { '512 B to 4 KiB': 2 })
    assert.deepEqual((await store.campaign('known'))?.runs, 3)
  })

  check('measures of a verdict are kept; a verdict without them is read as it is', async ({ store }) => {
    for (const n of [1, 2]) await create(store, n, 'mixed')
    await store.addVerdict(runId(1), AT, sampleVerdict(runId(1), { measures: sampleMeasures }))
    await store.addVerdict(runId(2), AT, sampleVerdict(runId(2)))
    const verdicts = (await store.campaign('mixed'))?.verdicts ?? []
    assert.deepEqual(
      verdicts.map(({ measures }) => measures),
      [sampleMeasures, undefined],
    )
    assert.equal(summarise(2, verdicts).measures?.runs, 1)
  })

  check('a healthy store says so', async ({ store }) => {
    await store.check()
  })
}
