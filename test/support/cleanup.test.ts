import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterwards } from './cleanup.ts'

test('what was made last is taken away first, and all of it', async (t) => {
  const order: string[] = []
  await t.test('a test with three things', (part) => {
    afterwards(part, () => order.push('folder'))
    afterwards(part, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push('collector')
    })
    afterwards(part, () => order.push('page'))
  })
  assert.deepEqual(order, ['page', 'collector', 'folder'])
})
