import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf } from '../../src/core/prng.ts'
import { beganAfter, runIdAt } from '../../src/core/run-id.ts'

const AT_MS = Date.UTC(2026, 0, 1)

test('a run key begins with its second and ends with what is random', () => {
  assert.equal(runIdAt(AT_MS, 0xdead_beef), `${(AT_MS / 1000).toString(16)}deadbeef`)
})

test('the later of two runs is known, where both keys begin with a time', () => {
  const [first, second] = [runIdAt(AT_MS, 9), runIdAt(AT_MS + 1000, 1)].map(keyOf)
  assert.ok(first !== undefined && second !== undefined)
  assert.ok(beganAfter(second, first))
  assert.ok(!beganAfter(first, second))
  assert.ok(!beganAfter(first, first))
  assert.ok(!beganAfter(keyOf('ffffffffffffffff'), first), 'no time')
  assert.ok(!beganAfter(second, keyOf('00000000000000aa')), 'no time')
})
