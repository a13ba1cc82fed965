/**
 * A worker thread of the agent: opens the target for itself, works through the plan with its siblings, and keeps the
 * target open until it is told to close. Closing earlier would flush a target that lies on FUSE: the very thing under test.
 */
import assert from 'node:assert/strict'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { ProbeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { Plan } from '../core/plan.ts'
import { keyOf } from '../core/prng.ts'
import { Stamper } from '../core/stamp.ts'
import { openDevice } from '../io/device.ts'
import { openQueue } from './io-engine.ts'
import { WorkerLoop } from './loop.ts'
import { Shared, type SharedHandle } from './shared.ts'

export interface WorkerTask {
  readonly manifest: Manifest
  readonly handle: SharedHandle
}

/** `ready`: the target is open. `look`: there is something in the ring. `refused`: the target could not be opened. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'look' }
  | { readonly kind: 'refused'; readonly code: ProbeError['code']; readonly message: string }

/** What the main thread says: begin, and in the end close. */
export type WorkerOrder = 'start' | 'close'

/** Sectors of the largest write: a script says its lengths itself, every other workload keeps to the span. */
function largestWrite(plan: Plan): number {
  let most: number = plan.spec.writeSectors.most
  if (Number.isFinite(plan.length)) for (let n = 1; n <= plan.length; n++) most = Math.max(most, plan.write(n).sectors)
  return most
}

async function work(port: NonNullable<typeof parentPort>, { manifest, handle }: WorkerTask): Promise<void> {
  const say = (message: WorkerMessage): void => port.postMessage(message)
  const plan = Plan.of(manifest.plan)
  const device = openDevice(manifest.target.path, { mode: manifest.io, access: 'write' })
  const { queueDepth, flushMode, ioEngine = 'psync' } = manifest
  const queue = await openQueue({ ioEngine, queueDepth, flushMode, largestWrite: largestWrite(plan) }, device)
  const shared = new Shared(handle, plan)
  const loop = new WorkerLoop({
    shared,
    plan,
    stamper: new Stamper(keyOf(manifest.run), keyOf(manifest.device)),
    queue,
    callMain: () => say({ kind: 'look' }),
  })
  port.on('message', (order: WorkerOrder) => {
    if (order === 'close') {
      queue.close()
      device.close()
      port.close()
      return
    }
    try {
      loop.run()
    } catch (error) {
      shared.breakDown()
      throw error
    }
  })
  say({ kind: 'ready' })
}

assert(!isMainThread && parentPort !== null, 'this file runs as a worker thread')
const port = parentPort
const task: WorkerTask = workerData
// Anything but a refusal is a fault of the program: thrown on, it reaches the main thread as this worker's error.
work(port, task).catch((error: unknown) => {
  if (!(error instanceof ProbeError)) throw error
  const refused: WorkerMessage = { kind: 'refused', code: error.code, message: error.message }
  port.postMessage(refused)
  port.close()
})
