/** What the run view is made from, over HTTP: the same as the core says of the same log and verdict, and refusals that say why. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import { parseContract } from '../../../src/core/contract.ts'
import { blockMapOf } from '../../../src/core/map/block-map.ts'
import { stretchesOf } from '../../../src/core/map/stretches.ts'
import { findingNamed } from '../../../src/core/telling/finding-name.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { FrameEncoder } from '../../../src/core/wire.ts'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../../src/collector/store/store.ts'
import { tellFinding } from '../../../src/io/tell-finding.ts'
import { runTold, type ToldRun } from '../../support/history-language.ts'
import { runId, sampleManifest, scratch, startServer, wholeManifest } from '../helpers.ts'

const LINE = 'w1@0+2 F w2@2+2 w3@4+1 w4@6+1 F i5@7+1 CUT 1...3.g.'

interface Told extends ToldRun {
  readonly run: string
  readonly store: Store
  readonly get: (rest: string, headers?: Record<string, string>) => ReturnType<typeof request>
  readonly json: (rest: string) => Promise<Record<string, unknown>>
}

/** A collector that has the run of a line of the history language. */
async function served(
  t: TestContext,
  { verdict }: { readonly verdict?: (given: Verdict) => Verdict } = {},
): Promise<Told> {
  const told = runTold(LINE)
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  const { url, client } = await startServer(t, store)
  const { run, campaign } = told.history.manifest
  await client.createRun(run, campaign, told.history.manifest)
  await client.append(run, 0, told.log, { state: 'writing', issued: 5, completed: 4, flushes: 2 })
  // An edited one is taken from nobody; an old store may have one.
  await (verdict === undefined
    ? client.publishVerdict(run, told.verdict)
    : store.addVerdict(run, new Date().toISOString(), verdict(told.verdict)))
  const get = (rest: string, headers: Record<string, string> = {}): ReturnType<typeof request> =>
    request(`${url}/v1/runs/${run}${rest}`, { headers })
  const json = async (rest: string): Promise<Record<string, unknown>> => {
    const body: unknown = await (await get(rest)).body.json()
    assert.ok(typeof body === 'object' && body !== null)
    return { ...body }
  }
  return { ...told, run, store, get, json }
}

const OCTETS = { accept: 'application/octet-stream' }

test('the map of a run', async (t) => {
  const told = await served(t)
  const { get, json, history, verdict } = told
  const expected = blockMapOf(history, parseContract(verdict.contract), stretchesOf(verdict.findings))
  const { states, writes, ...grid } = expected

  await t.test(
    'comes as one byte a block, compressed or not, with its grid and a tag that spares the next',
    async () => {
      const answer = await get('/map', OCTETS)
      assert.deepEqual(JSON.parse(String(answer.headers['plugpull-map'])), grid)
      assert.deepEqual(new Uint8Array(await answer.body.arrayBuffer()), states)
      const zipped = await get('/map?block=512', { ...OCTETS, 'accept-encoding': 'gzip' })
      const body = Buffer.from(await zipped.body.arrayBuffer())
      const isZipped = zipped.headers['content-encoding'] === 'gzip'
      assert.deepEqual(new Uint8Array(isZipped ? gunzipSync(body) : body), states)
      const again = await get('/map', { ...OCTETS, 'if-none-match': String(answer.headers['etag']) })
      assert.equal(again.statusCode, 304)
      assert.equal(await again.body.text(), '')
      const counted = await get('/map?plane=writes', OCTETS)
      assert.deepEqual(new Uint8Array(await counted.body.arrayBuffer()), writes)
      assert.notEqual(counted.headers['etag'], answer.headers['etag'])
    },
  )

  await t.test('comes as run lengths that say the same', async () => {
    const body = await json('/map')
    assert.equal(body['schema'], 'plugpull.map/1')
    assert.equal(body['verdict'], 1)
    const runs = body['runs']
    assert.ok(Array.isArray(runs))
    assert.deepEqual(
      runs.flatMap(([blocks, state]: [number, number]) => Array.from({ length: blocks }, () => state)),
      [...states],
    )
    const large = await json('/map?block=4096')
    assert.equal(large['blocks'], 1)
  })

  await t.test('refuses blocks that are none', async () => {
    for (const block of ['1000', '256', '0']) assert.equal((await json(`/map?block=${block}`))['code'], 'BAD_REQUEST')
  })

  await t.test('has another tag once there is another verdict', async () => {
    const before = String((await get('/map', OCTETS)).headers['etag'])
    await told.store.addVerdict(told.run, '2026-01-01T00:00:00.000Z', { ...verdict, findings: [] })
    const after = await get('/map', { ...OCTETS, 'if-none-match': before })
    assert.equal(after.statusCode, 200)
    const bare = blockMapOf(history, parseContract(verdict.contract), new Float64Array(0))
    assert.deepEqual(new Uint8Array(await after.body.arrayBuffer()), bare.states)
  })
})

