/**
 * Holds a text against the file of that name in test/golden/verify.
 * `UPDATE_GOLDEN=1 node --test dist/test/verify/...` writes the files instead: look at the difference before it is kept.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** From dist/test/verify, where this runs, to the sources. */
const FOLDER = fileURLToPath(new URL('../../../test/golden/verify/', import.meta.url))

export function assertGolden(name: string, text: string): void {
  const path = `${FOLDER}${name}`
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(path, text)
    return
  }
  assert.equal(
    text,
    readFileSync(path, 'utf8'),
    `differs from test/golden/verify/${name}; UPDATE_GOLDEN=1 writes it anew`,
  )
}
