/**
 * libguestfs' appliance: the small VM in which it opens disks. supermin makes one of this machine's packages and a kernel. Where the
 * machine has no kernel of its own (a container), the kernel of our guest serves, and the appliance is made once, as a fixed one, and
 * kept for the next time.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ProbeError, errnoOf } from '../../core/errors.ts'
import { runTool } from '../../io/process.ts'
import { requireAll } from '../../io/requirements.ts'
import { cacheFolder } from '../guest/cache.ts'
import { type Kernel, findKernel } from '../guest/kernel.ts'

/** What the appliance opens a disk with. */
const MODULES = ['virtio_pci', 'virtio_console', 'virtio_scsi', 'sd_mod', 'ext4']
/** Root for the mount namespace in which it is made. */
const PROGRAMS = ['supermin', 'depmod', 'root'] as const
const BUILD_LIMIT_MS = 120_000

/** Environment for guestfish so that it finds an appliance. Throws RIG_UNAVAILABLE where there is no kernel to make one of. */
export async function applianceEnvironment(): Promise<Readonly<Record<string, string>>> {
  if (process.env['LIBGUESTFS_PATH'] !== undefined || hasOwnKernel()) return {}
  fixed ??= fixedAppliance()
  try {
    return { LIBGUESTFS_PATH: await fixed }
  } catch (error) {
    fixed = undefined
    throw error
  }
}

/** Throws RIG_UNAVAILABLE where there is nothing to make an appliance of. */
export function requireAppliance(): void {
  if (process.env['LIBGUESTFS_PATH'] !== undefined || hasOwnKernel()) return
  requireAll("libguestfs' appliance", PROGRAMS)
  findKernel(MODULES)
}

let fixed: Promise<string> | undefined

/** Whether supermin finds a kernel and its modules by itself. */
const hasOwnKernel = (): boolean =>
  process.env['SUPERMIN_KERNEL'] !== undefined ||
  (listed('/boot').some((name) => name.startsWith('vmlinuz-')) && listed('/lib/modules').length > 0)

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}

/** The folder with the fixed appliance for our guest's kernel; made where it is not there. */
async function fixedAppliance(): Promise<string> {
  requireAll("libguestfs' appliance", PROGRAMS)
  const { kernel } = findKernel(MODULES)
  const { stdout } = await runTool('guestfish', ['--version'])
  const cache = cacheFolder('libguestfs')
  const path = join(cache, `libguestfs-${stdout.trim().split(' ').at(-1)}-${kernel.version}`)
  if (existsSync(join(path, 'README.fixed'))) return path
  const work = mkdtempSync(join(cache, 'libguestfs-making-'))
  try {
    await build(kernel, work)
    rmSync(path, { recursive: true, force: true })
    renameSync(join(work, 'appliance'), path)
    return path
  } catch (error) {
    // Somebody else was faster: theirs is as good.
    if (existsSync(join(path, 'README.fixed'))) return path
    throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * supermin wants /lib/modules to be there, if only to look at it, so it runs in a mount namespace of its own where it is. depmod
 * makes the list of dependencies that a package gets only when it is installed.
 */
async function build(kernel: Kernel, work: string): Promise<void> {
  const modules = join(work, 'lib/modules', kernel.version)
  cpSync(kernel.modules, modules, { recursive: true })
  mkdirSync(join(work, 'usr-lib/modules'), { recursive: true })
  await runTool('depmod', ['-b', work, kernel.version])
  const { stdout: path } = await runTool('guestfish', ['get-path'])
  const supermin = path
    .trim()
    .split(':')
    .map((folder) => join(folder, 'supermin.d'))
    .find((folder) => existsSync(folder))
  if (supermin === undefined)
    throw new ProbeError('RIG_UNAVAILABLE', `libguestfs has no supermin.d in ${path.trim()}; install libguestfs0`)
  const script = `[ -d /lib/modules ] || mount -t overlay none -o ro,lowerdir="$1":/usr/lib /usr/lib; shift; exec supermin "$@"`
  await runTool(
    'unshare',
    [
      '--mount',
      'sh',
      '-ec',
      script,
      'sh',
      join(work, 'usr-lib'),
      ...superminArguments(supermin, join(work, 'appliance')),
    ],
    {
      limitMs: BUILD_LIMIT_MS,
      env: { SUPERMIN_KERNEL: kernel.image, SUPERMIN_KERNEL_VERSION: kernel.version, SUPERMIN_MODULES: modules },
    },
  )
  writeFileSync(join(work, 'appliance/README.fixed'), `Made by plugpull from ${basename(kernel.image)}\n`)
}

const superminArguments = (from: string, to: string): readonly string[] => [
  '--build',
  '--copy-kernel',
  '-f',
  'ext2',
  '--host-cpu',
  'x86_64',
  from,
  '-o',
  to,
]
