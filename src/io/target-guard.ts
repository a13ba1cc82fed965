/**
 * Whether a target may be written: the product destroys what is on it, so everything that looks like somebody's data
 * or somebody's use is refused. `--destroy-data-on` with the very same path overrides signatures and use by another
 * process; nothing overrides a mount, or a claim by the kernel that may be a mount that cannot be seen from here.
 *
 * What it leaves to others: finding the users (target-users.ts) and the signatures (signatures.ts), alignment (the plan).
 * After it the agent opens a device with O_EXCL, so that nobody mounts it between the look and the first write.
 */
import { type BigIntStats, closeSync, constants, realpathSync, statfsSync } from 'node:fs'
import { basename } from 'node:path'
import { ProbeError } from '../core/errors.ts'
import { formatBytes } from '../core/size.ts'
import { bytesOf } from '../core/units.ts'
import { openPath } from './device.ts'
import { mountOver } from './mounts.ts'
import { findSignatures } from './signatures.ts'
import { deviceNumber, readKernelFile, statTarget, sysfsFolder, targetGeometry } from './target.ts'
import { type Relative, findMount, findOpener, findSwap, findWriter, isLocked, relativesOf } from './target-users.ts'

export interface GuardOptions {
  /** What will be written, in 512-byte sectors. */
  readonly region: { readonly lba: number; readonly sectors: number }
  /** The value of --destroy-data-on. */
  readonly destroyDataOn?: string
}

export interface GuardResult {
  /** Open the device with `exclusive`: false only where the user overrode somebody else's claim. */
  readonly exclusive: boolean
  /** What was overridden with --destroy-data-on, for the log. */
  readonly overridden: readonly string[]
}

class Guard {
  readonly #path: string
  readonly #options: GuardOptions
  readonly #stats: BigIntStats
  readonly #relatives: readonly Relative[]
  readonly #overridden: string[] = []
  #exclusive = true

  constructor(path: string, options: GuardOptions) {
    this.#path = path
    this.#options = options
    this.#stats = statTarget(path)
    this.#relatives = relativesOf(this.#stats)
  }

