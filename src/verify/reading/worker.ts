/**
 * A reading thread of the verifier: opens the target for itself, reads the ranges it is given and takes the first look at
 * them. What it finds lies in memory that it shares with the main thread, which alone judges.
 */
import assert from 'node:assert/strict'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { Confirmer } from '../../core/confirm.ts'
import { ProbeError } from '../../core/errors.ts'
import type { JudgeRange } from '../../core/judge.ts'
import type { Manifest } from '../../core/manifest.ts'
import { openDevice } from '../../io/device.ts'
import { RangeReader } from './range-reader.ts'
import { type SlotMemory, SlotReader, longestRange, slotOver } from './slot.ts'

export interface ReadingTask {
  readonly manifest: Manifest
  readonly path: string
  readonly unitSectors: number
  readonly slots: readonly SlotMemory[]
}

/** A range to be read into the slot of that number. */
export interface ReadingOrder {
  readonly range: JudgeRange
  readonly slot: number
}

/** `read`: the oldest order is done. `refused`: the target could not be opened. */
export type ReadingMessage =
  | { readonly kind: 'read'; readonly slot: number; readonly errors: ReadonlyMap<number, string> }
  | { readonly kind: 'refused'; readonly code: ProbeError['code']; readonly message: string }

function work(port: NonNullable<typeof parentPort>, { manifest, path, unitSectors, slots }: ReadingTask): void {
  const say = (message: ReadingMessage): void => port.postMessage(message)
  // The main thread ends this one where it was interrupted.
  const { signal } = new AbortController()
  const reader = new RangeReader(openDevice(path, { mode: 'direct', access: 'read' }), { unitSectors, signal })
  const slotReader = new SlotReader(reader, new Confirmer(manifest), longestRange(manifest.plan.region.sectors))
  const places = slots.map(slotOver)
  let last = Promise.resolve()
  port.on('message', ({ range, slot }: ReadingOrder) => {
    const place = places[slot]
    assert(place !== undefined, 'an order names a slot')
    last = last.then(async () => say({ kind: 'read', slot, errors: await slotReader.read(range, place) }))
  })
}

assert(!isMainThread && parentPort !== null, 'this file runs as a worker thread')
const port = parentPort
const task: ReadingTask = workerData
try {
  work(port, task)
} catch (error) {
  if (!(error instanceof ProbeError)) throw error
  const refused: ReadingMessage = { kind: 'refused', code: error.code, message: error.message }
  port.postMessage(refused)
  port.close()
}
