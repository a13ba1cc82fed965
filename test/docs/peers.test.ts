/** docs/PEERS.md says what docs/bench/peers.json says. `npm run bench -- peers` makes both anew, `PLUGPULL_UPDATE_DOCS=1` the page alone. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { readPeers } from '../../bench/peers/data.ts'
import { DATA_FILE, PAGE_FILE, pageText } from '../../bench/peers/page.ts'

test('docs/PEERS.md is made from docs/bench/peers.json', () => {
  const made = pageText(readPeers(DATA_FILE))
  if (process.env['PLUGPULL_UPDATE_DOCS'] === '1') writeFileSync(PAGE_FILE, made)
  assert.equal(readFileSync(PAGE_FILE, 'utf8'), made)
})
