/**
 * One request at a time, by pwrite(2) and fdatasync(2): what fio calls psync. For every target there is, and the quickest
 * way to have one request in flight; for several there are as many threads.
 */
import assert from 'node:assert/strict'
import type { SectorBuffer } from '../core/stamp.ts'
import type { DevicePort } from '../io/device.ts'
import { type Request, type RequestQueue, SUCCESS, type Write, errnoNumber } from './request-queue.ts'

export class PsyncQueue implements RequestQueue {
  readonly capacity = 1
  readonly #device: DevicePort
  readonly #buffer: SectorBuffer
  #request: Request | undefined
  /** `undefined` until the request was performed. */
  #errno: number | undefined

  /** `buffer` holds the largest write; this queue's own. */
  constructor(device: DevicePort, buffer: SectorBuffer) {
    this.#device = device
    this.#buffer = buffer
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

  perform(): void {
    const request = this.#request
    assert(request !== undefined, 'there is a request to perform')
    try {
      if (request.kind === 'write') this.#device.write(this.#buffer, 0, request.lba, request.sectors, request.fua)
      else this.#device.flush()
      this.#errno = SUCCESS
    } catch (error) {
      this.#errno = errnoNumber(error)
    }
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
