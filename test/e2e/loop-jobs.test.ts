/** Cycles side by side: the same seeds and results in the same order, and nothing left behind when they are stopped. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleepMs } from '../../src/io/clock.ts'
import type { CampaignResult } from '../../src/rig/campaign.ts'
import { assertNothingLeft, ended, inPlace, loop, processesNaming, skippedWithout, withoutRun } from './loop-run.ts'

const LIMIT_MS = 120_000

describe('loop --jobs', () => {
  it('gives each cycle the seed and the place that it has without', () =>
    inPlace(async (place) => {
      const args = ['--rig', 'sim', '--cycles', '3', '--seed', '5', '--size', '1M', '--queue-depth', '4']
      const told = ({ cycles }: CampaignResult) =>
        cycles.map(({ cycle, seed, cutAfterMs, verdict }) => [cycle, seed, cutAfterMs, withoutRun(verdict)])
      const alone = await loop(place, args)
      const beside = await loop(place, [...args, '--jobs', '2'])
      assert.deepEqual(told(beside.result), told(alone.result))
    }))

  it('stops all at Ctrl-C, and leaves nothing behind', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const child = place.start(['loop', '--cycles', '1000', '--size', '1M', '--jobs', '2', '--cut-after', '5s'])
      const outcome = ended(child)
      const end = Date.now() + LIMIT_MS
      const agents = (): number =>
        processesNaming(place.path).filter((line) => line.includes(' agent --target ')).length
      while (agents() < 2) {
        assert.ok(Date.now() < end, `two agents at once within ${LIMIT_MS} ms`)
        await sleepMs(10)
      }
      child.kill('SIGINT')
      assert.equal((await outcome).status, 130)
      assertNothingLeft(place.path)
    })
  })
})
