// Packs the commands that run inside guests (`agent`, `verify`) into one file that needs nothing but Node: dist/guest/plugpull.cjs.
// CommonJS, because a single executable takes nothing else, and because it starts faster. Run alone: `node scripts/bundle.mjs [FOLDER]`.
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = (name) => join(root, 'src', name)
const lean = (name) => join(root, 'scripts', 'bundle', name)

/** What is packed lighter than it is installed: in an emulated guest all of undici takes longer to load than the rest together. */
const LEAN = { undici: lean('undici.mjs'), pino: lean('pino.mjs'), 'pino-pretty': lean('pino-pretty.mjs') }

/** Folders with a thread's program, `worker.ts`, of which the bundle has the text in place of `worker-program.ts`. */
const WORKERS = ['agent', 'verify/reading']

const COMMON = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  alias: LEAN,
  // A bundle loads nothing from beside it (src/io/foreign).
  define: { 'import.meta.url': 'undefined' },
}

/** The bundle in `folder`, whole or not at all; returns its path. */
export async function bundle(folder = join(root, 'dist', 'guest')) {
  // Not at the top: a checkout whose packages are not yet installed imports this file too.
  const { build } = await import('esbuild')
  const workers = await Promise.all(
    WORKERS.map(async (folder) => {
      const built = await build({ ...COMMON, entryPoints: [source(`${folder}/worker.ts`)], write: false })
      return [folder, built.outputFiles[0].text]
    }),
  )
  const file = join(folder, 'plugpull.cjs')
  const temporary = `${file}.${process.pid}`
  mkdirSync(folder, { recursive: true })
  await build({
    ...COMMON,
    entryPoints: [source('guest-cli.ts')],
    outfile: temporary,
    banner: { js: '#!/usr/bin/env node' },
    plugins: workers.map(([folder, text]) => workerAsText(folder, text)),
  })
  renameSync(temporary, file)
  return file
}

const workerAsText = (folder, text) => ({
  name: `text of ${folder}/worker`,
  setup(build) {
    const path = ['src', ...folder.split('/'), 'worker-program\\.ts$'].join('[/\\\\]')
    build.onLoad({ filter: new RegExp(path) }, () => ({
      contents: `export const WORKER = ${JSON.stringify(text)}`,
      loader: 'js',
    }))
  },
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = await bundle(process.argv[2])
  if (process.stderr.isTTY) process.stderr.write(`plugpull: ${file}, ${statSync(file).size} bytes\n`)
}
