/**
 * Many requests of one thread in flight, by the kernel's asynchronous I/O: no thread is woken for each
 * write, and what ended together is heard of by one call. Only on O_DIRECT descriptors that keep O_DSYNC (io-engine.ts sees to that).
 */
import assert from 'node:assert/strict'
import { SectorBuffer } from '../core/stamp.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import type { AioContext } from '../io/aio.ts'
import { type OpenDevice, alignedBuffer } from '../io/device.ts'
import type { SystemCalls } from '../io/foreign.ts'
import { type Request, type RequestQueue, SUCCESS, type Write, errnoAfter, restOfWrite } from './request-queue.ts'

interface Slot {
  memory: Memory
  request: Request | undefined
  /** What it came to, once it has ended. */
  errno: number
}

interface Memory {
  readonly buffer: SectorBuffer
  readonly address: number
}

/** Buffers begin where O_DIRECT takes them, whatever the logical block. */
const ALIGN_BYTES = 4096

/** Memory for so many largest writes, in one piece: every piece of WebAssembly's takes 10 GiB of the address space. */
function memories(count: number, largestWrite: number, system: SystemCalls): readonly Memory[] {
  const bytes = largestWrite * SECTOR_BYTES
  const stride = Math.ceil(bytes / ALIGN_BYTES) * ALIGN_BYTES
  const whole = alignedBuffer(count * stride)
  const address = system.addressOf(whole.bytes)
  return Array.from({ length: count }, (_, at) => ({
    buffer: new SectorBuffer(whole.bytes.buffer, at * stride, bytes),
    address: address + at * stride,
  }))
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
  /** The flush that goes out with the next `submit`. */
  #flush: number | undefined
  /** Slots of requests that have ended and were not settled. */
  readonly #ended: number[] = []

  constructor({ device, system, context, capacity, largestWrite }: AioQueueParts) {
    this.capacity = capacity
    this.#device = device
    this.#context = context
    const [spare, ...own] = memories(capacity + 1, largestWrite, system)
    this.#slots = own.map((memory) => ({ memory, request: undefined, errno: SUCCESS }))
    this.#spare = largestWrite >= SPARE_FROM ? spare : undefined
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
        this.#end(
          flush,
          errnoAfter(() => this.#device.flush()),
        )
        return
      }
      this.#context.dataSync(flush, this.#device.descriptors.plain)
    }
    this.#context.submit()
  }

  wait(limitMs: number): void {
    if (this.#ended.length > 0) return
    const context = this.#context
    context.wait(limitMs)
    for (let index = 0; index < context.ended; index++) {
      const slot = context.slotOf(index)
      this.#end(slot, this.#errnoOf(this.#slotAt(slot), context.resultOf(index)))
    }
    context.forget()
  }

  #end(slot: number, errno: number): void {
    this.#slotAt(slot).errno = errno
    this.#ended.push(slot)
  }

  /** `result`: bytes written, or the negative number of an error. */
  #errnoOf({ request, memory }: Slot, result: number): number {
    assert(request !== undefined, 'what ended was in flight')
    if (result < 0) return -result
    return request.kind === 'flush' ? SUCCESS : restOfWrite(this.#device, memory.buffer, request, result)
  }

  settle(ended: (request: Request, errno: number) => void): void {
    for (const slot of this.#ended) {
      const at = this.#slotAt(slot)
      const { request, errno } = at
      assert(request !== undefined, 'what ended was in flight')
      at.request = undefined
      this.#free.push(slot)
      ended(request, errno)
    }
    this.#ended.length = 0
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
