/**
 * What a target is, as far as the kernel says: kind, size, queue limits, cache, identity. Facts go into the manifest.
 * Everything comes from stat and /sys; the target itself is not opened (fstat knows no size of a block device anyway).
 */
import { createHash } from 'node:crypto'
import { type BigIntStats, readFileSync, readlinkSync, realpathSync, statSync, statfsSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import { ProbeError, errnoOf } from '../core/errors.ts'
import type { TargetFacts } from '../core/manifest.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { mountOver } from './mounts.ts'

export interface TargetGeometry {
  readonly kind: 'block' | 'file'
  readonly sizeSectors: number
  /** What O_DIRECT on it is aligned to, as far as the kernel says. */
  readonly logicalBlockBytes: number
  /** For a file: it lies on FUSE. */
  readonly fuse: boolean
}

/** statfs magic of FUSE, and of file systems whose anonymous device number hides the disk below. */
const FUSE_MAGIC = 0x65735546
const OWN_BLOCK_SIZE_MAGICS: ReadonlySet<number> = new Set([
  0x9123683e /* btrfs */, 0x2fc12fc1 /* zfs */, 0xca451a4e /* bcachefs */,
])

/** `major:minor` of a device number from a bigint stat (glibc's encoding of dev_t). */
export function deviceNumber(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn)
  return `${major}:${minor}`
}

