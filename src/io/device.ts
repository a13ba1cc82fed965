/**
 * The device port: what the agent and the verifier need of a disk, and the Linux implementation over files and block
 * devices. Synchronous, because each worker thread of the agent has one request in flight and blocks on it.
 *
 * What it leaves to others: whether the target may be written at all (target-guard.ts), what it is (target.ts), and
 * narrowing a failed read down to sectors (verify).
 */
import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { type ErrorCode, ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import { SectorBuffer } from '../core/stamp.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { type TargetGeometry, targetGeometry } from './target.ts'

/**
 * A disk as the product sees it. Addresses and lengths are in 512-byte sectors; `at` is the first sector in the buffer.
 *
 * An implementation
 * - MUST transfer the whole range or throw: a short transfer is never reported as success;
 * - MUST throw an error whose `code` is an errno (`EIO`, `ENOSPC`, …) when the medium refuses, and MUST NOT retry it;
 * - MUST NOT touch a byte outside the range, on the medium or in the buffer;
 * - MUST return from `write` only when a later `read` sees the data;
 * - MUST return from `write` with `fua` only when the data is as stable as a flush would make it;
 * - MUST return from `flush` only when every write that had returned before it was called is stable;
 * - MUST refuse a write beyond `sizeSectors` whole (`EINVAL`), and a read beyond the end of data (`EOF`);
 * - MUST read any range of sectors, and MAY refuse (`EINVAL`) to write less than a logical block;
 * - MUST allow `close` more than once, and MUST throw on use after it.
 */
export interface DevicePort {
  readonly sizeSectors: number
  read(into: SectorBuffer, at: number, lba: number, sectors: number): void
  write(from: SectorBuffer, at: number, lba: number, sectors: number, fua: boolean): void
  flush(): void
  close(): void
}

/** `direct`: O_DIRECT; `buffered`: through the page cache; `dsync`: every write stable when it returns, O_DIRECT where it can be had. */
export type DeviceMode = 'direct' | 'buffered' | 'dsync'

export interface OpenDeviceOptions {
  readonly mode: DeviceMode
  readonly access: 'read' | 'write'
  /** Claim a block device for ourselves (O_EXCL). At most one open of a process may ask: a second claim fails with EBUSY. */
  readonly exclusive?: boolean
}

/** What is used of WebAssembly: the types of Node leave it to the browser's. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number; shared: boolean }) => {
    readonly buffer: ArrayBufferLike
  }
}

const WASM_PAGE_BYTES = 65_536

/**
 * Memory that O_DIRECT takes: page-aligned, which neither Buffer nor SharedArrayBuffer promise and WebAssembly memory is.
 * `bytes` is a multiple of 512. With `shared` its `bytes.buffer` can be handed to worker threads.
 */
export function alignedBuffer(bytes: number, shared = false): SectorBuffer {
  assert(bytes > 0 && bytes % SECTOR_BYTES === 0, `a sector buffer holds whole sectors, got ${bytes} bytes`)
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  return new SectorBuffer(memory.buffer, 0, bytes)
}

/** An error as the kernel's would look, for what the kernel itself would let pass. */
function ioError(code: 'EOF' | 'EIO' | 'EINVAL', syscall: 'read' | 'write', message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}, ${syscall}`), { code, syscall })
}

export interface Descriptors {
  readonly plain: number
  /** O_DSYNC, for FUA; `undefined` where a stable write is a write and a flush. Same as `plain` in dsync mode. */
  readonly stable: number | undefined
  /** Opened with O_DIRECT. */
  readonly direct: boolean
}

/** A device of this kernel, for those who have other ways to hand it a request. */
export interface OpenDevice extends DevicePort {
  readonly descriptors: Descriptors
}

/** An open file or block device. */
class LinuxDevice implements OpenDevice {
  readonly sizeSectors: number
  readonly descriptors: Descriptors
  readonly #everyWriteStable: boolean
  /** Reads are widened to this, because O_DIRECT refuses less; 1 where any sector can be read. */
  readonly #readGrain: number
  #bounce: SectorBuffer | undefined
  #open = true

  constructor(sizeSectors: number, descriptors: Descriptors, everyWriteStable: boolean, readGrain: number) {
    this.sizeSectors = sizeSectors
    this.descriptors = descriptors
    this.#everyWriteStable = everyWriteStable
    this.#readGrain = readGrain
  }

  read(into: SectorBuffer, at: number, lba: number, sectors: number): void {
    this.#check(into, at, lba, sectors)
    const grain = this.#readGrain
    const bytes = sectors * SECTOR_BYTES
    if (lba % grain === 0 && sectors % grain === 0) return this.#readWhole(into, at, lba, sectors, bytes)
    const from = lba - (lba % grain)
    const whole = Math.ceil((lba + sectors - from) / grain) * grain
    if (this.#bounce === undefined || this.#bounce.sectors < whole) this.#bounce = alignedBuffer(whole * SECTOR_BYTES)
    const start = (lba - from) * SECTOR_BYTES
    this.#readWhole(this.#bounce, 0, from, whole, start + bytes)
    into.bytes.set(this.#bounce.bytes.subarray(start, start + bytes), at * SECTOR_BYTES)
  }

  /** `needed`: bytes that must be there; what was asked for beyond them, to be aligned, may lie behind the end of a file. */
  #readWhole(into: SectorBuffer, at: number, lba: number, sectors: number, needed: number): void {
    const bytes = sectors * SECTOR_BYTES
    let done = 0
    while (done < bytes) {
      const got = this.#readSome(
        into.bytes,
        at * SECTOR_BYTES + done,
        bytes - done,
        lba * SECTOR_BYTES + done,
        done > 0,
      )
      if (got === 0 && done >= needed) return
      if (got === 0) throw ioError('EOF', 'read', `the data ends ${done} bytes into ${sectors} sectors at ${lba}`)
      done += got
    }
  }

  /** O_DIRECT refuses to go on at the odd end of a file (EINVAL): that is the end of data, like a read of nothing. */
  #readSome(bytes: Uint8Array, at: number, length: number, position: number, continued: boolean): number {
    try {
      return fs.readSync(this.descriptors.plain, bytes, at, length, position)
    } catch (error) {
      if (continued && errnoOf(error) === 'EINVAL') return 0
      throw error
    }
  }

  write(from: SectorBuffer, at: number, lba: number, sectors: number, fua: boolean): void {
    this.#check(from, at, lba, sectors)
    // A regular file would grow instead of refusing.
    if (lba + sectors > this.sizeSectors) {
      throw ioError(
        'EINVAL',
        'write',
        `${sectors} sectors at ${lba} lie beyond the end of the target at ${this.sizeSectors}`,
      )
    }
    const { plain, stable } = this.descriptors
    const bytes = sectors * SECTOR_BYTES
    let done = 0
    while (done < bytes) {
      const put = fs.writeSync(
        fua ? (stable ?? plain) : plain,
        from.bytes,
        at * SECTOR_BYTES + done,
        bytes - done,
        lba * SECTOR_BYTES + done,
      )
      if (put === 0) throw ioError('EIO', 'write', `nothing was taken ${done} bytes into ${sectors} sectors at ${lba}`)
      done += put
    }
    if ((fua || this.#everyWriteStable) && stable === undefined) fs.fdatasyncSync(plain)
  }

  flush(): void {
    assert(this.#open, 'the device is closed')
    fs.fdatasyncSync(this.descriptors.plain)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const { plain, stable } = this.descriptors
    closeQuietly(plain)
    if (stable !== undefined && stable !== plain) closeQuietly(stable)
  }

  #check(buffer: SectorBuffer, at: number, lba: number, sectors: number): void {
    assert(this.#open, 'the device is closed')
    assert(at >= 0 && sectors > 0 && at + sectors <= buffer.sectors, 'the range lies inside the buffer')
    assert(Number.isSafeInteger(lba) && lba >= 0, 'an address is a whole number of sectors')
  }
}

/** Closing promises nothing about the data, and a dead FUSE server makes it fail (ENOTCONN): the descriptor is gone either way. */
function closeQuietly(descriptor: number): void {
  try {
    fs.closeSync(descriptor)
  } catch (error) {
    if (errnoOf(error) === 'EBADF') throw error
  }
}

type OpenFailure = readonly [code: ErrorCode, say: (path: string, errno: string) => string]

const MISSING: OpenFailure = [
  'TARGET_MISSING',
  (path, errno) => `${path} is not there (${errno}); give a block device or a preallocated file`,
]
const DENIED: OpenFailure = [
  'TARGET_DENIED',
  (path, errno) => `${path} may not be opened by this user (${errno}); run as root or as its owner`,
]
const IN_USE: OpenFailure = [
  'TARGET_IN_USE',
  (path, errno) => `${path} is held by somebody else (${errno}); close it there or choose another`,
]
const READ_ONLY: OpenFailure = [
  'TARGET_READ_ONLY',
  (path, errno) => `${path} is read-only (${errno}); choose a target that can be written`,
]
const NO_DIRECT: OpenFailure = [
  'BAD_OPTION',
  (path) => `--io direct got ${path}, which refuses O_DIRECT; it takes --io buffered or --io dsync there`,
]
const OPEN_FAILURES: Readonly<Record<string, OpenFailure>> = {
  ENOENT: MISSING,
  ENODEV: MISSING,
  ENXIO: MISSING,
  EACCES: DENIED,
  EPERM: DENIED,
  EBUSY: IN_USE,
  ETXTBSY: IN_USE,
  EROFS: READ_ONLY,
}

function openError(path: string, error: unknown, flags: number): ProbeError {
  const errno = errnoOf(error) ?? ''
  const refusesDirect = errno === 'EINVAL' && (flags & fs.constants.O_DIRECT) !== 0
  const failure = refusesDirect ? NO_DIRECT : OPEN_FAILURES[errno]
  if (failure === undefined)
    return new ProbeError('TARGET_IO', `${path} cannot be opened: ${messageOf(error)}`, { cause: error })
  return new ProbeError(failure[0], failure[1](path, errno), { cause: error })
}

/** open(2) with the product's errors. */
export function openPath(path: string, flags: number): number {
  try {
    return fs.openSync(path, flags)
  } catch (error) {
    throw openError(path, error, flags)
  }
}

interface Opened {
  readonly descriptor: number
  /** What it was opened with, after any fallback. */
  readonly flags: number
}

/** Opens with O_DIRECT, or without it where the file system does not know it and the mode may do without. */
function openDirect(path: string, flags: number, directOptional: boolean): Opened {
  const direct = flags | fs.constants.O_DIRECT
  try {
    return { descriptor: fs.openSync(path, direct), flags: direct }
  } catch (error) {
    if (directOptional && errnoOf(error) === 'EINVAL') return { descriptor: openPath(path, flags), flags }
    throw openError(path, error, direct)
  }
}

/**
 * The descriptor for FUA beside the plain one. FUSE drops O_DSYNC on some kernels, so that there a stable write is a
 * write and a flush; in dsync mode the plain descriptor is stable already.
 */
function stableBeside(path: string, plain: Opened, geometry: TargetGeometry): number | undefined {
  const { O_DSYNC, O_EXCL } = fs.constants
  if (geometry.fuse) return undefined
  if ((plain.flags & O_DSYNC) !== 0) return plain.descriptor
  try {
    return openPath(path, (plain.flags & ~O_EXCL) | O_DSYNC)
  } catch (error) {
    fs.closeSync(plain.descriptor)
    throw error
  }
}

/**
 * Opens a target. Throws ProbeError where it cannot be opened; afterwards the device throws system errors.
 * Reading prefers O_DIRECT, so that the page cache of this host does not answer for the medium, and does without where
 * the file system refuses; writing with `direct` insists on it.
 */
export function openDevice(path: string, options: OpenDeviceOptions): OpenDevice {
  const { O_RDONLY, O_RDWR, O_EXCL, O_DSYNC, O_DIRECT } = fs.constants
  const geometry = targetGeometry(path)
  const reading = options.access === 'read'
  const everyWriteStable = options.mode === 'dsync' && !reading
  const claim = options.exclusive === true && geometry.kind === 'block' ? O_EXCL : 0
  const flags = (reading ? O_RDONLY : O_RDWR) | claim | (everyWriteStable && !geometry.fuse ? O_DSYNC : 0)
  const plain =
    options.mode === 'buffered'
      ? { descriptor: openPath(path, flags), flags }
      : openDirect(path, flags, reading || everyWriteStable)
  const stable = reading ? undefined : stableBeside(path, plain, geometry)
  const direct = (plain.flags & O_DIRECT) !== 0
  const readGrain = direct ? Math.max(1, geometry.logicalBlockBytes / SECTOR_BYTES) : 1
  return new LinuxDevice(geometry.sizeSectors, { plain: plain.descriptor, stable, direct }, everyWriteStable, readGrain)
}
