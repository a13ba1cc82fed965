/** The measured page is what the measured files say, figure by figure. `PLUGPULL_UPDATE_DOCS=1` writes it anew. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { resultsPage } from '../../src/rig/matrix/page.ts'
import { matrixJson, readMatrix } from '../../src/rig/matrix/show.ts'

const DOCS = join(import.meta.dirname, '..', '..', '..', 'docs')
const PAGE = join(DOCS, 'RESULTS.md')
const RESULTS = join(DOCS, 'results')

/** In the order of their names; the studies that share the folder are not matrices. */
function matrixFiles(): readonly string[] {
  if (!existsSync(RESULTS)) return []
  return readdirSync(RESULTS)
    .filter((name) => name.startsWith('matrix-') && name.endsWith('.json'))
    .toSorted()
    .map((name) => join(RESULTS, name))
}

/** Without what a formatter may change. */
const plain = (text: string): string => text.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' ').trim()

describe('docs/RESULTS.md', () => {
  it('is made of docs/results/matrix-*.json, by the renderer of plugpull matrix', () => {
    const files = matrixFiles()
    assert.equal(existsSync(PAGE), files.length > 0, 'the page and its files come together')
    if (files.length === 0) return
    const made = resultsPage(files.map(readMatrix))
    if (process.env['PLUGPULL_UPDATE_DOCS'] === '1') writeFileSync(PAGE, made)
    assert.equal(plain(readFileSync(PAGE, 'utf8')), plain(made))
  })

  it('stands on files as plugpull matrix --json writes them', () => {
    for (const file of matrixFiles()) {
      const made = matrixJson(readMatrix(file))
      if (process.env['PLUGPULL_UPDATE_DOCS'] === '1') writeFileSync(file, made)
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(made))
    }
  })
})
