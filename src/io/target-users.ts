/**
 * Who uses a target: the block devices that share its bytes, what is mounted from them, swap, locks, processes.
 * All of it is read from /proc and /sys; whether a use forbids writing is for target-guard.ts to say.
 */
import { type BigIntStats, constants, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { errnoOf } from '../core/errors.ts'
import { mountsOf } from './mounts.ts'
import { deviceNumber, diskFolder, readKernelFile, sysfsFolder } from './target.ts'

/** A block device that shares bytes with the target. */
export interface Relative {
  readonly number: string
  readonly name: string
  /** How it hangs together with the target, for messages; empty for the target itself. */
  readonly relation: string
  /** It was set up on top of the target (loop, device mapper, RAID), as opposed to a part or the whole of it. */
  readonly isHolder: boolean
}

/** What `look` returns, or `undefined` where /proc or /sys has no answer: things there vanish at any time. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

const list = (folder: string): readonly string[] => attempt(() => readdirSync(folder)) ?? []
const statOf = (path: string): BigIntStats | undefined => attempt(() => statSync(path, { bigint: true }))
const isSameFile = (a: BigIntStats, b: BigIntStats): boolean => a.dev === b.dev && a.ino === b.ino

interface Loop {
  readonly name: string
  readonly backing: BigIntStats
}

function attachedLoops(): readonly Loop[] {
  const loops: Loop[] = []
  for (const name of list('/sys/block')) {
    const path = readKernelFile(`/sys/block/${name}/loop/backing_file`)
    const backing = path === undefined ? undefined : statOf(path)
    if (backing !== undefined) loops.push({ name, backing })
  }
  return loops
}

class Family {
  readonly members = new Map<string, Relative>()
  readonly #loops = attachedLoops()

  /** Adds a device, what stands on it, and what it is cut into. */
  add(number: string, relation: string, isHolder: boolean, withPartitions = true): void {
    const folder = sysfsFolder(number)
    if (folder === undefined || this.members.has(number)) return
    const name = basename(folder)
    this.members.set(number, { number, name, relation, isHolder })
    for (const entry of withPartitions ? list(folder) : []) {
      if (readKernelFile(join(folder, entry, 'partition')) !== undefined)
        this.#addNamed(entry, `partition ${entry}`, isHolder)
    }
    for (const holder of list(`${folder}/holders`)) this.#addNamed(holder, `${holder} built on it`, true)
    this.addLoops((backing) => backing.isBlockDevice() && deviceNumber(backing.rdev) === number)
  }

  /** Adds the loop devices whose backing file or device is meant. */
  addLoops(isMeant: (backing: BigIntStats) => boolean): void {
    for (const loop of this.#loops) {
      if (isMeant(loop.backing)) this.#addNamed(loop.name, `loop device ${loop.name} over it`, true)
    }
  }

  #addNamed(name: string, relation: string, isHolder: boolean): void {
    const number = readKernelFile(`/sys/class/block/${name}/dev`)
    if (number !== undefined) this.add(number, relation, isHolder)
  }
}

/** The target itself where it is a device, its partitions or its whole disk, and everything that stands on any of them. */
export function relativesOf(target: BigIntStats): readonly Relative[] {
  const family = new Family()
  if (target.isFile()) {
    family.addLoops((backing) => isSameFile(backing, target))
    return [...family.members.values()]
  }
  const number = deviceNumber(target.rdev)
  family.add(number, '', false)
  const folder = sysfsFolder(number)
  const disk = folder === undefined ? undefined : diskFolder(folder)
  if (disk !== undefined && disk !== folder) {
    const whole = readKernelFile(`${disk}/dev`)
    if (whole !== undefined) family.add(whole, `whole disk ${basename(disk)}`, false, false)
  }
  return [...family.members.values()]
}

export interface MountedAt {
  readonly relative: Relative
  readonly path: string
}

/** One process of every mount namespace that we may look into; ours first. */
function namespaceMembers(): readonly (number | 'self')[] {
  const members = new Map<string, number | 'self'>()
  for (const pid of ['self' as const, ...processIds()]) {
    const namespace = attempt(() => readlinkSync(`/proc/${pid}/ns/mnt`))
    if (namespace !== undefined && !members.has(namespace)) members.set(namespace, pid)
  }
  return members.size > 0 ? [...members.values()] : ['self']
}

const processIds = (): readonly number[] =>
  list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** The first mount of any of the devices, in this or another mount namespace; `undefined` where there is none. */