test('the map shows what the verdict does not list', async (t) => {
  const all = runTold(LINE)
  const listed = all.verdict.findings.filter(({ rule }) => rule !== 'flush-lie')
  const expected = blockMapOf(all.history, parseContract(all.verdict.contract), stretchesOf(listed))
  const { states, writes: _writes, ...grid } = expected
  const short = runTold(LINE, { findingsMax: 1 }).verdict
  assert.ok(short.findingsOmitted > 0 && short.foundAt !== undefined)

  await t.test('where it says where all was found', async (part) => {
    const { get, json } = await served(part, { verdict: () => short })
    const answer = await get('/map', OCTETS)
    assert.deepEqual(JSON.parse(String(answer.headers['plugpull-map'])), grid)
    assert.deepEqual(new Uint8Array(await answer.body.arrayBuffer()), states)
    assert.equal('findingsOmitted' in (await json('/map')), false)
  })

  await t.test('and says how much is not on it where it does not', async (part) => {
    const { foundAt: _foundAt, ...earlier } = short
    const { get, json } = await served(part, { verdict: () => earlier })
    const answer = await get('/map', OCTETS)
    const { findingsOmitted } = short
    assert.deepEqual(JSON.parse(String(answer.headers['plugpull-map'])), { ...grid, findingsOmitted })
    assert.notDeepEqual(new Uint8Array(await answer.body.arrayBuffer()), states)
    assert.equal((await json('/map'))['findingsOmitted'], findingsOmitted)
  })

  await t.test('and says so where that is told to a grain larger than a block', async (part) => {
    const coarse = { grainSectors: 4, lba: 4, runs: [[1, 8]] } as const
    const { json } = await served(part, { verdict: () => ({ ...short, foundAt: coarse }) })
    assert.equal((await json('/map'))['foundGrainBytes'], 2048)
    assert.equal('foundGrainBytes' in (await json('/map?block=2048')), false)
  })

  await t.test('and refuses a place that is none', async (part) => {
    const { store, json, run } = await served(part)
    const wrong = JSON.parse(JSON.stringify({ ...short, foundAt: { grainSectors: 1, lba: 0, runs: [[1, 9]] } }))
    await store.addVerdict(run, '2026-01-01T00:00:00.000Z', wrong)
    const answer = await json('/map')
    assert.equal(answer['code'], 'EVIDENCE_UNUSABLE')
    assert.match(String(answer['message']), /its foundAt is/)
  })
})

test('the timeline of a run', async (t) => {
  const { json, get } = await served(t)
  const body = await json('/timeline?buckets=1')
  assert.equal(body['schema'], 'plugpull.timeline/1')
  const [bucket] = Array.isArray(body['buckets']) ? body['buckets'] : []
  assert.deepEqual([bucket.issued, bucket.completed, bucket.flushes], [5, 4, 2])
  assert.equal((await json('/timeline?from=5&to=5'))['code'], 'BAD_REQUEST')
  assert.equal((await json('/timeline?buckets=9999'))['code'], 'BAD_REQUEST')
  const tag = String((await get('/timeline')).headers['etag'])
  assert.equal((await get('/timeline', { 'if-none-match': tag })).statusCode, 304)
})

