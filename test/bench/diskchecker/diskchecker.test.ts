import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lineOf } from '../../../bench/diskchecker/client.ts'
import { stretchesOf } from '../../../bench/diskchecker/stretches.ts'
import { manifestOf } from '../../../bench/judge/history.ts'
import { FrameEncoder, RecordEncoder } from '../../../src/core/wire.ts'

describe('the job of diskchecker.pl', () => {
  it('is followed by its lines, one a second', () => {
    const line = '  diskchecker: running 3 sec, 99.80% coverage of 16 MB (11822 writes; 3940/s)'
    assert.deepEqual(lineOf(line), { second: 3, writes: 11_822 })
    assert.equal(lineOf(' verifying: 99.80%'), undefined)
  })

  it('takes the agent a write, a flush and a wait, of which the log knows the lengths', async () => {
    const frames = new FrameEncoder()
    const records = new RecordEncoder()
    records.add('window', 100, 0)
    let us = 1000
    for (let write = 1; write <= 20; write++) {
      // The first ten are slow, and are to be left out; a tick falls into one of the waits.
      const factor = write <= 10 ? 10 : 1
      records.add('issue', write, us)
      records.add('complete', write, (us += 20 * factor))
      records.add('flush-issue', write, us)
      records.add('flush-complete', write, (us += 150 * factor))
      if (write === 15) records.add('tick', 0, us + 100)
      us += 300 * factor
    }
    const log = [frames.manifest(manifestOf(4096)), frames.frame('records', records.take())]
    assert.deepEqual(await stretchesOf(each(log), 47), { write: 20, flush: 150, wait: 300 })
  })
})

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield* pieces
}
