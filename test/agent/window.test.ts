/** The rule that the evidence rests on: no write reaches the target before the log that announces it is acknowledged. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { AppendOutcome, LogPort } from '../../src/agent/log-port.ts'
import { type RunOptions, run } from '../../src/agent/run.ts'
import { parseWorkloadOptions } from '../../src/core/agent-options.ts'
import { openLab } from '../io/lab.ts'
import { checkRecords, countOf, decodeLog, newestOnTarget, windowOf } from './evidence.ts'

const MIB = 2 ** 20
const FLUSH_EVERY = 64

/** Acknowledges late, and looks at the target before it does. */
class SlowLog implements LogPort {
  readonly #target: string
  readonly #commitWait: boolean
  bytes = new Uint8Array(0)
  looks = 0

  constructor(target: string, commitWait: boolean) {
    this.#target = target
    this.#commitWait = commitWait
  }

  async append(offset: number, bytes: Uint8Array): Promise<AppendOutcome> {
    await new Promise((resolve) => setTimeout(resolve, 30))
    this.#look()
    assert.equal(offset, this.bytes.length)
    this.bytes = new Uint8Array(Buffer.concat([this.bytes, bytes]))
    return { stable: this.bytes.length, next: this.bytes.length }
  }

  #look(): void {
    if (this.bytes.length === 0) return
    this.looks++
    const acknowledged = decodeLog(this.bytes)
    const newest = newestOnTarget(acknowledged.manifest, this.#target)
    const window = windowOf(acknowledged)
    const next = (countOf(acknowledged, 'flush-complete') + 1) * FLUSH_EVERY
    if (this.#commitWait)
      assert(
        newest <= next,
        `write ${newest} is on the target before the flush after ${next - FLUSH_EVERY} was acknowledged`,
      )
    assert(newest <= window, `write ${newest} is on the target, and only ${window} are announced for certain`)
  }

  async close(): Promise<void> {}
}

for (const commit of ['stream', 'wait']) {
  test(`no write before its window is acknowledged, --commit ${commit}`, { timeout: 60_000 }, async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const target = lab.file('target', MIB)
    const log = new SlowLog(target, commit === 'wait')
    const options: RunOptions = {
      target,
      identity: { campaign: 'test', labels: {} },
      workload: parseWorkloadOptions({
        queueDepth: '4',
        writes: '600',
        io: 'buffered',
        flushEvery: String(FLUSH_EVERY),
        commit,
      }),
      hold: false,
      openLog: async () => log,
      signal: new AbortController().signal,
      watch: { started: () => undefined, baseline: () => undefined, progressed: () => undefined },
    }
    const result = await run(options)
    assert.equal(result.completed, 600)
    const evidence = decodeLog(log.bytes)
    checkRecords(evidence)
    assert(log.looks > 4 && countOf(evidence, 'window') > 2)
  })
}
