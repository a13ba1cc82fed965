/** Callers take turns at the analyst. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns, WAITING_MAX, WAITING_OF_CALLER_MAX } from '../../../src/collector/view/run/turns.ts'

test('who asks much keeps nobody else waiting', () => {
  const turns = new Turns<string>()
  for (const item of ['a1', 'a2', 'a3']) turns.add('a', item)
  for (const item of ['b1', 'b2']) turns.add('b', item)
  assert.equal(turns.drop('a', 'a2'), true)
  assert.equal(turns.drop('a', 'a2'), false)
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => turns.next()),
    ['a1', 'b1', 'a3', 'b2', undefined],
  )
})

test('only so many wait, of one caller and in all', () => {
  const turns = new Turns<number>()
  const limited = { code: 'RATE_LIMITED', retryAfterS: 5 }
  const callers = WAITING_MAX / WAITING_OF_CALLER_MAX
  for (let caller = 0; caller < callers; caller++) {
    for (let n = 0; n < WAITING_OF_CALLER_MAX; n++) turns.add(`caller ${caller}`, caller * 100 + n)
    if (caller === 0) assert.throws(() => turns.add('caller 0', 99), limited)
  }
  assert.throws(() => turns.add('late', 1), limited)
  turns.next()
  turns.add('late', 1)
  assert.equal(turns.all().length, WAITING_MAX)
  assert.equal(turns.next(), undefined)
})
