import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { manifestOf } from '../../bench/judge/history.ts'
import { Completions } from '../../bench/completions.ts'
import { FrameEncoder, RecordEncoder } from '../../src/core/wire.ts'

/** A log in which write n is complete at the n-th of these times. */
async function* logOf(timesUs: readonly number[]): AsyncGenerator<Uint8Array> {
  const frames = new FrameEncoder()
  const records = new RecordEncoder()
  yield frames.manifest(manifestOf(4096))
  records.add('window', timesUs.length, 0)
  for (const [index, us] of timesUs.entries()) {
    records.add('issue', index + 1, us - 1)
    records.add('complete', index + 1, us)
  }
  await Promise.resolve()
  yield frames.frame('records', records.take())
}

describe('writes a second, from the log', () => {
  it('counts between two moments after the first completion', async () => {
    // One write each 10 ms from 1 s on; from 1.5 s on one each 1 ms.
    const slow = Array.from({ length: 50 }, (_, n) => 1_000_000 + n * 10_000)
    const fast = Array.from({ length: 1000 }, (_, n) => 1_500_000 + n * 1000)
    const completions = await Completions.of(logOf([...slow, ...fast]))
    assert.equal(completions.perSecond(0, 400), 100)
    assert.equal(completions.perSecond(600, 1000), 1000)
  })

  it('counts nothing but what is there: a run that ended earlier is not slower', async () => {
    const completions = await Completions.of(logOf(Array.from({ length: 101 }, (_, n) => 5000 + n * 1000)))
    assert.equal(completions.perSecond(50, 100_000), 1000)
    assert.equal(completions.perSecond(500, 1000), 0)
  })
})