export function findMount(relatives: readonly Relative[]): MountedAt | undefined {
  const byNumber = new Map(relatives.map((relative) => [relative.number, relative]))
  if (byNumber.size === 0) return undefined
  for (const pid of namespaceMembers()) {
    for (const mount of mountsOf(pid)) {
      const relative = byNumber.get(mount.device) ?? byNumber.get(sourceNumber(mount.source))
      if (relative !== undefined) return { relative, path: mount.path }
    }
  }
  return findBtrfs(relatives)
}

/** File systems with an anonymous device number (btrfs) still name a device as their source. */
function sourceNumber(source: string): string {
  const stats = source.startsWith('/dev/') ? statOf(source) : undefined
  return stats?.isBlockDevice() === true ? deviceNumber(stats.rdev) : ''
}

/** A mounted btrfs shows one of its devices in the mount table and all of them in /sys. */
function findBtrfs(relatives: readonly Relative[]): MountedAt | undefined {
  for (const uuid of list('/sys/fs/btrfs')) {
    const devices = new Set(list(`/sys/fs/btrfs/${uuid}/devices`))
    const relative = relatives.find(({ name }) => devices.has(name))
    if (relative !== undefined) return { relative, path: `some place (btrfs ${uuid})` }
  }
  return undefined
}

/** The relative that is swapped on, or `'target'` where the target itself is a swap file; `undefined` where none is. */
export function findSwap(target: BigIntStats, relatives: readonly Relative[]): Relative | 'target' | undefined {
  const table = attempt(() => readFileSync('/proc/swaps', 'utf8')) ?? ''
  for (const line of table.split('\n').slice(1)) {
    const path = (line.split(/\s/)[0] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCodePoint(Number.parseInt(octal, 8)),
    )
    const stats = path === '' ? undefined : statOf(path)
    if (stats === undefined) continue
    if (isSameFile(stats, target)) return 'target'
    const relative = stats.isBlockDevice()
      ? relatives.find(({ number }) => number === deviceNumber(stats.rdev))
      : undefined
    if (relative !== undefined) return relative
  }
  return undefined
}

/** True where somebody holds a lock on a file: QEMU locks every image that it has open. */
export function isLocked(target: BigIntStats): boolean {
  const [major, minor] = deviceNumber(target.dev)
    .split(':')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
  const wanted = ` ${major}:${minor}:${target.ino} `
  return (attempt(() => readFileSync('/proc/locks', 'utf8')) ?? '').split('\n').some((line) => line.includes(wanted))
}

export interface Opener {
  readonly pid: number
  readonly name: string
}

/** A process other than this one that has one of the devices open, as far as we may look. */
export function findOpener(relatives: readonly Relative[]): Opener | undefined {
  const numbers = new Set(relatives.map(({ number }) => number))
  const isOpen = (path: string): boolean => {
    const stats = statOf(path)
    return stats?.isBlockDevice() === true && numbers.has(deviceNumber(stats.rdev))
  }
  for (const pid of processIds()) {
    if (pid === process.pid) continue
    const folder = `/proc/${pid}/fd`
    if (list(folder).some((descriptor) => isOpen(join(folder, descriptor)))) {
      return { pid, name: readKernelFile(`/proc/${pid}/comm`) ?? 'a process' }
    }
  }
  return undefined
}

/**
 * A process other than this one that has the file open for writing under that name, as far as we may look. The name comes
 * first: a descriptor on a FUSE file whose server hangs is never examined.
 */
export function findWriter(target: BigIntStats, name: string): Opener | undefined {
  for (const pid of processIds()) {
    if (pid === process.pid) continue
    for (const descriptor of list(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${descriptor}`
      const stats = basename(attempt(() => readlinkSync(path)) ?? '') === name ? statOf(path) : undefined
      if (stats === undefined || !isSameFile(stats, target) || !isWritable(pid, descriptor)) continue
      return { pid, name: readKernelFile(`/proc/${pid}/comm`) ?? 'a process' }
    }
  }
  return undefined
}

function isWritable(pid: number, descriptor: string): boolean {
  const flags = /^flags:\s+([0-7]+)$/m.exec(readKernelFile(`/proc/${pid}/fdinfo/${descriptor}`) ?? '')?.[1] ?? '0'
  return (Number.parseInt(flags, 8) & (constants.O_WRONLY | constants.O_RDWR)) !== 0
}
