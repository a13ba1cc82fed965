/**
 * One request at a time, by pwrite(2) and fdatasync(2): what fio calls psync. For every target there is, and the quickest
 * way to have one request in flight; for several there are as many threads.
 */
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import type { SectorBuffer } from '../core/stamp.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import type { OpenDevice } from '../io/device.ts'
import type { SystemCalls } from '../io/foreign.ts'
import { type Request, type RequestQueue, SUCCESS, type Write, errnoAfter, restOfWrite } from './request-queue.ts'

const { EINTR } = constants.errno

export class PsyncQueue implements RequestQueue {
  readonly capacity = 1
  /** Nobody is there to fill it: the thread waits in the system call. */
  readonly spare = undefined
  readonly #device: OpenDevice
  readonly #buffer: SectorBuffer
  readonly #system: SystemCalls | undefined
  readonly #address: number
  #request: Request | undefined
  /** `undefined` until the request was submitted. */
  #errno: number | undefined

  /** `buffer` holds the largest write; this queue's own. With `system` without what Node does around each system call. */
  constructor(device: OpenDevice, buffer: SectorBuffer, system?: SystemCalls) {
    this.#device = device
    this.#buffer = buffer
    this.#system = system
    this.#address = system?.addressOf(buffer.bytes) ?? 0
  }

  get inFlight(): number {
    return this.#request === undefined ? 0 : 1
  }

  addWrite(request: Write): SectorBuffer {
    this.addFlush(request)
    return this.#buffer
  }

  addFlush(request: Request): void {
    assert(this.#request === undefined, 'one request at a time')
    this.#request = request
    this.#errno = undefined
  }

  submit(): void {
    const request = this.#request
    if (request === undefined || this.#errno !== undefined) return
    this.#errno = request.kind === 'write' ? this.#write(request) : this.#flush()
  }

  #write(request: Write): number {
    const { lba, sectors, fua } = request
    const { plain, stable } = this.#device.descriptors
    const system = this.#system
    if (system === undefined || stable === undefined)
      return errnoAfter(() => this.#device.write(this.#buffer, 0, lba, sectors, fua))
    assert(lba + sectors <= this.#device.sizeSectors, 'the plan lies on the target')
    const bytes = sectors * SECTOR_BYTES
    for (;;) {
      const put = system.pwrite(fua ? stable : plain, this.#address, bytes, lba * SECTOR_BYTES)
      if (put >= 0) return restOfWrite(this.#device, this.#buffer, request, put)
      const errno = system.errno()
      if (errno !== EINTR) return errno
    }
  }

  #flush(): number {
    const system = this.#system
    if (system === undefined) return errnoAfter(() => this.#device.flush())
    for (;;) {
      if (system.fdatasync(this.#device.descriptors.plain) === 0) return SUCCESS
      const errno = system.errno()
      if (errno !== EINTR) return errno
    }
  }

  wait(): void {
    // A system call that returned has ended.
  }

  settle(ended: (request: Request, errno: number) => void): void {
    const request = this.#request
    const errno = this.#errno
    if (request === undefined || errno === undefined) return
    this.#request = undefined
    ended(request, errno)
  }

  close(): void {
    // Nothing is ever in flight between two calls.
  }
}
