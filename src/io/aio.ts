/**
 * The kernel's asynchronous I/O (io_submit(2), which fio calls libaio; IOCB_CMD_FDSYNC since Linux 4.18): many requests of
 * one thread in flight at once, handed over and reaped in batches. For O_DIRECT descriptors: on others io_submit waits for
 * each request.
 *
 * One context, one thread. A request lives in a slot, 0 to capacity - 1, which is the caller's to choose and to keep track
 * of. Structures as in linux/aio_abi.h, on little-endian machines.
 */
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { SECTOR_BYTES } from '../core/units.ts'
import { alignedBuffer } from './device.ts'
import type { SystemCalls } from './foreign.ts'

interface Numbers {
  readonly setup: number
  readonly destroy: number
  readonly getevents: number
  readonly submit: number
}

/** Numbers of the system calls, by `process.arch`. */
const NUMBERS: Readonly<Record<string, Numbers>> = {
  x64: { setup: 206, destroy: 207, getevents: 208, submit: 209 },
  arm64: { setup: 0, destroy: 1, getevents: 4, submit: 2 },
}

const WRITE = 1
const DATA_SYNC = 3

/** 32-bit words of `struct iocb`, of a pointer to one, and of `struct io_event`. */
const REQUEST_WORDS = 16
const POINTER_WORDS = 2
const EVENT_WORDS = 8
/** Words of `struct iocb` that are set: the rest stays 0. */
const R = { slot: 0, code: 4, descriptor: 5, address: 6, bytes: 8, position: 10 } as const
/** Words of `struct io_event`. */
const E = { slot: 0, result: 4 } as const
const TIMESPEC_WORDS = 4
const CONTEXT_WORDS = 2
const WORD_BYTES = 4
const UPPER = 0x1_0000_0000

const { EINTR, EAGAIN } = constants.errno

export class AioContext {
  readonly #system: SystemCalls
  readonly #numbers: Numbers
  readonly #capacity: number
  readonly #words: Uint32Array
  /** Where `#words` lies, in bytes; and within it, in words: pointers, events, timespec. */
  readonly #address: number
  readonly #pointers: number
  readonly #events: number
  readonly #timespec: number
  #id = 0
  #prepared = 0
  #inKernel = 0
  #ended = 0

  private constructor(system: SystemCalls, numbers: Numbers, capacity: number) {
    this.#system = system
    this.#numbers = numbers
    this.#capacity = capacity
    this.#pointers = capacity * REQUEST_WORDS
    this.#events = this.#pointers + capacity * POINTER_WORDS
    this.#timespec = this.#events + capacity * EVENT_WORDS
    const words = this.#timespec + TIMESPEC_WORDS + CONTEXT_WORDS
    const memory = alignedBuffer(Math.ceil((words * WORD_BYTES) / SECTOR_BYTES) * SECTOR_BYTES)
    this.#words = memory.words
    this.#address = system.addressOf(memory.bytes)
  }

  /** A context for that many requests in flight, or in words why the kernel gives none. */
  static open(system: SystemCalls, capacity: number): AioContext | string {
    const numbers = NUMBERS[process.arch]
    if (numbers === undefined) return `no numbers of its system calls are known on ${process.arch}`
    const context = new AioContext(system, numbers, capacity)
    const errno = context.#setup()
    return errno === 0 ? context : `io_setup(${capacity}) failed with ${getSystemErrorName(-errno)}`
  }

