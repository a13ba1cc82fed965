/** What the loop takes a run at a real collector for: under way, or ended, or somebody else's by now. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import { monotonicMs, sleepMs } from '../../src/io/clock.ts'
import { type Watching, endOfLog, requireStillEnded, requireUnderWay, untilVerdict } from '../../src/rig/progress.ts'
import { logBytes, runId, sampleManifest, sampleVerdict, scratch, startServer } from '../collector/helpers.ts'

const RUN = runId(1)
const WRITING = { state: 'writing', issued: 1, completed: 1, flushes: 1 } as const
const WAITING = { bootLimitMs: 1000, console: () => 'kernel panic' }

async function watching(t: TestContext): Promise<Watching> {
  const { client } = await startServer(t, openSqliteStore(join(scratch(t), 'store.db')))
  await client.createRun(RUN, 'c', sampleManifest(RUN, 'c'))
  await client.append(RUN, 0, logBytes(1, 0, 10), WRITING)
  return { collector: { client }, signal: new AbortController().signal }
}

test('a run that writes is under way', async (t) => {
  await requireUnderWay(await watching(t), RUN, WAITING)
})

for (const state of ['failed', 'done'] as const) {
  test(`a run that is ${state} is not, and the console is told`, async (t) => {
    const here = await watching(t)
    await here.collector.client.append(RUN, 10, logBytes(1, 10, 1), { ...WRITING, state })
    await assert.rejects(requireUnderWay(here, RUN, WAITING), {
      code: 'RIG_FAILED',
      message: new RegExp(`ended before the cut; its last state is ${state}; its console said last: kernel panic$`),
    })
  })
}

test('a run that was verified before the cut is of a machine that has started again', async (t) => {
  const here = await watching(t)
  await here.collector.client.publishVerdict(RUN, sampleVerdict(RUN))
  await assert.rejects(requireUnderWay(here, RUN, WAITING), { code: 'RIG_FAILED', message: /has started again/ })
})

test('a log that stands still has ended, also after the last bytes on their way', async (t) => {
  const here = await watching(t)
  const ended = endOfLog(here, RUN)
  await here.collector.client.append(RUN, 10, logBytes(1, 10, 5), WRITING)
  assert.equal(await ended, 15)
  await requireStillEnded(here, RUN, 15, monotonicMs())
})

test('a log that grows on has not', async (t) => {
  const here = await watching(t)
  const agent = { alive: true }
  const living = (async (): Promise<void> => {
    for (let at = 10; agent.alive; at++) {
      await here.collector.client.append(RUN, at, logBytes(1, at, 1), WRITING)
      await sleepMs(20)
    }
  })()
  assert.equal(await endOfLog(here, RUN), undefined)
  agent.alive = false
  await living
})

test('a log that grows again once the machine is on was not cut', async (t) => {
  const here = await watching(t)
  const still = requireStillEnded(here, RUN, 10, monotonicMs())
  await here.collector.client.append(RUN, 10, logBytes(1, 10, 5), WRITING)
  await assert.rejects(still, {
    code: 'RIG_FAILED',
    message: /^run 0+1 went on after its cut: its log grew from 10 to 15 bytes/,
  })
})

test('a machine that ended without a verdict is not waited for', async (t) => {
  const here = await watching(t)
  const gone = { ...WAITING, bootLimitMs: 600_000, ended: () => 'qemu ended (status 0)' }
  await assert.rejects(untilVerdict(here, RUN, gone), {
    code: 'RIG_FAILED',
    message: /^qemu ended \(status 0\), switched on again, without a verdict on run .*said last: kernel panic$/,
  })
  await here.collector.client.publishVerdict(RUN, sampleVerdict(RUN))
  assert.equal((await untilVerdict(here, RUN, gone)).verdict, 'held')
})
