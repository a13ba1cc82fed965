/**
 * Many requests of one thread in flight, by the kernel's asynchronous I/O: a batch costs two system calls, and no thread
 * is woken for each write. Only on O_DIRECT descriptors that keep O_DSYNC (io-engine.ts sees to that).
 */
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import type { SectorBuffer } from '../core/stamp.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import type { AioContext } from '../io/aio.ts'
import { type OpenDevice, alignedBuffer } from '../io/device.ts'
import type { SystemCalls } from '../io/foreign.ts'
import { type Request, type RequestQueue, SUCCESS, type Write, errnoNumber } from './request-queue.ts'

interface Slot {
  readonly buffer: SectorBuffer
  readonly address: number
  request: Request | undefined
}

export interface AioQueueParts {
  readonly device: OpenDevice
  readonly system: SystemCalls
  readonly context: AioContext
  /** What the context was opened for. */
  readonly capacity: number
  /** Sectors of the largest write. */
  readonly largestWrite: number
}

export class AioQueue implements RequestQueue {
  readonly capacity: number
  readonly #device: OpenDevice
  readonly #context: AioContext
  readonly #slots: readonly Slot[]
  readonly #free: number[]
  /** The flush that goes out with the next `perform`, and what one came to that was performed there and then. */
  #flush: number | undefined
  #flushed: { readonly slot: number; readonly errno: number } | undefined

  constructor({ device, system, context, capacity, largestWrite }: AioQueueParts) {
    this.capacity = capacity
    this.#device = device
    this.#context = context
    this.#slots = Array.from({ length: capacity }, () => {
      const buffer = alignedBuffer(largestWrite * SECTOR_BYTES)
      return { buffer, address: system.addressOf(buffer.bytes), request: undefined }
    })
    this.#free = Array.from({ length: capacity }, (_, slot) => slot)
  }

  get inFlight(): number {
    return this.capacity - this.#free.length
  }

  addWrite(request: Write): SectorBuffer {
    const { lba, sectors, fua } = request
    const { plain, stable } = this.#device.descriptors
    assert(stable !== undefined && lba + sectors <= this.#device.sizeSectors, 'the plan lies on the target')
    const slot = this.#take(request)
    const { buffer, address } = this.#slotAt(slot)
    this.#context.write(slot, fua ? stable : plain, address, sectors * SECTOR_BYTES, lba * SECTOR_BYTES)
    return buffer
  }

  addFlush(request: Request): void {
    assert(this.#flush === undefined, 'one flush at a time')
    this.#flush = this.#take(request)
  }

  #take(request: Request): number {
    const slot = this.#free.pop()
    assert(slot !== undefined, 'the queue has room for the request')
    this.#slotAt(slot).request = request
    return slot
  }

  perform(limitMs: number): void {
    const flush = this.#flush
    this.#flush = undefined
    if (flush !== undefined) {
      // Alone, it is quicker at once: the kernel hands an asynchronous one to another thread.
      if (this.inFlight === 1) {
        this.#flushed = { slot: flush, errno: this.#flushNow() }
        return
      }
      this.#context.dataSync(flush, this.#device.descriptors.plain)
    }
    this.#context.submit()
    this.#context.wait(limitMs)
  }

  #flushNow(): number {
    try {
      this.#device.flush()
      return SUCCESS
    } catch (error) {
      return errnoNumber(error)
    }
  }

  settle(ended: (request: Request, errno: number) => void): void {
    const context = this.#context
    for (let index = 0; index < context.ended; index++) this.#end(context.slotOf(index), context.resultOf(index), ended)
    context.forget()
    const flushed = this.#flushed
    this.#flushed = undefined
    if (flushed !== undefined) this.#end(flushed.slot, -flushed.errno, ended)
  }

  /** `result`: bytes written, or the negative number of an error. */
  #end(slot: number, result: number, ended: (request: Request, errno: number) => void): void {
    const at = this.#slotAt(slot)
    const { request } = at
    assert(request !== undefined, 'what ended was in flight')
    const errno = result < 0 ? -result : this.#rest(request, at.buffer, result)
    at.request = undefined
    this.#free.push(slot)
    ended(request, errno)
  }

  /** A short write is gone on with, as the device port does it: what it then comes to is what the write came to. */
  #rest(request: Request, buffer: SectorBuffer, bytes: number): number {
    if (request.kind === 'flush' || bytes === request.sectors * SECTOR_BYTES) return SUCCESS
    const done = bytes / SECTOR_BYTES
    if (done === 0 || !Number.isInteger(done)) return constants.errno.EIO
    try {
      this.#device.write(buffer, done, request.lba + done, request.sectors - done, request.fua)
      return SUCCESS
    } catch (error) {
      return errnoNumber(error)
    }
  }

  #slotAt(slot: number): Slot {
    const found = this.#slots[slot]
    assert(found !== undefined, 'a slot is one of those there are')
    return found
  }

  close(): void {
    this.#context.close()
  }
}
