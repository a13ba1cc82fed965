/**
 * The guest: a Debian kernel with an initramfs of busybox, Node and the program as one file. Built in a second or two, without
 * network, and kept for the next time under a name that is a digest of its parts.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ProbeError } from '../../core/errors.ts'
import { findProgram } from '../../io/process.ts'
import { requireAll } from '../../io/requirements.ts'
import { cacheFolder, makeWhole, prune } from './cache.ts'
import { type Entry, writeArchive } from './cpio.ts'
import { DEVICE_MAPPER_MODULES } from './fault.ts'
import { findKernel } from './kernel.ts'
import { type ModuleTree, hasModule, modulesToLoad } from './modules.ts'
import { installed, withLibraries } from './programs.ts'

export interface GuestImage {
  readonly kernel: string
  readonly initramfs: string
  /** As `uname -r` says. */
  readonly kernelVersion: string
}

/** Buses that the guest's disk may hang on. */
export const BUSES = ['virtio-blk', 'virtio-scsi', 'nvme', 'ahci'] as const
export type Bus = (typeof BUSES)[number]

/**
 * What the kernel is told: console on the first serial port, restart (which ends the machine) at once on a panic, and not to
 * count timer interrupts against a clock at boot: on a busy host an emulated CPU misses them, and the kernel gives up.
 */
export const KERNEL_ARGUMENTS = 'console=ttyS0 quiet panic=-1 no_timer_check'

/** Printed on the console by init before it starts the program, so that a guest that does not get there can be told apart. */
export const READY_MARK = 'plugpull guest: running'

/** Every guest has QEMU's network card and reads its job from QEMU's firmware configuration. */
const COMMON_MODULES = ['virtio_pci', 'virtio_net', 'qemu_fw_cfg']
const BUS_MODULES: Readonly<Record<Bus, readonly string[]>> = {
  'virtio-blk': ['virtio_blk'],
  'virtio-scsi': ['virtio_scsi', 'sd_mod'],
  nvme: ['nvme'],
  ahci: ['ahci', 'sd_mod'],
}
/** Loaded only by a guest that mounts such a file system; the checksum is what both ask the kernel's crypto for. */
const FILE_SYSTEMS = ['ext4', 'xfs'] as const
const FILE_SYSTEM_EXTRAS = ['crc32c_generic']
/** Only in an image that was asked for with device mapper. */
const DEVICE_MAPPER = { tool: 'dmsetup', purpose: 'device-mapper' } as const
const IMAGES_KEPT = 4

/** What decides how the parts are put together. */
const BUILDERS = ['./guest-image.js', './cpio.js', './modules.js', './programs.js'].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
)

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))

/** The modules that a kernel must have for a disk on that bus. */
export const modulesFor = (bus: Bus): readonly string[] => [...COMMON_MODULES, ...BUS_MODULES[bus]]

/** What a guest's image has in it besides what every guest needs. */
export interface GuestExtras {
  /** dmsetup and device mapper's modules, for the faults of fault.ts. */
  readonly deviceMapper?: boolean
}

/** The image for that bus; built where it is not there, or not of these parts. Throws RIG_UNAVAILABLE naming what is missing. */
export async function guestImage(bus: Bus, extras: GuestExtras = {}): Promise<GuestImage> {
  await Promise.resolve()
  const mapped = extras.deviceMapper === true ? DEVICE_MAPPER_MODULES : []
  requireAll('a guest of ours', ['busybox', ...(mapped.length > 0 ? ([DEVICE_MAPPER.tool] as const) : [])])
  const { kernel, tree } = findKernel([...modulesFor(bus), ...mapped])
  const parts = partsOf(bus, kernel.modules, mapped)
  const folder = cacheFolder('guests')
  const initramfs = join(folder, `${bus}-${kernel.version}-${digestOf(parts)}.cpio`)
  if (existsSync(initramfs)) {
    const now = new Date()
    utimesSync(initramfs, now, now)
  } else {
    const entries = entriesOf(parts, bus, tree, mapped)
    makeWhole(initramfs, (temporary) => writeArchive(temporary, entries))
    prune(folder, IMAGES_KEPT)
  }
  return { kernel: kernel.image, initramfs, kernelVersion: kernel.version }
}

