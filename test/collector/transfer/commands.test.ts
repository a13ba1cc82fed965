/** `plugpull export` and `import` as processes: killed, interrupted, fed with damaged files, with a collector that dies meanwhile. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import { CollectorClient } from '../../../src/io/collector-client.ts'
import { ENTRY, logBytes, readAll, runId, scratch, spawnCollector } from '../helpers.ts'
import { bytesOf, exportOf, type SampleRun } from './samples.ts'

const LIMIT_MS = 60_000

const sample = (n: number, bytes = 1000): SampleRun => ({
  n,
  campaign: n % 2 === 0 ? 'even' : 'odd',
  parts: [logBytes(n, 0, bytes)],
  isCut: true,
  verdicts: 1,
  text: 'x',
})
const samples = (count: number, bytes?: number): SampleRun[] =>
  Array.from({ length: count }, (_, index) => sample(index + 1, bytes))

function plugpull(...args: string[]) {
  return spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: 1 << 28 })
}

function start(t: TestContext, ...args: string[]): { child: ChildProcess; ended: Promise<unknown[]> } {
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.after(() => child.kill('SIGKILL'))
  return { child, ended }
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const limit = Date.now() + LIMIT_MS; !(await condition()); await sleep(2))
    assert(Date.now() < limit, `${what} did not come`)
}

/** Everything at the collector but the header, whose time differs. */
async function exported(url: string): Promise<string> {
  const client = new CollectorClient(url)
  try {
    const text = (await readAll(client.exportLines([], []))).toString()
    return text.slice(text.indexOf('\n'))
  } finally {
    await client.close()
  }
}

const runsAt = async (url: string): Promise<number> => {
  const client = new CollectorClient(url)
  try {
    return (await client.campaigns()).reduce((sum, { runs }) => sum + runs, 0)
  } finally {
    await client.close()
  }
}

test('from store to file to collector to file: packed and unpacked, by campaign, by run, through a pipe', async (t) => {
  const folder = scratch(t)
  const [from, to] = ['from', 'to'].map((name) => `sqlite:${join(folder, name)}.db`)
  assert(from !== undefined && to !== undefined)
  const file = join(folder, 'runs.ndjson')
  writeFileSync(file, bytesOf(exportOf(samples(6))))
  const made = plugpull('import', file, '--store', from)
  assert.equal(made.status, 0, made.stderr)
  assert.match(made.stderr, /^imported 6 runs whole; new: 6 runs, 6 cuts, 6 verdicts, 5\.9 KiB of log\n$/)
  assert.equal(made.stdout, '')

  const packed = join(folder, 'all.ndjson.gz')
  const out = plugpull('export', '--all', '--store', from, '--output', packed, '--json')
  assert.deepEqual(JSON.parse(out.stdout), {
    schema: 'plugpull.exported/1',
    output: packed,
    runs: 6,
    logBytes: 6000,
    cuts: 6,
    verdicts: 6,
  })
  const { url } = await spawnCollector(t, to)
  const into = plugpull('import', packed, '--collector', url, '--json', '--quiet')
  assert.equal(into.stderr, '')
  const told: unknown = JSON.parse(into.stdout)
  assert(typeof told === 'object' && told !== null && 'schema' in told && 'run' in told && 'to' in told)
  assert.deepEqual([told.schema, told.run, told.to], ['plugpull.import/1', { stored: 6, same: 0 }, url])

  const back = plugpull('export', '--all', '--collector', url)
  assert.match(back.stderr, /^exported 6 runs, 6 cuts, 6 verdicts, 5\.9 KiB of log\n$/)
  const whole = gunzipSync(readFileSync(packed)).toString()
  assert.equal(back.stdout.slice(back.stdout.indexOf('\n')), whole.slice(whole.indexOf('\n')))

  const some = plugpull('export', '--campaign', 'even', '--run', runId(1), '--collector', url)
  assert.match(some.stderr, /exported 4 runs/)
  const piped = spawnSync(process.execPath, [ENTRY, 'import', '-', '--store', `sqlite:${join(folder, 'pipe.db')}`], {
    input: gzipSync(some.stdout),
    encoding: 'utf8',
  })
  assert.match(piped.stderr, /imported 4 runs whole/)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('partial')),
    [],
  )
})

