import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { sideBySide } from '../../src/rig/side-by-side.ts'

const NEVER = new AbortController().signal

/** Work that ends when it is told to, and counts how much of it goes on at once. */
class Bench {
  readonly begun: number[] = []
  readonly finish = new Map<number, () => void>()
  readonly aborted: number[] = []

  readonly work = (item: number, signal: AbortSignal): Promise<void> => {
    this.begun.push(item)
    return new Promise((resolve, reject) => {
      this.finish.set(item, resolve)
      signal.addEventListener('abort', () => {
        this.aborted.push(item)
        reject(signal.reason)
      })
    })
  }
}

describe('work side by side', () => {
  it('takes the items in order, so many at a time', async () => {
    const bench = new Bench()
    const all = sideBySide([1, 2, 3, 4], 2, NEVER, bench.work)
    await turn()
    assert.deepEqual(bench.begun, [1, 2])
    bench.finish.get(2)?.()
    await turn()
    assert.deepEqual(bench.begun, [1, 2, 3])
    for (const item of [1, 3]) bench.finish.get(item)?.()
    await turn()
    bench.finish.get(4)?.()
    await all
    assert.deepEqual(bench.begun, [1, 2, 3, 4])
  })

  it('stops all for the first that fails, and throws what that one threw', async () => {
    const bench = new Bench()
    const all = sideBySide([1, 2, 3], 2, NEVER, (item, signal) =>
      item === 2 ? turn().then(() => Promise.reject(new Error('two broke'))) : bench.work(item, signal),
    )
    await assert.rejects(all, /two broke/)
    assert.deepEqual([bench.begun, bench.aborted], [[1], [1]])
  })

  it('stops all when it is told to stop', async () => {
    const bench = new Bench()
    const stop = new AbortController()
    const all = sideBySide([1, 2, 3], 2, stop.signal, bench.work)
    await turn()
    stop.abort(new Error('enough'))
    await assert.rejects(all, /enough/)
    assert.deepEqual(bench.begun, [1, 2])
  })
})
