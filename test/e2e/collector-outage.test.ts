/** The collector is killed, restarted, or never there: the run goes on or does not begin, and nothing is lost or doubled. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleepMs } from 'node:timers/promises'
import { test } from 'node:test'
import { HistoryBuilder } from '../../src/core/history.ts'
import { LogDecoder } from '../../src/core/wire.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { PlugpullProcess, plugpull, scratchFolder, startCollector, until } from '../support/plugpull-process.ts'

const WRITES = 20_000
const RUN = 'c0ffee0000000001'

test('a collector that is killed and restarted twice during a run loses and doubles nothing', async (t) => {
  const folder = scratchFolder(t)
  const target = join(folder, 'disk.raw')
  writeFileSync(target, '')
  truncateSync(target, 16 << 20)
  let collector = await startCollector(t, folder)
  const { port, url } = collector
  const client = new CollectorClient(url)
  t.after(() => client.close())
  const workload = ['--queue-depth', '4', '--flush-every', '4', '--writes', String(WRITES)]
  const agent = new PlugpullProcess(t, ['agent', '--target', target, '--collector', url, '--run-id', RUN, ...workload])
  for (const share of [0.2, 0.6]) {
    await until(`${share} of the writes`, async () => {
      assert.ok(!agent.isOver, `the agent ended too early: ${agent.stderr}`)
      const { progress } = await client.run(RUN).catch(() => ({ progress: undefined }))
      return (progress?.completed ?? 0) >= WRITES * share ? true : undefined
    })
    await collector.process.kill('SIGKILL')
    await sleepMs(300)
    collector = await startCollector(t, folder, port)
  }
  const ended = await agent.outcome()
  assert.equal(ended.status, 0, ended.stderr)

  const builder = new HistoryBuilder()
  const decoder = new LogDecoder(builder)
  for await (const piece of client.readLog(RUN)) decoder.push(piece)
  const history = builder.finish(decoder.end())
  assert.equal(history.logEnd.tail, 'clean')
  assert.equal(history.ended, true)
  assert.deepEqual([history.issued, history.completed, history.flushesIssued], [WRITES, WRITES, WRITES / 4])

  const verdict = await plugpull(t, 'verify', '--target', target, '--collector', url, '--run', RUN)
  assert.equal(verdict.status, 0, verdict.stdout + verdict.stderr)
})

test('a collector that is not there: exit 69, and nothing is written to the target', async (t) => {
  const folder = scratchFolder(t)
  const target = join(folder, 'disk.raw')
  writeFileSync(target, Buffer.alloc(1 << 20, 7))
  const digest = (): string => createHash('sha256').update(readFileSync(target)).digest('hex')
  const before = digest()
  const gone = await startCollector(t, folder)
  await gone.process.kill('SIGKILL')
  const ended = await plugpull(t, 'agent', '--target', target, '--collector', gone.url, '--baseline', 'format')
  assert.equal(ended.status, 69)
  assert.match(ended.stderr, /COLLECTOR_UNREACHABLE/)
  assert.ok(ended.stderr.includes(gone.url), 'the message names the collector')
  assert.ok(!ended.stderr.includes('    at '), 'no stack trace')
  assert.equal(digest(), before)
})
