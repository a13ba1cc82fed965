/** The port between the agent's loop and the ways to have requests in flight: psync-queue.ts, aio-queue.ts. */
import { constants } from 'node:os'
import { errnoOf } from '../core/errors.ts'
import type { Action } from '../core/scheduler.ts'
import type { SectorBuffer } from '../core/stamp.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import type { DevicePort } from '../io/device.ts'

export type Write = Extract<Action, { kind: 'write' }>
export type Request = Write | Extract<Action, { kind: 'flush' }>

/** No error. */
export const SUCCESS = 0

/**
 * Requests of one thread. It is driven in rounds: `addWrite` and `addFlush`, then `submit` and `wait`, then `settle`.
 *
 * An implementation
 * - MUST hand a request to the kernel in `submit`, never earlier: its issue is recorded in between;
 * - MUST report a request as ended only when the device port's `write` or `flush` would have returned or thrown;
 * - MUST NOT retry what failed, and MUST NOT lose an ending.
 */
export interface RequestQueue {
  /** Requests that it has room for at once. */
  readonly capacity: number
  /** Requests added of which `settle` has not told the end. */
  readonly inFlight: number
  /**
   * A buffer that no request uses, for the bytes of the next write while others are under way; `undefined` where that gains
   * nothing. What is in it stays until `addWrite` takes it.
   */
  readonly spare: SectorBuffer | undefined
  /**
   * Takes a write; the buffer, of at least its length, whose first sectors are to be filled with its bytes before `submit`.
   * With `isFilled` it is the spare one, which has been filled.
   */
  addWrite(request: Write, isFilled?: boolean): SectorBuffer
  addFlush(request: Request): void
  /** Hands over what was added. May take as long as the device does. */
  submit(): void
  /** Waits until a request has ended, for at most that long. */
  wait(limitMs: number): void
  /** Tells of each request that has ended since it was last called, with its error number or SUCCESS; makes no system call. */
  settle(ended: (request: Request, errno: number) => void): void
  /** Waits for what is in flight; the device stays open. */
  close(): void
}

/**
 * What a write comes to that returned `bytes`, in bytes: a short one is gone on with by the device port, which does so
 * itself too. Its error number, or SUCCESS.
 */
export function restOfWrite(device: DevicePort, buffer: SectorBuffer, request: Write, bytes: number): number {
  if (bytes === request.sectors * SECTOR_BYTES) return SUCCESS
  const done = bytes / SECTOR_BYTES
  if (done === 0 || !Number.isInteger(done)) return constants.errno.EIO
  return errnoAfter(() => device.write(buffer, done, request.lba + done, request.sectors - done, request.fua))
}

/** The error number that `work` ends with, or SUCCESS. */
export function errnoAfter(work: () => void): number {
  try {
    work()
    return SUCCESS
  } catch (error) {
    return errnoNumber(error)
  }
}

const ERRNO: Readonly<Record<string, number>> = constants.errno

/** The number of a system error; anything else is a fault of the program and goes on up. */
function errnoNumber(error: unknown): number {
  const name = errnoOf(error)
  if (name === undefined) throw error
  return ERRNO[name] ?? constants.errno.EIO
}
