/** docs/TRUST.md says what the data in docs/trust/ say. `npm run trust -- page` makes it anew. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pageText } from '../../trust/page.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test('docs/TRUST.md is made from docs/trust/*.json', () => {
  assert.equal(readFileSync(join(root, 'docs', 'TRUST.md'), 'utf8'), pageText())
})
