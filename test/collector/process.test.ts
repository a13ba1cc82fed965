/** The collector as a process: SIGKILL at any moment, restart, memory, and what its command refuses. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import { ProbeError } from '../../src/core/errors.ts'
import { Prng } from '../../src/core/prng.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import {
  ENTRY,
  logBytes,
  lossyVerdict,
  readAll,
  runId,
  sampleManifest,
  sampleMeasures,
  sampleVerdict,
  scratch,
  spawnCollector,
  wholeManifest,
} from './helpers.ts'

const AGENTS = 6
const KILLS = 4

/** Appends as an agent does, until the collector is gone: in order, resumed by offset; returns what was acknowledged. */
async function appendUntilGone(client: CollectorClient, n: number, from: number, random: Prng): Promise<number> {
  let acknowledged = from
  try {
    for (;;) {
      const length = 1 + random.below(30_000)
      // Half of the time some bytes are sent again, as after a lost answer.
      const back = Math.min(acknowledged, random.below(2) * random.below(5000))
      const offset = acknowledged - back
      const result = await client.append(runId(n), offset, logBytes(n, offset, back + length))
      assert.deepEqual(result, { kind: 'stored', offset: acknowledged + length })
      acknowledged = result.offset
    }
  } catch (error) {
    assert(error instanceof ProbeError && error.code === 'COLLECTOR_UNREACHABLE', String(error))
    return acknowledged
  }
}

test('SIGKILL amid concurrent appends loses and doubles no acknowledged byte', { timeout: 120_000 }, async (t) => {
  const seed = Date.now()
  t.diagnostic(`seed ${seed}`)
  const random = new Prng({ lo: seed % 2 ** 32, hi: 1 })
  const store = `sqlite:${join(scratch(t), 'store.db')}`
  const acknowledged = Array.from({ length: AGENTS }, () => 0)
  for (let round = 0; round <= KILLS; round++) {
    const collector = await spawnCollector(t, store)
    const client = new CollectorClient(collector.url)
    for (let n = 0; n < AGENTS; n++) {
      assert.equal(await client.createRun(runId(n), 'kill', sampleManifest(runId(n), 'kill')), round === 0)
      const log = await readAll(client.readLog(runId(n)))
      assert(log.length >= (acknowledged[n] ?? 0), `round ${round}: run ${n} kept ${log.length} of ${acknowledged[n]}`)
      assert(log.equals(logBytes(n, 0, log.length)), `round ${round}: run ${n} has other bytes`)
      acknowledged[n] = log.length
    }
    const before = [...acknowledged]
    const agents = acknowledged.map((from, n) =>
      appendUntilGone(client, n, from, new Prng({ lo: seed % 2 ** 32, hi: 2 + n })),
    )
    await sleep(100 + random.below(400))
    await collector.kill('SIGKILL')
    for (const [n, end] of (await Promise.all(agents)).entries()) acknowledged[n] = end
    assert(
      acknowledged.some((end, n) => end > (before[n] ?? 0)),
      `round ${round}: nothing was appended before the kill`,
    )
    await client.close()
  }
})

/** Kilobytes of a field of /proc/PID/status. */
function memoryKb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

test(
  'memory stays bounded while a log of 64 MiB is appended and read by a slow reader',
  { timeout: 120_000 },
  async (t) => {
    const { url, child } = await spawnCollector(t, `sqlite:${join(scratch(t), 'store.db')}`)
    const client = new CollectorClient(url)
    t.after(() => client.close())
    const large = runId(1)
    await client.createRun(large, 'large', sampleManifest(large, 'large'))
    const chunk = logBytes(1, 0, 1 << 20)
    for (let at = 0; at < 64 << 20; at += chunk.length) {
      assert.deepEqual(await client.append(large, at, chunk), { kind: 'stored', offset: at + chunk.length })
    }
    const pid = child.pid ?? 0
    // Resets the peak, so that it tells of the reading alone.
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    const beforeKb = memoryKb(pid, 'VmRSS')
    let bytes = 0
    for await (const piece of client.readLog(large)) {
      // Long enough for a collector that does not wait for its reader to have read everything.
      if (bytes === 0) await sleep(1500)
      for (let index = 0; index < piece.length; index += 1009) {
        assert.equal(piece[index], chunk[(bytes + index) % chunk.length], `byte ${bytes + index}`)
      }
      bytes += piece.length
    }
    assert.equal(bytes, 64 << 20)
    const peakKb = memoryKb(pid, 'VmHWM')
    t.diagnostic(`${beforeKb} kB before, at most ${peakKb} kB while reading`)
    assert(peakKb - beforeKb < 40_000, `reading 64 MiB took ${peakKb - beforeKb} kB more`)
    assert(peakKb < 300_000, `the collector took ${peakKb} kB`)
  },
)

