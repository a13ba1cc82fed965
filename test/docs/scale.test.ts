/** The section of docs/OPERATIONS.md says what the data in docs/bench/scale.json say. `npm run bench -- scale` makes both anew. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DATA_FILE, PAGE_FILE, type ScaleData, withSection } from '../../bench/scale/page.ts'

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the benchmark wrote it
const data = JSON.parse(readFileSync(DATA_FILE, 'utf8')) as ScaleData

test('docs/OPERATIONS.md tells docs/bench/scale.json', () => {
  const page = readFileSync(PAGE_FILE, 'utf8')
  assert.equal(page, withSection(page, data))
})

test('nothing was lost or doubled in what is published', () => {
  assert(data.runs.some(({ agents }) => agents >= 1000))
  for (const { agents, intact, bytes, chunkBytes } of data.runs) assert.deepEqual([intact, chunkBytes], [agents, bytes])
})