test('what is asked for wrongly is told, with what to do', (t) => {
  const folder = scratch(t)
  const store = ['--store', `sqlite:${join(folder, 'store.db')}`]
  for (const [args, status, message] of [
    [['export', ...store], 64, /BAD_OPTION: export needs --campaign NAME, --run ID or --all/],
    [['export', '--all'], 64, /BAD_OPTION: export needs --collector URL or --store/],
    [['export', '--run', 'x', ...store], 64, /BAD_OPTION: --run got "x"/],
    [['export', '--all', '--json', ...store], 64, /BAD_OPTION: export --json needs --output/],
    [['export', '--all', ...store], 69, /STORE_UNAVAILABLE/],
    [['import', join(folder, 'none'), ...store], 64, /BAD_OPTION: .*none cannot be read/],
    [['import', folder, ...store], 64, /BAD_OPTION: .* cannot be read/],
  ] as const) {
    const result = plugpull(...args)
    assert.equal(result.status, status, `${args.join(' ')}: ${result.stderr}`)
    assert.match(result.stderr, message)
  }
  writeFileSync(join(folder, 'x'), bytesOf(exportOf([])))
  assert.match(plugpull('import', join(folder, 'x'), ...store).stderr, /imported 0 runs whole/)
  const nowhere = plugpull('export', '--all', ...store, '--output', join(folder, 'no', 'where'))
  assert.deepEqual([nowhere.status, /OUTPUT_IO: --output .*where cannot be written/.test(nowhere.stderr)], [74, true])
})

test('a damaged file: the line is named, what came before is imported; a conflict is named and the rest goes on', (t) => {
  const folder = scratch(t)
  const store = ['--store', `sqlite:${join(folder, 'store.db')}`]
  const file = join(folder, 'x.ndjson')
  const whole = bytesOf(exportOf(samples(3)))
  const bad = Buffer.from(whole)
  bad[whole.length - 700] = 0
  writeFileSync(file, bad)
  const damaged = plugpull('import', file, ...store, '--json')
  assert.equal(damaged.status, 64)
  assert.match(damaged.stderr, /EXPORT_UNREADABLE: .*x\.ndjson line 15: it was changed or damaged.*; 2 runs before it/)
  writeFileSync(file, gzipSync(whole).subarray(0, 900))
  assert.match(plugpull('import', file, ...store).stderr, /EXPORT_UNREADABLE: .*cannot be unpacked any further/)

  writeFileSync(file, bytesOf(exportOf([{ ...sample(1), text: 'other' }, sample(2), sample(4)])))
  const conflict = plugpull('import', file, ...store, '--json')
  assert.equal(conflict.status, 64)
  assert.match(conflict.stderr, /conflict in its run: run 0{15}1: a run of that id is there/)
  assert.match(conflict.stderr, /imported 2 runs whole; .*; 1 run in conflict, left as they are here/)
  assert.match(conflict.stderr, /IMPORT_CONFLICT: .*run 0{15}1; what is there was left as it is/)
  const told: unknown = JSON.parse(conflict.stdout)
  assert.equal(Reflect.get(Object(told), 'conflicts').length, 1)
})

test('an import that is killed again and again, and repeated by two at once, stores each run once', async (t) => {
  const folder = scratch(t)
  const file = join(folder, 'runs.ndjson')
  const total = 400
  writeFileSync(file, bytesOf(exportOf(samples(total))))
  const { url } = await spawnCollector(t, `sqlite:${join(folder, 'store.db')}`)
  for (const share of [0.1, 0.4]) {
    const { child, ended } = start(t, 'import', file, '--collector', url)
    await until('the first runs', async () => (await runsAt(url)) > share * total)
    child.kill('SIGKILL')
    await ended
    assert(child.signalCode === 'SIGKILL' && (await runsAt(url)) < total, 'it was through before it was killed')
  }
  const both = [1, 2].map(() => start(t, 'import', file, '--collector', url))
  for (const { ended } of both) assert.equal((await ended)[0], 0)
  const { url: reference } = await spawnCollector(t, `sqlite:${join(folder, 'reference.db')}`)
  assert.equal(plugpull('import', file, '--collector', reference).status, 0)
  assert(
    (await exported(url)) === (await exported(reference)),
    'what was imported in pieces is not what is imported at once',
  )
})