test('it ends in good order, and says where it listens', async (t) => {
  const folder = scratch(t)
  const portFile = join(folder, 'port')
  const collector = await spawnCollector(t, `sqlite:${join(folder, 'store.db')}`, ['--port-file', portFile])
  assert.equal(readFileSync(portFile, 'utf8'), `${new URL(collector.url).port}\n`)
  await collector.kill('SIGTERM')
  assert.equal(collector.child.exitCode, 0)
})

interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(...args: string[]): Outcome {
  return spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', timeout: 30_000 })
}

test('what it cannot do is refused in one line', async (t) => {
  const folder = scratch(t)
  const store = `sqlite:${join(folder, 'store.db')}`
  const taken = new URL((await spawnCollector(t, `sqlite:${join(folder, 'other.db')}`)).url).host
  const cases: [string[], number, RegExp][] = [
    [['--listen', '0.0.0.0:0', '--store', store], 64, /BAD_OPTION: --listen 0\.0\.0\.0:0 .*--token-file/],
    [['--listen', '127.0.0.1:0', '--store', `sqlite:${folder}/no/where.db`], 69, /STORE_UNAVAILABLE: .*where\.db/],
    [['--listen', taken, '--store', store], 69, /COLLECTOR_PORT: .*taken/],
    [['--listen', '127.0.0.1:0', '--store', store, '--port-file', `${folder}/no/port`], 74, /OUTPUT_IO: --port-file/],
  ]
  for (const [options, status, message] of cases) {
    const outcome = run('collector', ...options)
    assert.equal(outcome.status, status, `${options.join(' ')}: ${outcome.stderr}`)
    assert.match(outcome.stderr, message)
    assert.doesNotMatch(outcome.stderr, /^\s+at /m)
    assert.equal(outcome.stdout, '')
  }
})

