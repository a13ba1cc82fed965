/** The newest stable write: what each flush covers, whatever order things complete in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StableMark } from '../../src/agent/stable-mark.ts'

test('a flush covers what was complete when it was issued, and only once it is complete itself', () => {
  const mark = new StableMark()
  assert.equal(mark.write, 0)
  mark.completed(1)
  mark.completed(2)
  mark.flushIssued(1)
  mark.completed(3)
  assert.equal(mark.write, 0)
  mark.flushCompleted(1)
  assert.equal(mark.write, 2)
})

test('the mark never goes back, and a flush that never completes leaves it where it is', () => {
  const mark = new StableMark()
  mark.completed(5)
  mark.flushIssued(1)
  mark.completed(4)
  mark.completed(9)
  mark.flushIssued(2)
  mark.flushCompleted(2)
  assert.equal(mark.write, 9)
  mark.flushCompleted(1)
  assert.equal(mark.write, 9)
  mark.completed(11)
  mark.flushIssued(3)
  assert.equal(mark.write, 9)
})