test('a collector that is killed during an import and comes back: the import goes on, and nothing is doubled', async (t) => {
  const folder = scratch(t)
  const file = join(folder, 'runs.ndjson')
  const total = 400
  writeFileSync(file, bytesOf(exportOf(samples(total))))
  const store = `sqlite:${join(folder, 'store.db')}`
  let collector = await spawnCollector(t, store)
  const { url } = collector
  const { ended } = start(t, 'import', file, '--collector', url)
  for (const share of [0.1, 0.4]) {
    await until('the first runs', async () => (await runsAt(url)) > share * total)
    await collector.kill('SIGKILL')
    collector = await spawnCollector(t, store, ['--listen', new URL(url).host])
  }
  assert.equal((await ended)[0], 0)
  const reopened = openSqliteStore(join(folder, 'store.db'), { access: 'read' })
  t.after(() => reopened.close())
  const totals = await reopened.totals()
  assert.deepEqual([totals.runs, totals.logBytes, totals.verdicts.held], [total, total * 1000, total])
})

test('an export that is interrupted leaves no part of a file, and the file of before as it was', async (t) => {
  const folder = scratch(t)
  const store = `sqlite:${join(folder, 'store.db')}`
  const file = join(folder, 'all.ndjson.gz')
  writeFileSync(file, 'of before')
  const seed = join(folder, 'seed.ndjson')
  writeFileSync(seed, bytesOf(exportOf(samples(40, 250_000))))
  assert.equal(plugpull('import', seed, '--store', store).status, 0)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, ended } = start(t, 'export', '--all', '--store', store, '--output', file)
    await until('the part', () => readdirSync(folder).some((name) => name.endsWith('.partial')))
    child.kill(signal)
    assert.equal((await ended)[0], 130)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.partial')),
      [],
    )
    assert.equal(readFileSync(file, 'utf8'), 'of before')
  }
})

test('an import that waits for its input, or for its collector, ends at once when it is interrupted', async (t) => {
  const silent = await serverThat(t, () => undefined)
  const file = join(scratch(t), 'x.ndjson')
  writeFileSync(file, bytesOf(exportOf(samples(3))))
  let asked = 0
  const counting = await serverThat(t, () => asked++)
  for (const args of [
    ['-', '--collector', silent],
    [file, '--collector', counting],
  ]) {
    const child = spawn(process.execPath, [ENTRY, 'import', ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
    t.after(() => child.kill('SIGKILL'))
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const ended = once(child, 'close')
    // More than a pipe holds: once it is written the program is reading, and waits for the rest.
    const begun = bytesOf(exportOf([sample(1, 250_000)])).subarray(0, 300_000)
    if (args[0] === '-') await new Promise((resolve) => child.stdin.write(begun, resolve))
    else await until('the request', () => asked > 0)
    child.kill('SIGINT')
    const [code] = await ended
    assert.equal(code, 130, stderr)
  }
})

async function serverThat(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}

test('an export that breaks off, or lacks its end, is no file', async (t) => {
  const file = join(scratch(t), 'x.ndjson')
  const whole = bytesOf(exportOf(samples(3)))
  const broken = await serverThat(t, (_request, response) => {
    response.writeHead(200).write(whole.subarray(0, 3000), () => setTimeout(() => response.destroy(), 20))
  })
  const short = await serverThat(t, (_request, response) => response.end(whole.subarray(0, whole.lastIndexOf(0x7b))))
  for (const [url, status, message] of [
    [broken, 69, /COLLECTOR_UNREACHABLE/],
    [short, 64, /EXPORT_UNREADABLE: the export line 17: it ends without its end line/],
  ] as const) {
    const child = spawn(process.execPath, [ENTRY, 'export', '--all', '--collector', url, '--output', file])
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const [code] = await once(child, 'close')
    assert.equal(code, status, stderr)
    assert.match(stderr, message)
    assert(!existsSync(file))
  }
})
