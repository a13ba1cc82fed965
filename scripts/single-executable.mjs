// One file for guests that have no Node: this Node with the bundle inside (a single executable application). About 100 MB, so it is
// made on demand alone: `node scripts/single-executable.mjs [FILE]`, by default dist/guest/plugpull. It runs where this Node runs:
// same processor architecture, a C library at least as new as Node asks for.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** Makes the executable at `file`, whole or not at all. */
export async function singleExecutable(file) {
  mkdirSync(dirname(file), { recursive: true })
  const work = mkdtempSync(join(dirname(file), '.single-'))
  try {
    const [config, blob, executable] = ['config.json', 'blob', 'plugpull'].map((name) => join(work, name))
    writeFileSync(
      config,
      JSON.stringify({
        main: await bundle(work),
        output: blob,
        disableExperimentalSEAWarning: true,
        // Compiled now, not at each start.
        useCodeCache: true,
      }),
    )
    node(['--experimental-sea-config', config])
    copyFileSync(process.execPath, executable)
    chmodSync(executable, 0o755)
    const postject = join(root, 'node_modules', 'postject', 'dist', 'cli.js')
    node([postject, executable, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE])
    renameSync(executable, file)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function node(args) {
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed: ${stderr}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = resolve(process.argv[2] ?? join(root, 'dist', 'guest', 'plugpull'))
  await singleExecutable(file)
  process.stderr.write(`plugpull: ${file}, ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB\n`)
}
