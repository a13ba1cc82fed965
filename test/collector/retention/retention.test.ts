/** Retention: what is asked for, by whom, and that it goes on by itself; what goes is tested in test/contract/store-life. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { request } from 'undici'
import { startKeeper } from '../../../src/collector/retention/keeper.ts'
import { parseAge, policyOf, prunedText, queryOf } from '../../../src/collector/retention/policy.ts'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../../src/collector/store/store.ts'
import { CollectorClient } from '../../../src/io/collector-client.ts'
import {
  ENTRY,
  logBytes,
  lossyVerdict,
  runId,
  sampleManifest,
  scratch,
  spawnCollector,
  startServer,
} from '../helpers.ts'

const DAY_MS = 86_400_000
const LIMIT_MS = 60_000
const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString()

/** Run n was created n days ago and has n KB of log; those that four divides have no verdict. */
async function fill(store: Store, count = 8): Promise<void> {
  for (let n = 1; n <= count; n++) {
    const run = runId(n)
    await store.createRun({ run, campaign: 'c', createdAt: ago(n), manifest: sampleManifest(run, 'c') })
    await store.append([{ run, offset: 0, bytes: logBytes(n, 0, n * 1000), at: ago(n) }])
    if (n % 4 !== 0) await store.addVerdict(run, ago(n), lossyVerdict(run))
  }
}

function newStore(t: TestContext): { store: Store; spec: string } {
  const file = join(scratch(t), 'store.db')
  const store = openSqliteStore(file)
  t.after(() => store.close())
  return { store, spec: `sqlite:${file}` }
}

function plugpull(...args: string[]) {
  return spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', timeout: LIMIT_MS })
}

/** Runs whose log is still there. */
async function kept(store: Store): Promise<number[]> {
  const page = await store.runs({ limit: 100 })
  assert(page !== 'run-unknown')
  return page.runs
    .flatMap(({ run, logPruned }) => (logPruned === undefined ? [Number.parseInt(run, 16)] : []))
    .toSorted((a, b) => a - b)
}

test('an age and a size, and what they are not', () => {
  assert.deepEqual(
    ['90d', '12w', '36h', '1y', '1.5d', '30m'].map((text) => parseAge(text, '--x') / DAY_MS),
    [90, 84, 1.5, 365, 1.5, 30 / 1440],
  )
  for (const bad of ['', '90', '0d', '-1d', '5s', '1e9d', '99999y', 'd', 'NaNd'])
    assert.throws(() => parseAge(bad, '--retain'), { code: 'BAD_OPTION', message: /--retain got .* takes an age/ }, bad)
  const names = { age: '--a', size: '--s' }
  assert.equal(policyOf({ what: 'logs' }, names), undefined)
  assert.deepEqual(policyOf({ age: '1d', size: '50G', what: 'runs' }, names), {
    what: 'runs',
    ageMsMax: DAY_MS,
    keepBytes: 50 * 2 ** 30,
  })
  assert.deepEqual(queryOf({ what: 'logs', ageMsMax: DAY_MS }, Date.parse('2026-03-02T00:00:00Z'), true), {
    what: 'logs',
    at: '2026-03-02T00:00:00.000Z',
    before: '2026-03-01T00:00:00.000Z',
    dryRun: true,
  })
  assert.equal(
    prunedText({ runs: 1, bytes: 2048, spared: 2 }, 'logs', true),
    'would remove the log of 1 run, 2 KiB of log; verdicts and counts stay; 2 runs spared: without a verdict nothing of a run goes',
  )
  assert.equal(
    prunedText({ runs: 2, bytes: 0, spared: 0 }, 'runs', false),
    'removed 2 runs with all that belongs to them, 0 B of log',
  )
})

