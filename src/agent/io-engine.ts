/**
 * How writes go out, chosen before the run begins: by threads with one request each, or by one thread with many.
 * Asynchronous I/O needs a package that may be absent and a target that takes it: where nobody insists, threads do instead.
 */
import { ProbeError } from '../core/errors.ts'
import type { IoEngine } from '../core/manifest.ts'
import { AioContext } from '../io/aio.ts'
import { type OpenDevice, alignedBuffer } from '../io/device.ts'
import { type SystemCalls, systemCalls } from '../io/foreign.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { AioQueue } from './aio-queue.ts'
import { PsyncQueue } from './psync-queue.ts'
import type { RequestQueue } from './request-queue.ts'

/** From here on a thread for each request costs more than one for all (docs/PERFORMANCE.md). */
const AIO_DEPTH_MIN = 4

export interface EngineWish {
  readonly ioEngine: IoEngine | 'auto'
  readonly queueDepth: number
}

export interface EngineChoice {
  readonly ioEngine: IoEngine
  /** Why it is not the one that would have been quicker, if so. */
  readonly instead?: string
}

/** The engine of a run on `device`; throws BAD_OPTION where the one asked for cannot be had. */
export async function chooseEngine({ ioEngine, queueDepth }: EngineWish, device: OpenDevice): Promise<EngineChoice> {
  if (ioEngine === 'psync' || (ioEngine === 'auto' && queueDepth < AIO_DEPTH_MIN)) return { ioEngine: 'psync' }
  const aio = await openAio(device, queueDepth)
  if (typeof aio !== 'string') {
    aio.context.close()
    return { ioEngine: 'aio' }
  }
  if (ioEngine === 'aio')
    throw new ProbeError('BAD_OPTION', `--io-engine aio cannot be had: ${aio}; take --io-engine auto or psync`)
  return { ioEngine: 'psync', instead: aio }
}

interface Aio {
  readonly system: SystemCalls
  readonly context: AioContext
}

/** In words why not: it would then be slower than threads, or no FUA would be one. */
async function openAio({ descriptors }: OpenDevice, capacity: number): Promise<Aio | string> {
  if (!descriptors.direct) return 'the target is not open for direct I/O'
  if (descriptors.stable === undefined) return 'the target is on FUSE, which takes its writes one by one'
  const system = await systemCalls()
  if (typeof system === 'string') return system
  const context = AioContext.open(system, capacity)
  return typeof context === 'string' ? context : { system, context }
}

export interface QueueWish {
  readonly ioEngine: IoEngine
  /** Writes in flight at most, of all threads together. */
  readonly queueDepth: number
  readonly flushMode: 'barrier' | 'concurrent'
  /** Sectors of the largest write. */
  readonly largestWrite: number
}

/** Threads that the run takes. In concurrent mode a flush has a place of its own, so that it never takes a writer's. */
export const threadsOf = ({ ioEngine, queueDepth, flushMode }: Omit<QueueWish, 'largestWrite'>): number =>
  ioEngine === 'aio' ? 1 : placesOf({ queueDepth, flushMode })

const placesOf = ({ queueDepth, flushMode }: Pick<QueueWish, 'queueDepth' | 'flushMode'>): number =>
  queueDepth + (flushMode === 'concurrent' ? 1 : 0)

/** The queue of one thread. Throws INTERNAL where what was chosen is there no more. */
export async function openQueue(wish: QueueWish, device: OpenDevice): Promise<RequestQueue> {
  const { ioEngine, largestWrite } = wish
  if (ioEngine === 'psync') return new PsyncQueue(device, alignedBuffer(largestWrite * SECTOR_BYTES))
  const capacity = placesOf(wish)
  const aio = await openAio(device, capacity)
  if (typeof aio === 'string') throw new ProbeError('INTERNAL', `asynchronous I/O was there and is no more: ${aio}`)
  return new AioQueue({ device, ...aio, capacity, largestWrite })
}
