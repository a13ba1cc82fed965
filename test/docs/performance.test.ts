/**
 * docs/PERFORMANCE.md says what the data in docs/bench say. `npm run bench -- judge` and `-- ui` make data and page anew,
 * `PLUGPULL_UPDATE_DOCS=1` the page alone.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { PERFORMANCE_FILE, performancePage } from '../../bench/performance.ts'

test('docs/PERFORMANCE.md is made from docs/bench/judge.json and docs/bench/ui.json', () => {
  const made = performancePage()
  if (process.env['PLUGPULL_UPDATE_DOCS'] === '1') writeFileSync(PERFORMANCE_FILE, made)
  assert.equal(readFileSync(PERFORMANCE_FILE, 'utf8'), made)
})
