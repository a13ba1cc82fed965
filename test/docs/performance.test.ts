/** docs/PERFORMANCE.md says what the data in docs/bench/judge.json say. `npm run bench -- judge` makes both anew. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DATA_FILE, type JudgeData, PAGE_FILE, pageOf } from '../../bench/judge/page.ts'

test('docs/PERFORMANCE.md is made from docs/bench/judge.json', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the benchmark wrote it
  const data = JSON.parse(readFileSync(DATA_FILE, 'utf8')) as JudgeData
  assert.equal(readFileSync(PAGE_FILE, 'utf8'), pageOf(data))
})
