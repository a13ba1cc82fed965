/**
 * The program as a user has it: packed by `npm pack`, installed by `npm install` into a folder, and run by `npx`.
 *
 * Without a network and without compiling anew: npm finds the packages that it needs in the folder already, copied from the
 * checkout's own, so it fetches and builds nothing, and takes away what package.json does not ask for. So what is tried is the contents of the
 * package, its list of dependencies and its start; not a registry, and not the compiling of the embedded store's addon.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const LIMIT_MS = 300_000

/** Ends all that it started when the pipe to it is closed, which is also when whoever holds the other end is killed. */
const UNTIL_PIPE_CLOSES = '"$@" </dev/null & cat >/dev/null; kill -TERM 0'

export interface PackedFile {
  readonly path: string
}

export class InstalledPackage {
  readonly folder: string
  /** Of the package, as `npm pack` lists them. */
  readonly files: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  readonly #log: string

  /** Packs the checkout and installs it into `folder`, which is empty. */
  constructor(folder: string) {
    this.folder = join(folder, 'user')
    this.#env = environment(folder)
    this.#log = join(folder, 'log')
    mkdirSync(this.folder)
    const { filename, files } = this.#pack(folder)
    this.files = files
    layOut(this.folder)
    this.#npm(['install', join(folder, filename)], this.folder)
  }

  /** Where the package lies. */
  get home(): string {
    return join(this.folder, 'node_modules', 'plugpull')
  }

  /** `npx plugpull …` in the folder. */
  start(t: TestContext, ...args: readonly string[]): ChildProcess {
    const command = ['npx', '--no-install', 'plugpull', ...args]
    const child = spawn('/bin/sh', ['-c', UNTIL_PIPE_CLOSES, 'sh', ...command], {
      cwd: this.folder,
      env: this.#env,
      detached: true,
      stdio: ['pipe', 'ignore', openSync(this.#log, 'a')],
    })
    t.after(() => child.stdin?.end())
    return child
  }

  /** What those that were started said. */
  get log(): string {
    return readFileSync(this.#log, 'utf8')
  }

  /** The same to its end: what it printed. Throws where it fails. */
  run(...args: readonly string[]): string {
    return execFileSync('npx', ['--no-install', 'plugpull', ...args], {
      cwd: this.folder,
      env: this.#env,
      encoding: 'utf8',
      timeout: LIMIT_MS,
    })
  }

  #pack(into: string): { readonly filename: string; readonly files: readonly string[] } {
    const printed: unknown = JSON.parse(this.#npm(['pack', '--json', '--pack-destination', into], ROOT))
    const [packed]: unknown[] = Array.isArray(printed) ? printed : Object.values(Object(printed))
    assert.ok(isPacked(packed), 'npm pack --json says what it packed')
    return { filename: packed.filename, files: packed.files.map(({ path }) => path) }
  }

  #npm(args: readonly string[], cwd: string): string {
    return execFileSync('npm', args, {
      cwd,
      env: this.#env,
      encoding: 'utf8',
      timeout: LIMIT_MS,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }
}

function isPacked(value: unknown): value is { readonly filename: string; readonly files: readonly PackedFile[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'filename' in value &&
    typeof value.filename === 'string' &&
    'files' in value &&
    Array.isArray(value.files)
  )
}

/** Without what an `npm test` around us says to the npm below it, and with nothing to fetch from. */
function environment(folder: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_'))
  return {
    ...Object.fromEntries(own),
    NO_COLOR: '1',
    npm_config_cache: join(folder, 'npm-cache'),
    npm_config_offline: 'true',
    npm_config_ignore_scripts: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_loglevel: 'error',
  }
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

/** The packages that are not for development alone, with the links to their programs, where npm looks for them first. */
function layOut(folder: string): void {
  const modules = join(folder, 'node_modules')
  const lock: Lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  mkdirSync(join(modules, '.bin'), { recursive: true })
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const isOnTop = path !== '' && path.lastIndexOf('node_modules/') === 0
    if (isOnTop && dev !== true && existsSync(join(ROOT, path)))
      cpSync(join(ROOT, path), join(folder, path), { recursive: true, verbatimSymlinks: true })
  }
  const links = join(ROOT, 'node_modules', '.bin')
  for (const name of readdirSync(links)) {
    const to = readlinkSync(join(links, name))
    if (existsSync(join(modules, '.bin', to))) symlinkSync(to, join(modules, '.bin', name))
  }
  const { overrides }: { readonly overrides: unknown } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides }))
}