/** Files of the host that the image is made of. */
interface Parts {
  readonly node: string
  readonly busybox: string
  readonly bundle: string
  readonly init: string
  readonly tools: readonly { readonly source: string; readonly path: string }[]
  readonly about: readonly string[]
}

function partsOf(bus: Bus, modules: string, mapped: readonly string[]): Parts {
  const bundle = fromRoot('dist/guest/plugpull.cjs')
  if (!existsSync(bundle))
    throw new ProbeError(
      'RIG_UNAVAILABLE',
      `the program for guests ${bundle} is not built; build it with: node scripts/bundle.mjs`,
    )
  return {
    node: realpathSync(process.execPath),
    busybox: findProgram('busybox') ?? '/bin/busybox',
    bundle,
    init: fromRoot('deploy/guest/init'),
    tools: ['wipefs', 'mkfs.ext4', 'mkfs.xfs', ...(mapped.length > 0 ? [DEVICE_MAPPER.tool] : [])].flatMap(installed),
    about: [bus, modules, statText(join(modules, 'modules.builtin')), ...mapped],
  }
}

/** Own files by what is in them, the host's by path, size and time: a hundred megabytes are not read to name them. */
function digestOf({ node, busybox, bundle, init, tools, about }: Parts): string {
  const hash = createHash('sha256')
  for (const file of [bundle, init, ...BUILDERS]) hash.update(readFileSync(file))
  for (const file of [node, busybox, ...tools.map(({ source }) => source)]) hash.update(statText(file))
  return hash.update(about.join('\0')).digest('hex').slice(0, 16)
}

function statText(file: string): string {
  const { size, mtimeMs, ino } = statSync(file)
  return `${file}\0${size}\0${mtimeMs}\0${ino}\0`
}

function entriesOf(parts: Parts, bus: Bus, tree: ModuleTree, mapped: readonly string[]): readonly Entry[] {
  const { node, busybox, bundle, init, tools } = parts
  const programs = [
    { source: node, path: '/bin/node' },
    { source: busybox, path: '/bin/busybox' },
    { source: bundle, path: '/plugpull.cjs' },
    { source: init, path: '/init' },
    ...tools,
  ]
  return [
    ...['/dev', '/proc', '/sys', '/tmp', '/target'].map((path) => ({ kind: 'folder', path }) as const),
    { kind: 'link', path: '/bin/sh', to: 'busybox' },
    text('/etc/hosts', '127.0.0.1 localhost\n10.0.2.2 host\n'),
    text('/etc/resolv.conf', 'nameserver 10.0.2.3\n'),
    ...withLibraries(programs),
    ...moduleEntries(bus, tree, mapped),
  ]
}

/** All modules once, and for each purpose a list of those to load, in order. */
function moduleEntries(bus: Bus, tree: ModuleTree, mapped: readonly string[]): readonly Entry[] {
  const purposes = [
    { purpose: 'boot', names: modulesFor(bus) },
    ...FILE_SYSTEMS.filter((type) => hasModule(tree, type)).map((type) => ({
      purpose: type,
      names: [...FILE_SYSTEM_EXTRAS.filter((name) => hasModule(tree, name)), type],
    })),
    ...(mapped.length > 0 ? [{ purpose: DEVICE_MAPPER.purpose, names: mapped }] : []),
  ]
  return purposes.flatMap(({ purpose, names }) => {
    const modules = modulesToLoad(tree, names)
    const files = modules.map(({ name, bytes }): Entry => ({
      kind: 'file',
      path: modulePath(name),
      bytes: () => bytes,
    }))
    return [text(`/modules/${purpose}`, modules.map(({ name }) => `${modulePath(name)}\n`).join('')), ...files]
  })
}

const modulePath = (name: string): string => `/modules/${name}.ko`

const text = (path: string, content: string): Entry => ({ kind: 'file', path, bytes: () => Buffer.from(content) })
