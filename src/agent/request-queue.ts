/** The port between the agent's loop and the ways to have requests in flight: psync-queue.ts, aio-queue.ts. */
import { constants } from 'node:os'
import { errnoOf } from '../core/errors.ts'
import type { Action } from '../core/scheduler.ts'
import type { SectorBuffer } from '../core/stamp.ts'

export type Write = Extract<Action, { kind: 'write' }>
export type Request = Write | Extract<Action, { kind: 'flush' }>

/** No error. */
export const SUCCESS = 0

/**
 * Requests of one thread. It is driven in rounds: `addWrite` and `addFlush`, then `perform`, then `settle`.
 *
 * An implementation
 * - MUST hand a request to the kernel in `perform`, never earlier: its issue is recorded in between;
 * - MUST report a request as ended only when the device port's `write` or `flush` would have returned or thrown;
 * - MUST NOT retry what failed, and MUST NOT lose an ending.
 */
export interface RequestQueue {
  /** Requests that it has room for at once. */
  readonly capacity: number
  /** Requests added of which `settle` has not told the end. */
  readonly inFlight: number
  /** Takes a write; the buffer, of at least its length, whose first sectors are to be filled with its bytes before `perform`. */
  addWrite(request: Write): SectorBuffer
  addFlush(request: Request): void
  /** Hands over what was added, and waits until a request has ended, for at most that long. */
  perform(limitMs: number): void
  /** Tells of each request that has ended since it was last called, with its error number or SUCCESS; makes no system call. */
  settle(ended: (request: Request, errno: number) => void): void
  /** Waits for what is in flight; the device stays open. */
  close(): void
}

const ERRNO: Readonly<Record<string, number>> = constants.errno

/** The number of a system error; anything else is a fault of the program and goes on up. */
export function errnoNumber(error: unknown): number {
  const name = errnoOf(error)
  if (name === undefined) throw error
  return ERRNO[name] ?? constants.errno.EIO
}
