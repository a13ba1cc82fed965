/** Worker threads: every task is done once, and nothing is left running when they are stopped. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inWorkers } from '../../trust/crew.ts'

const program = (source: string): URL => new URL(`data:text/javascript,${encodeURIComponent(source)}`)
const DOUBLE = program(`import { parentPort } from 'node:worker_threads'
parentPort.on('message', (n) => parentPort.postMessage(n * 2))`)
const STUCK = program(`import { parentPort } from 'node:worker_threads'
parentPort.on('message', () => { for (;;); })`)
const BROKEN = program(`import { parentPort } from 'node:worker_threads'
parentPort.on('message', () => { throw new Error('no such luck') })`)

describe('a crew of workers', () => {
  it('does every task once, more jobs than tasks or fewer', async () => {
    for (const jobs of [1, 2, 9]) {
      const tasks = [1, 2, 3, 4, 5]
      const results = new Map<number, number>()
      const { signal } = new AbortController()
      const done = (task: number, result: number): void => void results.set(task, result)
      await inWorkers({ program: DOUBLE, tasks, jobs, signal, done })
      assert.deepEqual(
        [...results].toSorted(([a], [b]) => a - b),
        tasks.map((n) => [n, n * 2]),
      )
    }
  })

  it('has nothing to do without tasks', async () => {
    const { signal } = new AbortController()
    await inWorkers({ program: DOUBLE, tasks: [], jobs: 2, signal, done: () => assert.fail() })
  })

  it('stops in the middle of a task when it is told to', async () => {
    const controller = new AbortController()
    const work = inWorkers({
      program: STUCK,
      tasks: [1, 2, 3],
      jobs: 2,
      signal: controller.signal,
      done: () => assert.fail(),
    })
    setTimeout(() => controller.abort(new Error('enough')), 200)
    await assert.rejects(work, /enough/)
  })

  it('fails as its workers fail', async () => {
    const { signal } = new AbortController()
    await assert.rejects(
      inWorkers({ program: BROKEN, tasks: [1], jobs: 1, signal, done: () => assert.fail() }),
      /no such luck/,
    )
  })
})
