/**
 * How writes go out, chosen before the run begins: by threads with one request each, or by one thread with many.
 * Asynchronous I/O needs a package that may be absent and a target that takes it: where nobody insists, threads do instead.
 */
import { getSystemErrorName } from 'node:util'
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
/** From here on a write's bytes are made while another is under way, which a thread within a system call cannot do. */
const AIO_WRITE_BYTES_MIN = 65_536

export interface EngineWish {
  readonly ioEngine: IoEngine | 'auto'
  readonly queueDepth: number
  readonly flushMode: 'barrier' | 'concurrent'
  readonly writeBytes: { readonly most: number }
}

export interface EngineChoice {
  readonly ioEngine: IoEngine
  /** Why it is not the one that would have been quicker, if so. */
  readonly instead?: string
}

/** The engine of a run on `device`; throws BAD_OPTION where the one asked for cannot be had. */
export async function chooseEngine(wish: EngineWish, device: OpenDevice, fileSystem?: string): Promise<EngineChoice> {
  const { ioEngine } = wish
  if (ioEngine === 'psync' || (ioEngine === 'auto' && !paysOff(wish))) return { ioEngine: 'psync' }
  const without = await whyNotAio(wish, device, fileSystem)
  if (without === undefined) return { ioEngine: 'aio' }
  if (ioEngine === 'aio')
    throw new ProbeError('BAD_OPTION', `--io-engine aio cannot be had: ${without}; take --io-engine auto or psync`)
  return { ioEngine: 'psync', instead: without }
}

/** They take one request after the other, however it is handed over: the queue would never be as deep as the log says. */
const ONE_BY_ONE: ReadonlySet<string> = new Set(['tmpfs', 'ramfs', 'zfs'])
const PROBE_MS = 10_000

async function whyNotAio(wish: EngineWish, device: OpenDevice, fileSystem = ''): Promise<string | undefined> {
  if (ONE_BY_ONE.has(fileSystem)) return `${fileSystem} takes its writes one by one`
  const aio = await openAio(device, placesOf(wish))
  if (typeof aio === 'string') return aio
  const { context } = aio
  try {
    // Alone, a flush is a system call of its own; among writes it must be one of these.
    return wish.flushMode === 'concurrent' ? whyNoFlush(context, device) : undefined
  } finally {
    context.close()
  }
}

function whyNoFlush(context: AioContext, device: OpenDevice): string | undefined {
  context.dataSync(0, device.descriptors.plain)
  context.submit()
  context.wait(PROBE_MS)
  if (context.ended === 0) return `a flush by it took more than ${PROBE_MS / 1000} s`
  const result = context.resultOf(0)
  return result === 0 ? undefined : `a flush by it failed with ${getSystemErrorName(result)}`
}

const paysOff = ({ queueDepth, writeBytes }: EngineWish): boolean =>
  queueDepth >= AIO_DEPTH_MIN || writeBytes.most >= AIO_WRITE_BYTES_MIN

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

/** The queue of one thread. Throws TARGET_IO where what was chosen is there no more. */
export async function openQueue(wish: QueueWish, device: OpenDevice): Promise<RequestQueue> {
  const { ioEngine, largestWrite } = wish
  if (ioEngine === 'psync') {
    // On FUSE the server takes so long that the package would only make the start of each thread longer.
    const system = device.descriptors.stable === undefined ? undefined : await systemCalls()
    const buffer = alignedBuffer(largestWrite * SECTOR_BYTES)
    return new PsyncQueue(device, buffer, typeof system === 'string' ? undefined : system)
  }
  const capacity = placesOf(wish)
  const aio = await openAio(device, capacity)
  if (typeof aio === 'string')
    throw new ProbeError('TARGET_IO', `asynchronous I/O was there and is no more: ${aio}; take --io-engine psync`)
  return new AioQueue({ device, ...aio, capacity, largestWrite })
}
