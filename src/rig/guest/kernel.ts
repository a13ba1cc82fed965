/**
 * The kernel that a guest boots: one unpacked from a Debian package into our cache, else the host's own. Debian's cloud kernel is
 * preferred where it has what the bus needs, because it is small and boots sooner. Nothing is ever installed.
 */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError, errnoOf } from '../../core/errors.ts'
import { cacheFolder } from './cache.ts'
import { type ModuleTree, hasModule, readModuleTree } from './modules.ts'

export interface Kernel {
  /** As `uname -r` says. */
  readonly version: string
  /** The vmlinuz. */
  readonly image: string
  /** The folder that is `/lib/modules/VERSION` in the guest. */
  readonly modules: string
}

/** The packages that depend on the newest kernel of their kind. */
export type KernelPackage = 'linux-image-cloud-amd64' | 'linux-image-amd64'

/** A folder with `boot` and `lib/modules` in it, in the place of the cache and the host's own. */
const OVERRIDE = 'PLUGPULL_GUEST_KERNEL'
const IMAGE_PREFIX = 'vmlinuz-'
const MODULE_FOLDERS = ['lib/modules', 'usr/lib/modules']

/** The best kernel that has all of `needed`. Throws RIG_UNAVAILABLE with what to do where there is none. */
export function findKernel(needed: readonly string[]): { readonly kernel: Kernel; readonly tree: ModuleTree } {
  const all = kernelRoots().flatMap(kernelsIn).toSorted(byPreference)
  const lacking: string[] = []
  for (const kernel of all) {
    const tree = readModuleTree(kernel.modules)
    const absent = needed.filter((name) => !hasModule(tree, name))
    if (absent.length === 0) return { kernel, tree }
    lacking.push(`${kernel.image} has no ${absent.join(', ')}`)
  }
  throw new ProbeError('RIG_UNAVAILABLE', `${describeLack(lacking)}; ${remedy(needed)}`)
}

function kernelRoots(): readonly string[] {
  const override = process.env[OVERRIDE]
  if (override !== undefined && override !== '') return [override]
  const cache = cacheFolder('kernels')
  const unpacked = readdirSync(cache)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(cache, name))
  return [...unpacked, '/']
}

/** Those of a root that can be read and whose modules are there. */
export function kernelsIn(root: string): readonly Kernel[] {
  return list(join(root, 'boot'))
    .filter((name) => name.startsWith(IMAGE_PREFIX))
    .flatMap((name) => {
      const version = name.slice(IMAGE_PREFIX.length)
      const image = join(root, 'boot', name)
      const modules = MODULE_FOLDERS.map((folder) => join(root, folder, version)).find((folder) =>
        existsSync(join(folder, 'modules.builtin')),
      )
      return modules === undefined || !isReadable(image) ? [] : [{ version, image, modules }]
    })
}

/** A cloud kernel first, then the newer one. */
export function byPreference(a: Kernel, b: Kernel): number {
  const cloud = Number(b.version.includes('cloud')) - Number(a.version.includes('cloud'))
  return cloud === 0 ? b.version.localeCompare(a.version, 'en', { numeric: true }) : cloud
}

const describeLack = (lacking: readonly string[]): string =>
  lacking.length === 0
    ? 'there is no kernel for a guest here: neither in the cache nor in /boot with its modules'
    : `no kernel here has what the guest needs: ${lacking.join('; ')}`

/** Debian's package of a kernel that has those modules; the cloud kernel is for virtual hardware alone. */
export const packageFor = (needed: readonly string[]): KernelPackage =>
  needed.includes('ahci') ? 'linux-image-amd64' : 'linux-image-cloud-amd64'

function remedy(needed: readonly string[]): string {
  const name = packageFor(needed)
  const option = name === 'linux-image-amd64' ? ' --bus ahci' : ''
  return `fetch one with: plugpull guest --fetch-kernel${option} (Debian's package ${name}, unpacked into ${cacheFolder('kernels')}; nothing is installed), or name a folder with boot/vmlinuz-* and lib/modules in ${OVERRIDE}`
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}
