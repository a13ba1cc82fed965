/** What befalls a question to the analyst befalls no other: it takes too long, too much memory, or nobody waits for it. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Analyst, type AnalystOptions } from '../../../src/collector/view/run/analyst.ts'
import { FrameEncoder, RecordEncoder } from '../../../src/core/wire.ts'
import { runId, wholeManifest } from '../helpers.ts'

/** A log of that many flushes. */
function logOf(run: string, flushes: number): Uint8Array {
  const frames = new FrameEncoder()
  const records = new RecordEncoder()
  const parts = [frames.manifest(wholeManifest(run))]
  for (let flush = 1; flush <= flushes; flush++) {
    records.add('flush-issue', flush, flush * 1000)
    records.add('flush-complete', flush, flush * 1000)
    if (records.pending > 65_536) parts.push(frames.frame('records', records.take()))
  }
  return Buffer.concat([...parts, frames.frame('records', records.take())])
}

interface Asking {
  readonly n: number
  readonly flushes?: number
  readonly pieces?: () => AsyncIterable<Uint8Array>
  readonly caller?: string
  readonly signal?: AbortSignal
}

function analystOf(t: TestContext, options: AnalystOptions = {}) {
  const analyst = new Analyst(options)
  t.after(() => analyst.close())
  return async ({ n, flushes = 1, pieces, caller = 'one', signal = new AbortController().signal }: Asking) => {
    const log = logOf(runId(n), flushes)
    const whole = async function* whole() {
      yield log
    }
    const question = { kind: 'timeline', log: { run: runId(n), bytes: log.length }, buckets: 1 } as const
    const { run, buckets } = await analyst.ask(question, pieces ?? whole, { caller, signal })
    return { run, flushes: buckets[0]?.flushes }
  }
}

/** A log that never comes. */
const silence = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }

test('a question that takes too long is refused, and the next is asked in another thread', async (t) => {
  const overs: (() => void)[] = []
  const ask = analystOf(t, {
    deadline: (over) => {
      overs.push(over)
      return () => undefined
    },
  })
  const late = ask({ n: 1, pieces: () => silence })
  const next = ask({ n: 2 })
  overs[0]?.()
  await assert.rejects(late, {
    code: 'EVIDENCE_UNUSABLE',
    message: /0001, whose log has \d+ bytes, takes longer than 60 s/,
  })
  assert.deepEqual(await next, { run: runId(2), flushes: 1 })
  // What is called too late ends nothing.
  const after = ask({ n: 3 })
  overs[0]?.()
  assert.deepEqual(await after, { run: runId(3), flushes: 1 })
})

test('a log that is too large for the thread takes nobody else with it', async (t) => {
  const ask = analystOf(t, { heapMib: 24 })
  const large = ask({ n: 1, flushes: 1_000_000 })
  const small = ask({ n: 2, flushes: 3 })
  await assert.rejects(large, { code: 'EVIDENCE_UNUSABLE', message: /takes more than 24 MiB of memory/ })
  assert.deepEqual(await small, { run: runId(2), flushes: 3 })
})

test('what nobody waits for is not read', async (t) => {
  const ask = analystOf(t)
  const gone = new AbortController()
  let opened = 0
  const pieces = () => {
    opened++
    return silence
  }
  const first = ask({ n: 1 })
  const dropped = ask({ n: 2, signal: gone.signal, pieces })
  gone.abort()
  await assert.rejects(dropped, { code: 'BAD_REQUEST' })
  await assert.rejects(ask({ n: 3, signal: gone.signal, pieces }), { code: 'BAD_REQUEST' })
  await first
  await ask({ n: 4 })
  assert.equal(opened, 0)
})

test('a log with more flushes than can be drawn is refused before they are kept', async (t) => {
  const ask = analystOf(t)
  await assert.rejects(ask({ n: 1, flushes: (1 << 22) + 1 }), {
    code: 'LOG_UNREADABLE',
    message: /it holds more than 4194304 flushes, windows and failures/,
  })
})
