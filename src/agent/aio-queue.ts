/**
 * Many requests of one thread in flight, by the kernel's asynchronous I/O: a batch costs two system calls, and no thread
 * is woken for each write. Only on O_DIRECT descriptors that keep O_DSYNC (io-engine.ts sees to that).
 */
import assert from 'node:assert/strict'
import type { SectorBuffer } from '../core/stamp.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import type { AioContext } from '../io/aio.ts'
import { type OpenDevice, alignedBuffer } from '../io/device.ts'
import type { SystemCalls } from '../io/foreign.ts'
import { type Request, type RequestQueue, SUCCESS, type Write, errnoAfter, restOfWrite } from './request-queue.ts'

interface Slot {
  memory: Memory
  request: Request | undefined
}

interface Memory {
  readonly buffer: SectorBuffer
  readonly address: number
}

/** Sectors of a write from which on making its bytes takes long enough to be done while another is under way. */
const SPARE_FROM = 128

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
  #spare: Memory | undefined
  /** The flush that goes out with the next `submit`, and what one came to that was performed there and then. */
  #flush: number | undefined
  #flushed: { readonly slot: number; readonly errno: number } | undefined

  constructor({ device, system, context, capacity, largestWrite }: AioQueueParts) {
    this.capacity = capacity
    this.#device = device
    this.#context = context
    const newMemory = (): Memory => {
      const buffer = alignedBuffer(largestWrite * SECTOR_BYTES)
      return { buffer, address: system.addressOf(buffer.bytes) }
    }
    this.#slots = Array.from({ length: capacity }, () => ({ memory: newMemory(), request: undefined }))
    this.#spare = largestWrite >= SPARE_FROM ? newMemory() : undefined
    this.#free = Array.from({ length: capacity }, (_, slot) => slot)
  }

  get inFlight(): number {
    return this.capacity - this.#free.length
  }

  get spare(): SectorBuffer | undefined {
    return this.#spare?.buffer
  }

  addWrite(request: Write, isFilled = false): SectorBuffer {
    const { lba, sectors, fua } = request
    const { plain, stable } = this.#device.descriptors
    assert(stable !== undefined && lba + sectors <= this.#device.sizeSectors, 'the plan lies on the target')
    const slot = this.#take(request)
    const at = this.#slotAt(slot)
    if (isFilled && this.#spare !== undefined) [at.memory, this.#spare] = [this.#spare, at.memory]
    const { buffer, address } = at.memory
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

  submit(): void {
    const flush = this.#flush
    this.#flush = undefined
    if (flush !== undefined) {
      // Alone, it is quicker at once: the kernel hands an asynchronous one to another thread.
      if (this.inFlight === 1) {
        this.#flushed = { slot: flush, errno: errnoAfter(() => this.#device.flush()) }
        return
      }
      this.#context.dataSync(flush, this.#device.descriptors.plain)
    }
    this.#context.submit()
  }

  wait(limitMs: number): void {
    if (this.#flushed === undefined) this.#context.wait(limitMs)
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
    const errno = result < 0 ? -result : this.#errnoOf(request, at.memory.buffer, result)
    at.request = undefined
    this.#free.push(slot)
    ended(request, errno)
  }

  #errnoOf(request: Request, buffer: SectorBuffer, bytes: number): number {
    return request.kind === 'flush' ? SUCCESS : restOfWrite(this.#device, buffer, request, bytes)
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
