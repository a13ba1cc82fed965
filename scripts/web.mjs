// Builds the page of the collector (web/) into dist/web, where that is older than what it is made of.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const SOURCES = ['web', 'src/core', 'package-lock.json', 'scripts/web.mjs']
const STAMP = '.plugpull-web-built'

/** `newest` tells the time of the newest file of a path below the root. */
export function webIsBuilt(dist, newest) {
  const stamp = join(dist, 'web', STAMP)
  if (!existsSync(stamp)) return false
  const built = Number(readFileSync(stamp, 'utf8'))
  return SOURCES.every((path) => newest(path) <= built)
}

/** Built beside the old one and then put in its place. `run` ends the process where a program fails. */
export function buildWeb(root, dist, run) {
  const started = Date.now()
  const [next, old, web] = ['web.next', 'web.old', 'web'].map((name) => join(dist, name))
  for (const folder of [next, old]) rmSync(folder, { recursive: true, force: true })
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  run(process.execPath, [vite, 'build', '--config', join(root, 'web', 'vite.config.mjs'), '--outDir', next])
  writeFileSync(join(next, STAMP), String(started))
  if (existsSync(web)) renameSync(web, old)
  renameSync(next, web)
  rmSync(old, { recursive: true, force: true })
}
