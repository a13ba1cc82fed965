// Makes the checkout runnable with nothing but Node and npm: installs the packages of the lockfile and compiles.
// Does nothing where that is done already. All output goes to stderr, so that a command's own stdout stays its own.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COMPILER, systemPackages } from './system-packages.mjs'
import { buildWeb, webIsBuilt } from './web.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampFile = join(root, 'node_modules', '.plugpull-installed')
const dist = join(root, 'dist')
const buildStamp = join(dist, '.plugpull-built')
const lockDir = join(root, '.prepare.lock')
const LOCK_LIMIT_MS = 300_000

/** Packages and build, as needed. Two processes at once: the second waits for the first. */
export function prepare() {
  checkNode()
  if (isInstalled() && isBuilt() && pageIsBuilt()) return
  withLock(() => {
    if (!isInstalled()) install()
    if (!isBuilt()) build()
    if (!pageIsBuilt()) {
      say('building the page of the collector …')
      buildWeb(root, dist, run)
    }
  })
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(`plugpull needs Node 20.19 or newer; this is ${process.versions.node}\n`)
  process.exit(69)
}

/** What decides which packages are installed: a script that is added to package.json does not. */
function digestOfPackages() {
  const { dependencies, devDependencies, overrides } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return createHash('sha256')
    .update(JSON.stringify({ dependencies, devDependencies, overrides }))
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.versions.modules)
    .digest('hex')
}

function isInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digestOfPackages()
}

function install() {
  say('installing the packages of package-lock.json (npm ci; a minute or two, once) …')
  if (!npmCi()) {
    // The embedded store is compiled where no ready-made binary can be had.
    systemPackages(COMPILER)
    if (!npmCi()) fail('npm ci failed; its output stands above')
  }
  writeFileSync(stampFile, digestOfPackages())
}

const newestOf = (path) => {
  const { mtimeMs } = statSync(join(root, path))
  return statSync(join(root, path)).isDirectory() ? Math.max(mtimeMs, newestSource(join(root, path))) : mtimeMs
}

const pageIsBuilt = () => webIsBuilt(dist, newestOf)

function newestSource(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    newest = Math.max(newest, statSync(path).mtimeMs, entry.isDirectory() ? newestSource(path) : 0)
  }
  return newest
}

function isBuilt() {
  if (!existsSync(buildStamp)) return false
  const built = Number(readFileSync(buildStamp, 'utf8'))
  return (
    ['src', 'test', 'trust', 'bench', 'scripts/bundle'].every((folder) => newestSource(join(root, folder)) <= built) &&
    ['tsconfig.json', 'scripts/bundle.mjs'].every((file) => statSync(join(root, file)).mtimeMs <= built)
  )
}

/** Compiled beside the old build and then put in its place: a program that runs from it finds its files at any time. */
function build() {
  say('compiling …')
  const started = Date.now()
  const [next, old] = ['dist.next', 'dist.old'].map((name) => join(root, name))
  for (const folder of [next, old]) rmSync(folder, { recursive: true, force: true })
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const output = ['--outDir', next, '--tsBuildInfoFile', join(next, '.tsbuildinfo')]
  run(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), ...output])
  run(process.execPath, [join(root, 'scripts', 'bundle.mjs'), join(next, 'guest')])
  writeFileSync(join(next, '.plugpull-built'), String(started))
  // The page has sources of its own and is as new as it was.
  if (existsSync(join(dist, 'web'))) cpSync(join(dist, 'web'), join(next, 'web'), { recursive: true })
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(next, dist)
  rmSync(old, { recursive: true, force: true })
}

/** Node's own headers, where they are installed beside it, spare node-gyp a download. */
function npmCi() {
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {}
  const env = { ...process.env, ...headers }
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  })
  return result.status === 0
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (result.status !== 0) fail(`${command} ${args.join(' ')} failed${result.error ? `: ${result.error.message}` : ''}`)
}

function fail(what) {
  rmSync(lockDir, { recursive: true, force: true })
  process.stderr.write(`plugpull: ${what}\n`)
  process.exit(70)
}

/** A minute without a word looks like a hang, whoever started it. */
function say(text) {
  process.stderr.write(`plugpull: ${text}\n`)
}

/** A directory as a lock; one left behind by a dead process is taken over. */
function withLock(work) {
  const deadline = Date.now() + LOCK_LIMIT_MS
  for (;;) {
    try {
      mkdirSync(lockDir)
      break
    } catch {
      if (!holderIsAlive()) rmSync(lockDir, { recursive: true, force: true })
      else if (Date.now() > deadline) {
        process.stderr.write(
          `plugpull: another process has been preparing this checkout for 5 minutes (${lockDir}); remove that folder if none is\n`,
        )
        process.exit(69)
      } else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    }
  }
  try {
    writeFileSync(join(lockDir, 'pid'), String(process.pid))
    work()
  } finally {
    rmSync(lockDir, { recursive: true, force: true })
  }
}

function holderIsAlive() {
  try {
    const pid = Number(readFileSync(join(lockDir, 'pid'), 'utf8'))
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Just made and not yet signed, or held by another user's process: give it time.
    if (error.code === 'EPERM') return true
    return error.code === 'ENOENT' && existsSync(lockDir) && Date.now() - statSync(lockDir).mtimeMs < 2000
  }
}