  #setup(): number {
    const at = this.#timespec + TIMESPEC_WORDS
    const { call, errno } = this.#system
    if (call(this.#numbers.setup, this.#capacity, this.#address + at * WORD_BYTES, 0, 0, 0) < 0) return errno()
    this.#id = this.#long(at)
    return 0
  }

  /** Prepares a write of `bytes` bytes at `address` to `position`, in bytes; it goes out with `submit`. */
  write(slot: number, descriptor: number, address: number, bytes: number, position: number): void {
    const at = this.#prepare(slot, WRITE, descriptor)
    this.#setLong(at + R.address, address)
    this.#setLong(at + R.bytes, bytes)
    this.#setLong(at + R.position, position)
  }

  /** Prepares an fdatasync; it goes out with `submit`. */
  dataSync(slot: number, descriptor: number): void {
    const at = this.#prepare(slot, DATA_SYNC, descriptor)
    this.#setLong(at + R.address, 0)
    this.#setLong(at + R.bytes, 0)
    this.#setLong(at + R.position, 0)
  }

  #prepare(slot: number, code: number, descriptor: number): number {
    assert(slot >= 0 && slot < this.#capacity && this.#prepared < this.#capacity, 'a request has a slot of its own')
    const words = this.#words
    const at = slot * REQUEST_WORDS
    words[at + R.slot] = slot
    words[at + R.code] = code
    words[at + R.descriptor] = descriptor
    this.#setLong(this.#pointers + this.#prepared++ * POINTER_WORDS, this.#address + at * WORD_BYTES)
    return at
  }

  /** Hands over what was prepared, in that order. A request that the kernel refuses ends at once, with its error. */
  submit(): void {
    let done = 0
    while (done < this.#prepared) {
      const pointers = this.#address + (this.#pointers + done * POINTER_WORDS) * WORD_BYTES
      const taken = this.#system.call(this.#numbers.submit, this.#id, this.#prepared - done, pointers, 0, 0)
      if (taken > 0) {
        done += taken
        this.#inKernel += taken
        continue
      }
      const errno = this.#system.errno()
      if (errno === EINTR) continue
      // Its queue is full for now: the rest goes out once something has ended.
      if (errno === EAGAIN && this.#inKernel > 0) break
      this.#refused(done++, errno)
    }
    this.#words.copyWithin(
      this.#pointers,
      this.#pointers + done * POINTER_WORDS,
      this.#pointers + this.#prepared * POINTER_WORDS,
    )
    this.#prepared -= done
  }

  /** As if the kernel had taken it and said so afterwards. */
  #refused(index: number, errno: number): void {
    const request = (this.#long(this.#pointers + index * POINTER_WORDS) - this.#address) / WORD_BYTES
    const at = this.#events + this.#ended++ * EVENT_WORDS
    this.#words[at + E.slot] = this.#words[request + R.slot] ?? 0
    this.#setLong(at + E.result, -errno)
  }

  /** Requests that ended and were not forgotten. */
  get ended(): number {
    return this.#ended
  }

  /** Waits until something has ended, for at most that long. */
  wait(limitMs: number): void {
    if (this.#inKernel === 0 || this.#ended > 0) return
    const { call, errno } = this.#system
    const events = this.#address + this.#events * WORD_BYTES
    const limit = Number.isFinite(limitMs) ? this.#limit(limitMs) : 0
    const got = call(this.#numbers.getevents, this.#id, 1, this.#capacity, events, limit)
    if (got < 0) {
      assert.equal(errno(), EINTR, 'io_getevents waits or answers')
      return
    }
    this.#inKernel -= got
    this.#ended = got
  }

  #limit(ms: number): number {
    const whole = Math.floor(ms / 1000)
    this.#setLong(this.#timespec, whole)
    this.#setLong(this.#timespec + 2, Math.floor((ms - whole * 1000) * 1_000_000))
    return this.#address + this.#timespec * WORD_BYTES
  }

  /** The slot of the `index`-th request that ended. */
  slotOf(index: number): number {
    return this.#words[this.#events + index * EVENT_WORDS + E.slot] ?? 0
  }

  /** Bytes that it wrote, or the negative number of its error. */
  resultOf(index: number): number {
    return this.#long(this.#events + index * EVENT_WORDS + E.result)
  }

  /** Those that ended have been asked about. */
  forget(): void {
    this.#ended = 0
  }

  /** Waits for what is in flight, and gives the context back. */
  close(): void {
    if (this.#id === 0) return
    this.#system.call(this.#numbers.destroy, this.#id, 0, 0, 0, 0)
    this.#id = 0
  }

  /** A signed 64-bit number below 2^53. */
  #long(at: number): number {
    return (this.#words[at] ?? 0) + ((this.#words[at + 1] ?? 0) | 0) * UPPER
  }

  #setLong(at: number, value: number): void {
    this.#words[at] = value % UPPER
    this.#words[at + 1] = Math.floor(value / UPPER)
  }
}
