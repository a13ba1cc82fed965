/**
 * Debian's kernel for guests: its package is downloaded and unpacked into our cache. Nothing is installed, no boot loader is touched,
 * and root is not needed as long as apt has its package lists.
 */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError, errnoOf } from '../../core/errors.ts'
import { findProgram, runTool } from '../../io/process.ts'
import { TEMPORARY_PREFIX, cacheFolder } from './cache.ts'
import { type Kernel, type KernelPackage, kernelsIn } from './kernel.ts'

const TOOLS = ['apt-get', 'apt-cache', 'dpkg-deb']
const DOWNLOAD_LIMIT_MS = 600_000

/** Fetches it, unless it is there already. Throws RIG_UNAVAILABLE where there is no apt or it does not know the package. */
export async function fetchKernel(name: KernelPackage, signal?: AbortSignal): Promise<Kernel> {
  const lacking = TOOLS.filter((tool) => findProgram(tool) === undefined)
  if (lacking.length > 0)
    throw new ProbeError(
      'RIG_UNAVAILABLE',
      `a kernel can be fetched only where Debian's ${lacking.join(', ')} is installed; unpack one elsewhere and name its folder in PLUGPULL_GUEST_KERNEL`,
    )
  const options = signal === undefined ? {} : { signal }
  const real = (await packageBehind(name, options)) ?? (await packageAfterUpdate(name, options))
  const home = join(cacheFolder('kernels'), real.replace(/^linux-image-/, ''))
  if (!existsSync(home)) await unpackInto(home, real, options)
  const [kernel] = kernelsIn(home)
  if (kernel === undefined) throw new ProbeError('RIG_FAILED', `${home} holds no kernel; remove it and try again`)
  return kernel
}

interface Options {
  readonly signal?: AbortSignal
}

/** `linux-image-cloud-amd64` is empty; it depends on the package with the kernel. */
async function packageBehind(name: KernelPackage, options: Options): Promise<string | undefined> {
  const { stdout } = await runTool('apt-cache', ['depends', '--important', name], { ...options, accept: [0, 100] })
  return /Depends: (linux-image-\d\S*)/.exec(stdout)?.[1]
}

/** apt without package lists knows nothing; root can get them. */
async function packageAfterUpdate(name: KernelPackage, options: Options): Promise<string> {
  if (process.getuid?.() === 0) await runTool('apt-get', ['update'], { ...options, limitMs: DOWNLOAD_LIMIT_MS })
  const found = await packageBehind(name, options)
  if (found !== undefined) return found
  throw new ProbeError(
    'RIG_UNAVAILABLE',
    `apt knows no package ${name}; on Debian, \`sudo apt-get update\` makes it known`,
  )
}

/** Whole or not at all. Where another process was faster, its folder stays. */
async function unpackInto(home: string, debianPackage: string, options: Options): Promise<void> {
  const folder = mkdtempSync(join(cacheFolder('kernels'), TEMPORARY_PREFIX))
  try {
    await runTool('apt-get', ['download', debianPackage], { ...options, cwd: folder, limitMs: DOWNLOAD_LIMIT_MS })
    const file = readdirSync(folder).find((name) => name.endsWith('.deb'))
    if (file === undefined) throw new ProbeError('RIG_FAILED', `apt-get download ${debianPackage} left no package`)
    const root = join(folder, 'root')
    await runTool('dpkg-deb', ['-x', join(folder, file), root], { ...options, limitMs: DOWNLOAD_LIMIT_MS })
    renameSync(root, home)
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