/** A file of /sys or /proc, trimmed; `undefined` where it is absent, unreadable or empty. */
export function readKernelFile(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').replaceAll('\0', '').trim()
    return text === '' ? undefined : text
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

function readKernelNumber(path: string): number | undefined {
  const value = Number(readKernelFile(path) ?? Number.NaN)
  return Number.isSafeInteger(value) ? value : undefined
}

function readKernelLink(path: string): string | undefined {
  try {
    return basename(readlinkSync(path))
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

/** The folder of a block device in /sys, symlinks resolved; `undefined` where the kernel does not show it. */
export function sysfsFolder(number: string): string | undefined {
  try {
    return realpathSync(`/sys/dev/block/${number}`)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

/** The whole disk's folder: queue limits and device identity of a partition are those of its parent. */
export const diskFolder = (folder: string): string =>
  readKernelFile(`${folder}/partition`) === undefined ? folder : folder.slice(0, folder.lastIndexOf('/'))

/** stat that follows symlinks and answers with the product's errors. Refuses anything but block devices and regular files. */
export function statTarget(path: string): BigIntStats {
  let stats: BigIntStats
  try {
    stats = statSync(path, { bigint: true })
  } catch (error) {
    throw statError(path, error)
  }
  if (stats.isBlockDevice() || stats.isFile()) return stats
  const what = stats.isDirectory()
    ? 'a directory'
    : stats.isCharacterDevice()
      ? 'a character device'
      : 'neither a block device nor a regular file'
  throw new ProbeError('TARGET_KIND', `${path} is ${what}; give a block device or a preallocated regular file`)
}

function statError(path: string, error: unknown): ProbeError {
  const errno = errnoOf(error)
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new ProbeError('TARGET_MISSING', `${path} does not exist; give a block device or a preallocated file`, {
      cause: error,
    })
  if (errno === 'EACCES')
    return new ProbeError('TARGET_DENIED', `${path} cannot be reached with the rights of this user`, { cause: error })
  return new ProbeError(
    'TARGET_IO',
    `${path} cannot be examined (${errno ?? 'unknown error'}); is what serves it still alive?`,
    { cause: error },
  )
}

function blockGeometry(path: string, stats: BigIntStats): TargetGeometry {
  const folder = sysfsFolder(deviceNumber(stats.rdev))
  const sizeSectors = folder === undefined ? undefined : readKernelNumber(`${folder}/size`)
  if (folder === undefined || sizeSectors === undefined)
    throw new ProbeError(
      'TARGET_MISSING',
      `${path} is a device node, but the kernel has no such device (${deviceNumber(stats.rdev)}); attach it first`,
    )
  const logicalBlockBytes = readKernelNumber(`${diskFolder(folder)}/queue/logical_block_size`) ?? SECTOR_BYTES
  return { kind: 'block', sizeSectors, logicalBlockBytes, fuse: false }
}

function fileGeometry(path: string, stats: BigIntStats): TargetGeometry {
  const { type, bsize } = statfsSync(path)
  const folder = sysfsFolder(deviceNumber(stats.dev))
  const below = folder === undefined ? undefined : readKernelNumber(`${diskFolder(folder)}/queue/logical_block_size`)
  return {
    kind: 'file',
    sizeSectors: Math.floor(Number(stats.size) / SECTOR_BYTES),
    logicalBlockBytes: below ?? (OWN_BLOCK_SIZE_MAGICS.has(type) ? bsize : SECTOR_BYTES),
    fuse: type === FUSE_MAGIC,
  }
}

/** Kind, size and alignment of a target. Throws TARGET_MISSING, TARGET_KIND, TARGET_DENIED. */
export function targetGeometry(path: string): TargetGeometry {
  const stats = statTarget(path)
  return stats.isBlockDevice() ? blockGeometry(path, stats) : fileGeometry(path, stats)
}

/** Size in 512-byte sectors; a rest of less than a sector at the end of a file does not count. */
export const targetSizeSectors = (path: string): number => targetGeometry(path).sizeSectors

type Queue = Pick<
  TargetFacts,
  'physicalBlockBytes' | 'dmaAlignment' | 'writeCache' | 'fua' | 'atomicWriteUnitMaxBytes' | 'rotational'
>

/**
 * The disk's atomic unit where its boundaries are the target's own too: a partition that does not begin on one cuts units in two.
 * `startSectors`: where the target begins on the disk.
 */
export const atomicUnitFrom = (startSectors: number, unitBytes: number | undefined): number | undefined =>
  unitBytes !== undefined && unitBytes > 0 && (startSectors * SECTOR_BYTES) % unitBytes === 0 ? unitBytes : undefined

function queueFacts(disk: string, startSectors: number): Queue {
  const number = (name: string): number | undefined => readKernelNumber(`${disk}/queue/${name}`)
  const flag = (name: string): boolean | undefined => {
    const value = number(name)
    return value === undefined ? undefined : value !== 0
  }
  const cache = readKernelFile(`${disk}/queue/write_cache`)
  return known<Queue>({
    physicalBlockBytes: number('physical_block_size'),
    dmaAlignment: number('dma_alignment'),
    writeCache: cache === 'write back' || cache === 'write through' ? cache : undefined,
    fua: flag('fua'),
    atomicWriteUnitMaxBytes: atomicUnitFrom(startSectors, number('atomic_write_unit_max_bytes')),
    rotational: flag('rotational'),
  })
}

type Optional<T> = { readonly [Key in keyof T]-?: T[Key] | undefined }

/** The facts without those that the kernel does not tell. */
function known<T extends object>(facts: Optional<T>): Partial<T> {
  const told: Partial<T> = {}
  return Object.assign(told, Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)))
}

type Identity = Pick<TargetFacts, 'driver' | 'model' | 'serial'>

function identityFacts(disk: string): Identity {
  // An NVMe namespace hangs on its controller, and that on the device that has the driver; a disk without a device is named after its own.
  const driver =
    readKernelLink(`${disk}/device/driver`) ??
    readKernelLink(`${disk}/device/device/driver`) ??
    (basename(disk).replace(/\d.*$/, '') || undefined)
  return known<Identity>({
    driver,
    model: readKernelFile(`${disk}/device/model`),
    serial:
      readKernelFile(`${disk}/serial`) ??
      readKernelFile(`${disk}/device/serial`) ??
      readKernelFile(`${disk}/device/wwid`) ??
      readKernelFile(`${disk}/wwid`),
  })
}

/** All that the kernel says about a target, for the manifest. */
export function inspectTarget(path: string): TargetFacts {
  const stats = statTarget(path)
  const { kind, sizeSectors, logicalBlockBytes } = targetGeometry(path)
  const basics = { path, kind, sizeSectors, logicalBlockBytes }
  if (kind === 'file') {
    const fileSystem = mountOver(realpathSync(path))?.fileSystem
    return fileSystem === undefined ? basics : { ...basics, fileSystem }
  }
  const folder = sysfsFolder(deviceNumber(stats.rdev))
  if (folder === undefined) return basics
  const disk = diskFolder(folder)
  return { ...basics, ...queueFacts(disk, readKernelNumber(`${folder}/start`) ?? 0), ...identityFacts(disk) }
}

/**
 * What tells this machine from others, over reboots: clones of one VM have the host name, the paths and often the serial
 * numbers in common (QEMU makes up QM00001 for every VM). The hypervisor's id of the VM, which only root may read, else
 * the installation's, else the name.
 */
function machineIdentity(): readonly string[] {
  const uuid = readKernelFile('/sys/class/dmi/id/product_uuid')
  if (uuid !== undefined) return ['uuid', uuid]
  // An image that has never been booted says "uninitialized".
  const id = readKernelFile('/etc/machine-id')
  return id !== undefined && /^[0-9a-f]{32}$/.test(id) ? ['machine-id', id] : ['host', hostname()]
}

/**
 * Identity of a target, the same for every run on it: of the machine, and of its serial number, else of its place there; or of
 * the name that the user gives it. 16 hex digits.
 */
export function deviceKey(facts: TargetFacts, name?: string): string {
  const partition = facts.kind === 'block' ? basename(realpathSync(facts.path)) : ''
  const place =
    facts.serial === undefined
      ? ['place', realpathSync(facts.path)]
      : ['serial', facts.model ?? '', facts.serial, /\d+$/.exec(partition)?.[0] ?? '']
  const identity = name === undefined ? [...machineIdentity(), ...place] : ['name', name]
  return createHash('sha256').update(identity.join('\0')).digest('hex').slice(0, 16)
}
