/**
 * Kernel modules that a guest loads, with those that they depend on, in the order to load them. Read from the module files
 * themselves: a kernel unpacked from its package has no modules.dep yet, and making one would write beside it.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { ProbeError } from '../../core/errors.ts'
import { findProgram } from '../../io/process.ts'

const DECOMPRESS_LIMIT_MS = 30_000
const MODULE_BYTES_MAX = 256 * 2 ** 20
const SUFFIX = /\.ko(\.(gz|xz|zst))?$/

/** The modules of one kernel. */
export interface ModuleTree {
  /** The folder that is `/lib/modules/VERSION` in the guest. */
  readonly folder: string
  /** Module name, with underscores → its file. */
  readonly files: ReadonlyMap<string, string>
  readonly builtIn: ReadonlySet<string>
}

export interface LoadableModule {
  readonly name: string
  readonly bytes: Uint8Array
}

/** File and module names differ in `-` and `_`. */
const nameOf = (path: string): string => basename(path).replace(SUFFIX, '').replaceAll('-', '_')

/** Looks at what there is; reads no module yet. */
export function readModuleTree(folder: string): ModuleTree {
  const files = new Map<string, string>()
  for (const path of readdirSync(join(folder, 'kernel'), { recursive: true, encoding: 'utf8' }))
    if (SUFFIX.test(path)) files.set(nameOf(path), join(folder, 'kernel', path))
  const builtIn = readFileSync(join(folder, 'modules.builtin'), 'utf8').split('\n').filter(Boolean).map(nameOf)
  return { folder, files, builtIn: new Set(builtIn) }
}

export const hasModule = (tree: ModuleTree, name: string): boolean => tree.builtIn.has(name) || tree.files.has(name)

/** `names` and what they need, each after what it needs itself; those built into the kernel are left out. */
export function modulesToLoad(tree: ModuleTree, names: readonly string[]): readonly LoadableModule[] {
  const order = new Map<string, LoadableModule>()
  const visit = (name: string): void => {
    if (order.has(name) || tree.builtIn.has(name)) return
    const file = tree.files.get(name)
    if (file === undefined)
      throw new ProbeError('RIG_UNAVAILABLE', `the kernel of ${tree.folder} has no module ${name}; use another kernel`)
    const bytes = moduleBytes(file)
    for (const needed of dependsOf(bytes)) visit(needed)
    order.set(name, { name, bytes })
  }
  for (const name of names) visit(name)
  return [...order.values()]
}

/** The section .modinfo holds NUL-separated `key=value` texts; `depends` names modules, comma-separated. */
export function dependsOf(module: Uint8Array): readonly string[] {
  const text = Buffer.from(module.buffer, module.byteOffset, module.length).toString('latin1')
  const found = /\0depends=([\w,-]*)\0/.exec(text)?.[1] ?? ''
  return found
    .split(',')
    .filter((name) => name !== '')
    .map((name) => name.replaceAll('-', '_'))
}

/** As the kernel takes it: not compressed. Newer Debian kernels come with .ko.xz. */
function moduleBytes(file: string): Uint8Array {
  if (file.endsWith('.gz')) return gunzipSync(readFileSync(file))
  if (file.endsWith('.ko')) return readFileSync(file)
  const [name, debianPackage] = file.endsWith('.xz') ? (['xz', 'xz-utils'] as const) : (['zstd', 'zstd'] as const)
  const program = findProgram(name)
  if (program === undefined)
    throw new ProbeError(
      'RIG_UNAVAILABLE',
      `the kernel module ${file} is compressed and the program ${name} is not installed; on Debian: apt-get install -y ${debianPackage}`,
    )
  const done = spawnSync(program, ['-dc', file], { maxBuffer: MODULE_BYTES_MAX, timeout: DECOMPRESS_LIMIT_MS })
  if (done.status === 0) return done.stdout
  throw new ProbeError('RIG_FAILED', `${program} -dc ${file} failed: ${done.error?.message ?? String(done.stderr)}`)
}