  run(): GuardResult {
    this.#refuseMounted()
    this.#refuseReadOnly()
    this.#refuseSmall()
    this.#refuseInUse()
    this.#refuseData()
    this.#refuseSparseWithoutRoom()
    this.#refuseStrayOverride()
    return { exclusive: this.#exclusive, overridden: this.#overridden }
  }

  #refuseMounted(): void {
    const mount = findMount(this.#relatives)
    if (mount !== undefined) {
      const what = mount.relative.relation === '' ? '' : ` (${mount.relative.relation})`
      throw new ProbeError(
        'TARGET_MOUNTED',
        `${this.#path}${what} is mounted at ${mount.path}; unmount it or choose another target`,
      )
    }
    const swap = findSwap(this.#stats, this.#relatives)
    if (swap === undefined) return
    const what = swap === 'target' || swap.relation === '' ? '' : ` (${swap.relation})`
    throw new ProbeError(
      'TARGET_MOUNTED',
      `${this.#path}${what} is in use as swap; run swapoff or choose another target`,
    )
  }

  #refuseReadOnly(): void {
    const readOnly = this.#stats.isBlockDevice() ? this.#deviceIsReadOnly() : this.#fileIsReadOnly()
    if (readOnly !== undefined) throw new ProbeError('TARGET_READ_ONLY', `${this.#path} is read-only: ${readOnly}`)
  }

  #deviceIsReadOnly(): string | undefined {
    const folder = sysfsFolder(deviceNumber(this.#stats.rdev))
    const isReadOnly = folder !== undefined && readKernelFile(`${folder}/ro`) === '1'
    return isReadOnly ? 'the device is set so; use `blockdev --setrw`, or attach it writable' : undefined
  }

  /** Root may write a file without any write permission; whoever took it away did not mean this program to. */
  #fileIsReadOnly(): string | undefined {
    if ((this.#stats.mode & 0o222n) === 0n) return 'its mode allows nobody to write; use `chmod u+w`'
    const isReadOnly = mountOver(realpathSync(this.#path))?.readOnly === true
    return isReadOnly ? 'it lies on a file system mounted read-only' : undefined
  }

  #refuseSmall(): void {
    const { region } = this.#options
    const { sizeSectors } = targetGeometry(this.#path)
    const end = region.lba + region.sectors
    if (sizeSectors >= end && sizeSectors > 0) return
    throw new ProbeError(
      'TARGET_TOO_SMALL',
      `${this.#path} holds ${formatBytes(bytesOf(sizeSectors))}, the region ends at ${formatBytes(bytesOf(end))}; enlarge the target (truncate, fallocate, losetup --set-capacity) or give a smaller --region`,
    )
  }

  #refuseInUse(): void {
    const holder = this.#relatives.find(({ isHolder }) => isHolder)
    if (holder !== undefined)
      this.#refuseUnlessOverridden(
        'TARGET_IN_USE',
        `it backs another device (${holder.relation})`,
        'take that apart first',
      )
    if (this.#stats.isFile()) {
      closeSync(openPath(this.#path, constants.O_RDWR))
      if (isLocked(this.#stats))
        this.#refuseUnlessOverridden(
          'TARGET_IN_USE',
          'another process holds a lock on it, perhaps a running QEMU',
          'end that process',
        )
      this.#refuseWriter()
      return
    }
    this.#claim()
  }

  /** A file has no claim: two agents at once would each take the other's writes for the disk's doing. */
  #refuseWriter(): void {
    const writer = findWriter(this.#stats, basename(realpathSync(this.#path)))
    if (writer === undefined) return
    this.#refuseUnlessOverridden(
      'TARGET_IN_USE',
      `${writer.name} (process ${writer.pid}) has it open for writing`,
      'end that process',
    )
  }

  /** Tries the claim that the agent will make. A claim that no process can be named for is the kernel's own, perhaps a mount. */
  #claim(): void {
    try {
      closeSync(openPath(this.#path, constants.O_RDWR | constants.O_EXCL))
      return
    } catch (error) {
      if (!(error instanceof ProbeError) || error.code !== 'TARGET_IN_USE') throw error
    }
    const opener = findOpener(this.#relatives)
    this.#exclusive = false
    if (opener !== undefined)
      return this.#refuseUnlessOverridden(
        'TARGET_IN_USE',
        `${opener.name} (process ${opener.pid}) holds it`,
        'end that process',
      )
    if (this.#relatives.some(({ isHolder }) => isHolder)) return
    throw new ProbeError(
      'TARGET_IN_USE',
      `${this.#path} is claimed by the kernel or by a process out of sight (EBUSY), perhaps mounted elsewhere; release it or choose another target`,
    )
  }

  #refuseData(): void {
    try {
      const found = findSignatures(this.#path, targetGeometry(this.#path).sizeSectors)
      if (found.length === 0) return
      const types = [...new Set(found.map(({ type }) => type))].join(', ')
      this.#refuseUnlessOverridden(
        'TARGET_CARRIES_DATA',
        `it carries data (${types} at byte ${found[0]?.offset ?? 0})`,
        'choose another target',
      )
    } catch (error) {
      if (!(error instanceof ProbeError) || error.code !== 'TARGET_UNCHECKED' || !this.#mayDestroy()) throw error
      this.#overridden.push(error.message)
    }
  }

  /** A hole is filled as it is written; where the file system runs full half-way, the run would accuse the disk. */
  #refuseSparseWithoutRoom(): void {
    if (!this.#stats.isFile()) return
    const unallocated = Math.max(0, Number(this.#stats.size) - Number(this.#stats.blocks) * 512)
    const needed = Math.min(unallocated, bytesOf(this.#options.region.sectors))
    const { blocks, bavail, bsize } = statfsSync(this.#path)
    // A file system of no blocks at all (FUSE exports) does not tell.
    if (needed === 0 || blocks === 0 || bavail * bsize >= needed) return
    throw new ProbeError(
      'TARGET_SPARSE_FULL',
      `${this.#path} has up to ${formatBytes(needed)} of the region still to be allocated, its file system has ${formatBytes(bavail * bsize)} left; make room, or allocate it with fallocate`,
    )
  }

  /** An override that names something else is a mistake worth stopping for, even where nothing had to be overridden. */
  #refuseStrayOverride(): void {
    const { destroyDataOn } = this.#options
    if (destroyDataOn === undefined || this.#mayDestroy()) return
    throw new ProbeError(
      'BAD_OPTION',
      `--destroy-data-on got ${destroyDataOn}; it takes the very path of --target, ${this.#path}, or is left out`,
    )
  }

  #mayDestroy(): boolean {
    return this.#options.destroyDataOn === this.#path
  }

  #refuseUnlessOverridden(code: 'TARGET_IN_USE' | 'TARGET_CARRIES_DATA', what: string, wayOut: string): void {
    if (this.#mayDestroy()) {
      this.#overridden.push(what)
      return
    }
    const { destroyDataOn } = this.#options
    const other =
      destroyDataOn === undefined
        ? ''
        : ` (--destroy-data-on names ${destroyDataOn}, which is not the path of --target)`
    throw new ProbeError(
      code,
      `${this.#path} is refused: ${what}; ${wayOut}, or add --destroy-data-on ${this.#path} if nobody needs it${other}`,
    )
  }
}

/** Throws TARGET_… where the target must not be written; docs/CLI.md lists the reasons. Only reads. */
export const guardTarget = (path: string, options: GuardOptions): GuardResult => new Guard(path, options).run()