test('the findings of a run', async (t) => {
  const { json, verdict, get } = await served(t)
  const numbers = async (query: string): Promise<unknown> => {
    const { findings } = await json(`/findings${query}`)
    return Array.isArray(findings) ? findings.map(({ number }) => number) : findings
  }
  const listed = verdict.findings.map((finding, i) => ({ ...finding, number: i + 1 }))
  const ofThose = (fits: (finding: (typeof listed)[number]) => boolean): number[] =>
    listed.filter(fits).map(({ number }) => number)

  await t.test('come by pages, in brief', async () => {
    assert.ok(listed.length >= 3)
    assert.deepEqual(
      await numbers(''),
      ofThose(() => true),
    )
    assert.deepEqual(await numbers('?offset=1&limit=1'), [2])
    const { findings } = await json('/findings')
    assert.ok(Array.isArray(findings) && !('runs' in findings[0]))
  })

  await t.test('are filtered by kind, severity and place', async () => {
    const severity = listed[0]?.severity ?? 'violation'
    assert.deepEqual(
      await numbers('?kind=torn'),
      ofThose(({ kind }) => kind === 'torn'),
    )
    assert.deepEqual(
      await numbers(`?severity=${severity}`),
      ofThose((one) => one.severity === severity),
    )
    assert.deepEqual(
      await numbers('?lba=2&sectors=1'),
      ofThose(({ lba, sectors }) => lba <= 2 && 2 < lba + sectors),
    )
    assert.equal((await json('/findings?kind=eaten'))['code'], 'BAD_REQUEST')
  })

  await t.test('can be left out of the run', async () => {
    const { verdict: bare } = await json('?findings=none')
    assert.ok(typeof bare === 'object' && bare !== null && 'findings' in bare)
    assert.deepEqual(bare.findings, [])
  })

  await t.test('are told as explain tells them, with the way to see them again', async () => {
    for (const { number } of listed) {
      const { reproduction, ...story } = await json(`/findings/${number}`)
      assert.deepEqual(story, JSON.parse(JSON.stringify(await toldOf(await served(t), number))))
      assert.ok(typeof reproduction === 'object' && reproduction !== null && 'command' in reproduction)
      assert.equal(reproduction.command, `plugpull reproduce ${verdict.run} ${number} --collector URL`)
    }
    const unknown = await get('/findings/99')
    assert.equal(unknown.statusCode, 404)
    assert.match(await unknown.body.text(), /"FINDING_UNKNOWN".* has no finding 99; it lists \d/)
  })
})

test('findings are read once for all who ask, and again for a new verdict', async (t) => {
  const { json, store, run, verdict } = await served(t)
  const { mock } = t.mock.method(store, 'verdict')
  const whole = t.mock.method(store, 'run').mock
  const pages = await Promise.all(Array.from({ length: 20 }, (_, i) => json(`/findings?offset=${i}`)))
  assert.ok(pages.every(({ listed }) => listed === verdict.findings.length))
  await json('/map')
  await json('/findings/1')
  assert.deepEqual([mock.callCount(), whole.callCount()], [1, 0])
  await store.addVerdict(run, '2026-01-01T00:00:00.000Z', { ...verdict, findings: [] })
  assert.equal((await json('/findings'))['listed'], 0)
  assert.equal(mock.callCount(), 2)
})

