/** Delta debugging on predicates that need no disk: minimal, bounded, and honest about having been ended. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ddmin } from '../../../src/rig/reproduce/ddmin.ts'

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i)

async function minimised(
  count: number,
  needed: readonly number[],
  trialsMax = Number.POSITIVE_INFINITY,
): Promise<{ items: readonly number[]; isMinimal: boolean; trials: number }> {
  let trials = 0
  const shows = async (items: readonly number[]): Promise<boolean | undefined> => {
    if (trials >= trialsMax) return undefined
    trials++
    return Promise.resolve(needed.every((item) => items.includes(item)))
  }
  return { ...(await ddmin(upTo(count), shows)), trials }
}

describe('ddmin', () => {
  it('finds exactly what is needed, wherever it stands', async () => {
    for (const needed of [[0], [99], [50, 51, 52], [3, 40, 97], [0, 99], upTo(100)]) {
      const { items, isMinimal } = await minimised(100, needed)
      assert.deepEqual([items, isMinimal], [needed, true])
    }
  })
  it('keeps the order', async () => {
    assert.deepEqual((await minimised(64, [60, 2, 31])).items, [2, 31, 60])
  })
  it('takes few trials for few items', async () => {
    const { trials } = await minimised(1000, [500, 700])
    assert.ok(trials < 100, `${trials} trials`)
  })
  it('is left with a list no part of which can go: without any one item it does not show', async () => {
    // Either pair shows it; taking away one item at a time must not be possible at the end.
    const shows = (items: readonly number[]): boolean =>
      (items.includes(1) && items.includes(8)) || (items.includes(3) && items.includes(5))
    const { items } = await ddmin(upTo(10), async (list) => Promise.resolve(shows(list)))
    assert.ok(shows(items))
    for (const item of items) assert.ok(!shows(items.filter((other) => other !== item)))
  })
  it('ends with the shortest so far where trials run out, and says so', async () => {
    const { items, isMinimal, trials } = await minimised(100, [10, 90], 5)
    assert.equal(trials, 5)
    assert.equal(isMinimal, false)
    assert.ok(items.includes(10) && items.includes(90))
  })
  it('leaves a single item alone', async () => {
    assert.deepEqual(await minimised(1, []), { items: [0], isMinimal: true, trials: 0 })
  })
})
