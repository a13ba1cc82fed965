/** The agent's parts, each on its own: lock, ring, uplink. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { FutexLock } from '../../src/agent/lock.ts'
import type { AppendOutcome, LogPort } from '../../src/agent/log-port.ts'
import { RecordRing } from '../../src/agent/ring.ts'
import { Uplink } from '../../src/agent/uplink.ts'
import { ProbeError } from '../../src/core/errors.ts'
import { Prng } from '../../src/core/prng.ts'
import type { RunProgress } from '../../src/core/campaign/campaign.ts'

const PROGRESS: RunProgress = { state: 'writing', issued: 0, completed: 0, flushes: 0 }

test('a lock held by one thread is had by no other: a plain counter loses nothing', { timeout: 60_000 }, async () => {
  const words = new Int32Array(new SharedArrayBuffer(64))
  const lockFile = new URL('../../src/agent/lock.js', import.meta.url).href
  const code = `
    const { workerData } = require('node:worker_threads')
    import('${lockFile}').then(({ FutexLock }) => {
      const lock = new FutexLock(workerData, 0)
      Atomics.add(workerData, 4, 1)
      while (Atomics.load(workerData, 4) < 4);
      for (let i = 0; i < 50000; i++) {
        lock.take()
        workerData[8] = workerData[8] + 1
        lock.give()
      }
    })`
  const exits = Array.from(
    { length: 4 },
    () => new Promise((resolve) => new Worker(code, { eval: true, workerData: words }).on('exit', resolve)),
  )
  await Promise.all(exits)
  assert.equal(words[8], 200_000)
  assert.equal(words[0], 0, 'it is free in the end')
})

test('a lock that nobody gives back is told by the limit', () => {
  const words = new Int32Array(new SharedArrayBuffer(4))
  const lock = new FutexLock(words, 0)
  lock.take()
  assert.equal(lock.takeWithin(10), false)
  lock.give()
  assert.equal(lock.takeWithin(10), true)
})

test('the ring keeps order round and round, and refuses what it has no room for', () => {
  const ring = new RecordRing(new SharedArrayBuffer(RecordRing.bytesFor(8)), 0, 8)
  const read: unknown[] = []
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 5; i++) ring.push('failed', round * 5 + i, round + 0.5, 28)
    assert.equal(ring.used, 5)
    assert.equal(
      ring.drain(3, (...record) => read.push(record)),
      3,
    )
    assert.equal(
      ring.drain(99, (...record) => read.push(record)),
      2,
    )
  }
  assert.equal(read.length, 500)
  read.forEach((record, index) => assert.deepEqual(record, ['failed', index, Math.floor(index / 5) + 0.5, 28]))
  for (let i = 0; i < 8; i++) ring.push('tick', 0, 0)
  assert.equal(ring.room, 0)
  assert.throws(() => ring.push('tick', 0, 0), /room/)
})

/** The other side of an uplink, in memory: forgets what is not stable, answers late, says where it is. */
class FlakyLog implements LogPort {
  readonly #random: Prng
  stored = new Uint8Array(0)
  stable = 0
  appends = 0
  broken: ProbeError | undefined

  constructor(seed: number) {
    this.#random = new Prng({ lo: seed, hi: 1 })
  }

  async append(offset: number, bytes: Uint8Array, urgent: boolean): Promise<AppendOutcome> {
    this.appends++
    await new Promise((resolve) => setImmediate(resolve))
    if (this.broken !== undefined) throw this.broken
    assert(offset <= this.stored.length, 'nothing is left out')
    assert.deepEqual(
      this.stored.subarray(offset, offset + bytes.length),
      bytes.subarray(0, this.stored.length - offset),
      'what is sent again is the same',
    )
    const taken = this.#random.chance(0.3) ? this.#random.below(bytes.length + 1) : bytes.length
    if (offset + taken > this.stored.length)
      this.stored = new Uint8Array(Buffer.concat([this.stored.subarray(0, offset), bytes.subarray(0, taken)]))
    if (urgent || this.#random.chance(0.3)) this.stable = this.stored.length
    else if (this.#random.chance(0.2)) this.stored = this.stored.slice(0, this.stable)
    return { stable: this.stable, next: this.stored.length }
  }

  async close(): Promise<void> {}
}

test('the uplink loses and doubles nothing, wherever the other side says it is', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Prng({ lo: seed, hi: 2 })
    const log = new FlakyLog(seed)
    const uplink = new Uplink(
      log,
      () => PROGRESS,
      () => undefined,
    )
    const sent: Uint8Array[] = []
    for (let i = 0; i < 60; i++) {
      const bytes = Uint8Array.from({ length: random.below(3000) }, () => random.below(256))
      sent.push(bytes)
      uplink.push(bytes, random.chance(0.2))
      if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve))
      if (random.chance(0.1)) await uplink.settled()
    }
    await uplink.settled()
    assert.equal(uplink.stable, uplink.end)
    assert.deepEqual(log.stored, new Uint8Array(Buffer.concat(sent)), `seed ${seed}`)
  }
})

test('an uplink that is full says so, and has room again once the other side took it', async () => {
  const log = new FlakyLog(1)
  const uplink = new Uplink(
    log,
    () => PROGRESS,
    () => undefined,
  )
  for (let i = 0; i < 9; i++) uplink.push(new Uint8Array(1 << 20).fill(i), false)
  assert(uplink.full)
  await uplink.room()
  assert(!uplink.full)
  await uplink.settled()
})

test('an uplink that failed tells everybody who waits', async () => {
  const log = new FlakyLog(1)
  let told = 0
  const uplink = new Uplink(
    log,
    () => PROGRESS,
    () => told++,
  )
  log.broken = new ProbeError('LOG_IO', 'the log is full')
  uplink.push(Uint8Array.of(1), true)
  await assert.rejects(uplink.settled(), /the log is full/)
  assert.equal(uplink.failure, log.broken)
  assert(told > 0)
  const { appends } = log
  uplink.push(Uint8Array.of(2), true)
  await assert.rejects(uplink.settled(), /the log is full/)
  assert.equal(log.appends, appends, 'nothing is sent after a failure')
})

test('a log that lost acknowledged bytes is refused', async () => {
  const log: LogPort = {
    append: async (offset, bytes) =>
      offset === 0 ? { stable: bytes.length, next: bytes.length } : { stable: 0, next: 0 },
    close: async () => undefined,
  }
  const uplink = new Uplink(
    log,
    () => PROGRESS,
    () => undefined,
  )
  uplink.push(Uint8Array.of(1, 2, 3), true)
  await uplink.settled()
  uplink.push(Uint8Array.of(4), true)
  await assert.rejects(uplink.settled(), (error) => error instanceof ProbeError && error.code === 'COLLECTOR_REFUSED')
})
