// The compiled test files below test/, as `node --test` wants them on Node 20 (it takes no globs there).
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/** All `*.test.js` below dist/test, or below one folder of it. */
export function testFiles(folder = '.') {
  const base = join(root, 'dist', 'test', folder)
  return readdirSync(base, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory()
        ? testFiles(join(folder, entry.name))
        : entry.name.endsWith('.test.js')
          ? [join(base, entry.name)]
          : [],
    )
    .toSorted()
}