test('plugpull prune tells what would go, and removes it with --yes alone', async (t) => {
  const { store, spec } = newStore(t)
  await fill(store)
  const order = ['prune', '--older-than', '108h', '--store', spec]
  for (const more of [[], ['--dry-run']]) {
    const told = plugpull(...order, ...more)
    assert.deepEqual(
      [told.status, told.stdout],
      [
        0,
        'would remove the logs of 3 runs, 17.6 KiB of log; verdicts and counts stay; 1 run spared: without a verdict nothing of a run goes\n',
      ],
    )
    assert.equal(told.stderr, more.length === 0 ? 'nothing was removed: add --yes to do it\n' : '')
    assert.deepEqual(await kept(store), [1, 2, 3, 4, 5, 6, 7, 8])
  }
  const { schema, before, ...result } = JSON.parse(plugpull(...order, '--yes', '--json').stdout)
  assert.deepEqual(
    [schema, result],
    ['plugpull.prune/1', { what: 'logs', dryRun: false, runs: 3, bytes: 18_000, spared: 1 }],
  )
  assert(Math.abs(Date.parse(before) - (Date.now() - 4.5 * DAY_MS)) < LIMIT_MS)
  assert.deepEqual(await kept(store), [1, 2, 3, 4, 8])
  const size = plugpull('prune', '--keep-size', '16000', '--what', 'runs', '--yes', '--store', spec)
  assert.match(size.stdout, /^removed 1 run with all that belongs to it, 2\.9 KiB of log; 2 runs spared/)
  assert.deepEqual(await kept(store), [1, 2, 4, 8])
})

test('plugpull prune asks a collector; what is asked for wrongly is told', async (t) => {
  const { store, spec } = newStore(t)
  await fill(store)
  const { url } = await spawnCollector(t, spec)
  const dry = plugpull('prune', '--older-than', '6d', '--collector', url)
  assert.match(dry.stdout, /^would remove the logs of 2 runs/)
  const done = plugpull('prune', '--older-than', '6d', '--collector', url, '--yes')
  assert.match(done.stdout, /^removed the logs of 2 runs/, done.stderr)
  assert.deepEqual(await kept(store), [1, 2, 3, 4, 5, 8])
  for (const [args, message] of [
    [['--collector', url], /BAD_OPTION: prune needs --older-than AGE or --keep-size SIZE/],
    [['--older-than', '90', '--collector', url], /BAD_OPTION: --older-than got "90"; it takes an age/],
    [['--keep-size', 'x', '--collector', url], /BAD_OPTION: --keep-size got "x"; it takes a size/],
    [['--older-than', '9d'], /BAD_OPTION: prune needs --collector URL or --store/],
  ] as const) {
    const wrong = plugpull('prune', ...args)
    assert.deepEqual([wrong.status, message.test(wrong.stderr)], [64, true], wrong.stderr)
  }
})

test('POST /v1/prune takes nothing for granted', async (t) => {
  const { store } = newStore(t)
  await fill(store)
  const { url } = await startServer(t, store)
  const post = async (body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await request(`${url}/v1/prune`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.statusCode, told: await answer.body.json() }
  }
  const all = { what: 'logs', before: ago(0), dryRun: false }
  for (const bad of [
    {},
    { what: 'logs', dryRun: false },
    { what: 'logs', before: ago(0) },
    { ...all, what: 'everything' },
    { ...all, before: 'yesterday' },
    { ...all, before: '2026-02-30T00:00:00Z' },
    { ...all, before: '2026-01-01T00:00:00' },
    { ...all, keepBytes: -1 },
    { ...all, keepByte: 5 },
  ])
    assert.equal((await post(bad)).status, 400, JSON.stringify(bad))
  assert.deepEqual(await kept(store), [1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual(await post({ ...all, dryRun: true }), { status: 200, told: { runs: 6, bytes: 24_000, spared: 2 } })
  assert.deepEqual(await post(all), { status: 200, told: { runs: 6, bytes: 24_000, spared: 2 } })
  assert.deepEqual(await kept(store), [4, 8])
})

test('POST /v1/prune takes no run that is younger, however the time is written', async (t) => {
  const { store } = newStore(t)
  const run = runId(1)
  const at = '2026-01-01T00:00:00.500Z'
  await store.createRun({ run, campaign: 'c', createdAt: at, manifest: sampleManifest(run, 'c') })
  await store.append([{ run, offset: 0, bytes: logBytes(1, 0, 100), at }])
  await store.addVerdict(run, at, lossyVerdict(run))
  const { url } = await startServer(t, store)
  const taken = async (before: string): Promise<unknown> => {
    const body = JSON.stringify({ what: 'logs', before, dryRun: true })
    const headers = { 'content-type': 'application/json' }
    const answer = await request(`${url}/v1/prune`, { method: 'POST', headers, body })
    return Reflect.get(Object(await answer.body.json()), 'runs')
  }
  for (const [before, runs] of [
    ['2026-01-01T00:00:00Z', 0],
    ['2026-01-01T00:00:00.5Z', 0],
    ['2026-01-01t00:00:00.500z', 0],
    ['2026-01-01T09:00:00+09:00', 0],
    ['2026-01-01T09:00:01+09:00', 1],
    ['2025-12-31T19:00:01-05:00', 1],
    ['2026-01-01T00:00:00.501Z', 1],
  ] as const)
    assert.equal(await taken(before), runs, before)
})

test('a pruned log: 410 to read it and to append to it, told by the client as what it is', async (t) => {
  const { store, spec } = newStore(t)
  await fill(store, 1)
  const { url } = await spawnCollector(t, spec, ['--retain', '12h'])
  const client = new CollectorClient(url)
  t.after(() => client.close())
  await until('the log to go', async () => (await client.run(runId(1))).logPruned !== undefined)
  const read = await request(`${url}/v1/runs/${runId(1)}/log`)
  const told: unknown = await read.body.json()
  assert.deepEqual([read.statusCode, Reflect.get(Object(told), 'code')], [410, 'LOG_PRUNED'])
  await assert.rejects(client.append(runId(1), 1000, new Uint8Array(1)), { code: 'LOG_PRUNED', message: /pruned/ })
  await assert.rejects(
    async () => {
      for await (const _ of client.readLog(runId(1)));
    },
    { code: 'LOG_PRUNED', message: /was pruned at 20/ },
  )
  assert.equal((await client.run(runId(1))).verdict?.verdict, 'held')
  assert.equal((await client.campaign('c')).summary.verified, 1)
})

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const limit = Date.now() + LIMIT_MS; !(await condition()); await sleep(5))
    assert(Date.now() < limit, `${what} did not come`)
}