test('a report is the same from the store and from a collector', async (t) => {
  const folder = scratch(t)
  const spec = `sqlite:${join(folder, 'store.db')}`
  const store = openSqliteStore(join(folder, 'store.db'))
  for (let n = 1; n <= 6; n++) {
    const campaign = n <= 4 ? 'lossy' : 'calm'
    await store.createRun({
      run: runId(n),
      campaign,
      createdAt: '2026-01-01T00:00:00.000Z',
      manifest: sampleManifest(runId(n), campaign),
    })
    if (n !== 4)
      await store.addVerdict(
        runId(n),
        '2026-01-01T00:01:00.000Z',
        n <= 4 ? lossyVerdict(runId(n)) : sampleVerdict(runId(n)),
      )
  }
  await store.close()

  const direct = run('report', '--campaign', 'lossy', '--store', spec, '--json')
  assert.equal(direct.status, 0, direct.stderr)
  const report = JSON.parse(direct.stdout)
  assert.equal(report.schema, 'plugpull.report/1')
  assert.deepEqual([report.summary.runs, report.summary.verified, report.summary.held], [4, 3, 3])
  assert.deepEqual(
    report.runs.map((one: { run: string }) => one.run),
    [1, 2, 3, 4].map(runId),
  )

  const { url } = await spawnCollector(t, spec)
  assert.equal(run('report', '--campaign', 'lossy', '--collector', url, '--format', 'json').stdout, direct.stdout)
  const text = run('report', '--campaign', 'lossy', '--against', 'calm', '--collector', url).stdout
  assert.match(text, /Campaign lossy: 4 runs: 3 held, 0 violation, 0 inconclusive, 1 not verified/)
  assert.match(text, /writes lost +3 of 3: 100\.0 % \(36\.8–100\.0 %\)/)
  assert.match(text, /writes torn +0 of 3: below 63\.2 %/)
  assert.match(text, /writes lost .* \/ 0 of 2: .* p = 0\.1000/)
  const markdown = run('report', '--campaign', 'lossy', '--store', spec, '--format', 'markdown').stdout
  assert.match(markdown, /^# Campaign lossy\n/)
  assert.match(markdown, /\| writes lost \| 3 of 3: 100\.0 % \(36\.8–100\.0 %\) \|/)
  assert.equal(markdown.split('\n').filter((line) => /^\| 0{15}\d /.test(line)).length, 4)

  for (const source of [
    ['--collector', url],
    ['--store', spec],
  ]) {
    const unknown = run('report', '--campaign', 'none', ...source)
    assert.deepEqual([unknown.status, unknown.stdout], [64, ''])
    assert.match(unknown.stderr, /CAMPAIGN_UNKNOWN: .* has no campaign "none"; it has (calm, lossy|lossy, calm)\n/)
  }
  // These verdicts carry no measures: they are told as far as they go.
  assert.deepEqual(
    report.evidence.sentences.map(({ about }: { about: string }) => about),
    ['violation'],
  )
  assert.match(text, /What the figures support:\n {2}contract +held in 3 cuts: a violation rate above 63\.2 %/)
  for (const source of [
    ['--collector', url],
    ['--store', spec],
  ]) {
    const unnamed = run('report', ...source)
    assert.equal(unnamed.status, 64)
    assert.match(unnamed.stderr, /BAD_OPTION: report needs --campaign NAME; .* has (calm, lossy|lossy, calm)\n/)
  }
  assert.match(text, /\nlossy \/ calm, Fisher's exact test, p uncorrected/)
  assert.match(text, /\nRuns; lost, torn and reordered count what is forbidden and what is permitted together:\nrun /)
  assert.match(run('report', '--campaign', 'x').stderr, /BAD_OPTION: .*--collector.*--store/)
  const absent = join(folder, 'absent.db')
  assert.equal(run('report', '--campaign', 'x', '--store', `sqlite:${absent}`).status, 69)
  assert(!existsSync(absent))
})

test('a comparison is the same from the store and from a collector, and measures reach it', async (t) => {
  const folder = scratch(t)
  const spec = `sqlite:${join(folder, 'store.db')}`
  const store = openSqliteStore(join(folder, 'store.db'))
  const at = '2026-01-01T00:00:00.000Z'
  for (let n = 1; n <= 20; n++) {
    const id = runId(n)
    const campaign = n <= 10 ? 'lossy' : 'calm'
    const manifest = wholeManifest(id, campaign, {
      image: n <= 10 ? 'qcow2' : 'raw',
      rig: 'qemu',
      ...(n % 10 === 1 ? { fault: 'log-writes' } : {}),
    })
    await store.createRun({ run: id, campaign, createdAt: at, manifest })
    await store.recordCut(id, { kind: 'sigkill', at, died: true }, at)
    const verdict = n <= 10 ? lossyVerdict(id) : sampleVerdict(id)
    await store.addVerdict(id, at, { ...verdict, measures: sampleMeasures })
  }
  await store.close()
  const { url } = await spawnCollector(t, spec)

  const [direct, remote] = [
    ['--store', spec],
    ['--collector', url],
  ].map((source) => run('compare', 'lossy', 'calm', '--json', ...source))
  assert.deepEqual([direct?.status, remote?.status], [0, 0], direct?.stderr)
  const comparison = JSON.parse(direct?.stdout ?? '')
  assert.deepEqual(JSON.parse(remote?.stdout ?? ''), comparison)
  assert.equal(comparison.schema, 'plugpull.compare/1')
  assert.deepEqual(comparison.a.summary.measures.tears.alignments, { 0: 10, 4096: 20 })
  assert.deepEqual(comparison.differences, [{ facet: 'image', a: ['qcow2'], b: ['raw'] }])
  assert.deepEqual([comparison.rates.lost.differs, comparison.rates.torn.differs], [true, false])

  const text = run('compare', 'lossy', 'calm', '--store', spec).stdout
  assert.match(
    text,
    /^lossy loses writes more often than calm: 10 of 10 cuts against 0 of 10; .* fewer than 1 in 10,000 pairs/,
  )
  assert.match(text, /\nThey differ in image \(qcow2 against raw\) alone/)
  assert.match(text, /\nwrites torn +0 of 10: .* 0 of 10: .* 1\.0000 +1\.0000 +B 6 of 10 or more\n/)
  assert.match(text, /corrected for that \(Holm\)/)

  const report = run('report', '--campaign', 'lossy', '--collector', url).stdout
  assert.match(report, /\ninjected fault: log-writes \(1 of 10 runs\)\n/)
  assert.match(report, /\nlost or torn at the cuts: 10 completed writes, forbidden and permitted together, /)
  assert.match(report, /tears +20 writes of up to 8 KiB; boundaries: 20 aligned to 4 KiB, 10 inside a sector/)
  const { summary, evidence } = JSON.parse(run('report', '--campaign', 'lossy', '--store', spec, '--json').stdout)
  assert.equal(summary.measures.runs, 10)
  assert.equal(evidence.atomicity.untorn.bytes, 4096)
  const markdown = run('report', '--campaign', 'lossy', '--store', spec, '--format', 'markdown').stdout
  assert.match(markdown, /\n- tears +20 writes/)

  assert.equal(run('compare', 'lossy', 'none', '--store', spec).status, 64)
  assert.match(run('compare', 'lossy', 'lossy', '--store', spec).stderr, /BAD_OPTION: compare got "lossy" twice/)
  assert.match(run('compare', 'lossy', 'calm').stderr, /BAD_OPTION: compare needs --collector/)
})
