/**
 * System calls by koffi (an optional dependency, native): those that Node has no function for, and the two of the hot path,
 * which are a few microseconds cheaper so where each is made in a processor that has slept since the last. Absent where
 * koffi was not installed or has no binary for this machine. Whoever asks MUST be able to do without.
 */
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { pathToFileURL } from 'node:url'
import { messageOf } from '../core/errors.ts'

/** Addresses are numbers; each answers -1 where it failed, and `errno()` then says why. */
export interface SystemCalls {
  readonly pwrite: (descriptor: number, address: number, bytes: number, position: number) => number
  readonly fdatasync: (descriptor: number) => number
  /** syscall(2) of up to five arguments. */
  readonly call: (number: number, a: number, b: number, c: number, d: number, e: number) => number
  /** Of the last call that failed, in this thread; never 0, so that no failure is taken for a success. */
  readonly errno: () => number
  /** Where the bytes lie, for the kernel; only memory that is never moved, such as WebAssembly's. */
  readonly addressOf: (bytes: Uint8Array) => number
}

/** What is used of koffi 3: declared here, so that the program compiles where it is absent. */
interface Koffi {
  load(library: string): { func(prototype: string): (...values: readonly number[]) => number }
  errno(): number
  address(bytes: Uint8Array): bigint
}

const PACKAGE = 'koffi'
/** Where an off_t has 64 bits whatever a program was compiled for, and the calling convention was tried or is documented. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64']
const PWRITE = 'long pwrite(int descriptor, uintptr_t address, size_t bytes, int64_t position)'
const FDATASYNC = 'int fdatasync(int descriptor)'
const SYSCALL = 'long syscall(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e)'

const isKoffi = (value: unknown): value is Koffi =>
  typeof value === 'object' && value !== null && 'load' in value && 'errno' in value && 'address' in value

/**
 * The system calls, or in words why there are none. The package is looked for beside this file alone: an agent that runs as
 * root must not load what lies in the folder that it was started in.
 */
export async function systemCalls(): Promise<SystemCalls | string> {
  // In a bundle no file has an address of its own.
  const here: unknown = import.meta.url
  if (typeof here !== 'string') return `the program is packed as one file, without the package ${PACKAGE}`
  if (!ARCHITECTURES.includes(process.arch)) return `the package ${PACKAGE} is not used on ${process.arch}`
  try {
    const loaded: unknown = await import(pathToFileURL(createRequire(here).resolve(PACKAGE)).href)
    const koffi = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded
    if (!isKoffi(koffi)) return `the package ${PACKAGE} is not the one that was expected`
    const libc = koffi.load('libc.so.6')
    return {
      pwrite: libc.func(PWRITE),
      fdatasync: libc.func(FDATASYNC),
      call: libc.func(SYSCALL),
      errno: () => koffi.errno() || constants.errno.EIO,
      addressOf: (bytes) => Number(koffi.address(bytes)),
    }
  } catch (error) {
    return `the package ${PACKAGE} cannot be used (${messageOf(error).split('\n', 1)[0] ?? ''})`
  }
}