const silent = pino({ level: 'silent' })

test('the keeper prunes at the start and at every turn, two of them on one store as well', async (t) => {
  const { store } = newStore(t)
  await fill(store)
  const policy = { what: 'logs', ageMsMax: 6.5 * DAY_MS } as const
  const keepers = [1, 2].map(() => startKeeper(store, policy, silent, 10))
  await until('the first turn', async () => (await kept(store)).length === 7)
  assert.deepEqual(await kept(store), [1, 2, 3, 4, 5, 6, 8])
  await store.addVerdict(runId(8), ago(0), lossyVerdict(runId(8)))
  await until('a later turn', async () => (await kept(store)).length === 6)
  assert.deepEqual(await kept(store), [1, 2, 3, 4, 5, 6])
  for (const keeper of keepers) await keeper.stop()
  await store.addVerdict(runId(4), ago(0), lossyVerdict(runId(4)))
})

test('a store that fails at one turn is asked again at the next; told to stop, it ends behind the run it is at', async (t) => {
  const { store } = newStore(t)
  await fill(store)
  const asked: string[] = []
  const failing: Store = Object.create(store, {
    prune: {
      value: (query: Parameters<Store['prune']>[0]) => {
        asked.push(query.what)
        return asked.length === 1 ? Promise.reject(new Error('the disk is gone')) : store.prune(query)
      },
    },
  })
  const lines: string[] = []
  const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
  const keeper = startKeeper(failing, { what: 'runs', ageMsMax: 6.5 * DAY_MS }, logger, 10)
  await until('the second turn', async () => (await store.totals()).runs === 7)
  await keeper.stop()
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /not pruned; tried again at the next turn/)

  const stopping = new AbortController()
  stopping.abort()
  const order = { what: 'logs', before: ago(0), at: ago(0), dryRun: false, signal: stopping.signal } as const
  assert.deepEqual(await store.prune(order), { runs: 0, bytes: 0, spared: 0 })
})

test('the collector refuses a retention that cannot be meant', () => {
  for (const [args, message] of [
    [['--retain', '90'], /--retain got "90"/],
    [['--retain-size', 'lots'], /--retain-size got "lots"/],
    [['--retain-what', 'verdicts'], /--retain-what/],
  ] as const) {
    const wrong = plugpull('collector', '--listen', '127.0.0.1:0', '--store', 'sqlite:/nowhere/x.db', ...args)
    assert.match(wrong.stderr, message)
    assert.notEqual(wrong.status, 0)
  }
})