test('a few bytes that announce writes without end are drawn up to there', async (t) => {
  const { url, client } = await startServer(t, openSqliteStore(join(scratch(t), 'store.db')))
  const frames = new FrameEncoder()
  const manifest = wholeManifest(runId(1))
  // An issue, and a window of 2^32 more.
  const records = Uint8Array.of(0, 4, 0xff, 0xff, 0xff, 0xff, 0x0f)
  const log = Buffer.concat([frames.manifest(manifest), frames.frame('records', records)])
  await client.createRun(runId(1), 'sample', manifest)
  await client.append(runId(1), 0, log, { state: 'writing', issued: 1, completed: 0, flushes: 0 })
  const answer = await request(`${url}/v1/runs/${runId(1)}/map`)
  assert.match(await answer.body.text(), /"text":"in-flight"/)
  const timeline = await request(`${url}/v1/runs/${runId(1)}/timeline?buckets=1`)
  assert.match(await timeline.body.text(), /"issued":1,/)
})

function toldOf({ verdict, log }: ToldRun, number: number): Promise<unknown> {
  const source = {
    name: 'the log',
    sizeBytes: log.length,
    chunks: async function* chunks() {
      yield log
    },
  }
  const named = findingNamed(verdict.findings, String(number))
  const { signal } = new AbortController()
  return tellFinding({ named, evidence: { name: 'here', log: source, verdict }, signal })
}

test('what can be taken away has a name', async (t) => {
  const { get, run } = await served(t)
  const nameOf = async (rest: string): Promise<unknown> => {
    const answer = await get(rest)
    await answer.body.dump()
    return answer.headers['content-disposition']
  }
  assert.equal(await nameOf('/log'), `attachment; filename="${run}.log"`)
  assert.equal(await nameOf('/manifest'), `inline; filename="${run}.manifest.json"`)
  assert.equal(await nameOf('/verdicts/1'), `inline; filename="${run}.verdict-1.json"`)
})

test('evidence that is not as it should be is refused by name', async (t) => {
  await t.test('a verdict that was edited', async (part) => {
    const { json } = await served(part, {
      verdict: (given) => JSON.parse(JSON.stringify(given).replaceAll('"missing"', '"eaten"')),
    })
    for (const rest of ['/map', '/findings/1']) {
      const { code, message } = await json(rest)
      assert.equal(code, 'EVIDENCE_UNUSABLE')
      assert.match(String(message), /^finding \d of the verdict in run \w+ is not as verify writes it: its runs is /)
    }
    assert.ok(Number((await json('/findings'))['matching']) >= 1)
  })

  await t.test('a log that is none, one that is empty, and a run without a verdict', async (part) => {
    const { url, client } = await startServer(part, openSqliteStore(join(scratch(part), 'store.db')))
    const ask = async (rest: string): Promise<string> => (await request(`${url}/v1/runs/${rest}`)).body.text()
    await client.createRun(runId(1), 'sample', sampleManifest(runId(1)))
    await client.append(runId(1), 0, new Uint8Array(64), { state: 'writing', issued: 1, completed: 0, flushes: 0 })
    assert.match(await ask(`${runId(1)}/map`), /"EVIDENCE_UNUSABLE".*not a plugpull log/)
    await client.createRun(runId(2), 'sample', wholeManifest(runId(2)))
    assert.match(await ask(`${runId(2)}/map`), /"counts":\[\{"state":0,"text":"untouched","blocks":2048\}\]/)
    assert.match(await ask(`${runId(2)}/timeline`), /"lastRecordMs":0/)
    for (const rest of ['findings', 'findings/1']) assert.match(await ask(`${runId(2)}/${rest}`), /"VERDICT_UNKNOWN"/)
    assert.match(await ask(`${runId(3)}/map`), /"RUN_UNKNOWN"/)
  })

  await t.test('a log that was pruned', async (part) => {
    const { json, store } = await served(part)
    await store.prune({
      before: '2999-01-01T00:00:00.000Z',
      at: '2030-01-01T00:00:00.000Z',
      what: 'logs',
      dryRun: false,
    })
    for (const rest of ['/map', '/timeline', '/findings/1'])
      assert.equal((await json(rest))['code'], 'LOG_PRUNED', rest)
    assert.ok(Number((await json('/findings'))['matching']) >= 1)
  })
})
