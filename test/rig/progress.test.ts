/** What the loop takes a run at a real collector for: under way, or ended, or somebody else's by now. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteStore } from '../../src/collector/sqlite-store.ts'
import { sleepMs } from '../../src/io/clock.ts'
import { type Watching, logHasEnded, requireUnderWay } from '../../src/rig/progress.ts'
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
  const ended = logHasEnded(here, RUN)
  await here.collector.client.append(RUN, 10, logBytes(1, 10, 5), WRITING)
  assert.equal(await ended, true)
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
  assert.equal(await logHasEnded(here, RUN), false)
  agent.alive = false
  await living
})
