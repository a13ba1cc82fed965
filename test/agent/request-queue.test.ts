import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { test } from 'node:test'
import { openQueue } from '../../src/agent/io-engine.ts'
import { PsyncQueue } from '../../src/agent/psync-queue.ts'
import type { RequestQueue } from '../../src/agent/request-queue.ts'
import { AioContext } from '../../src/io/aio.ts'
import { type OpenDevice, alignedBuffer, openDevice } from '../../src/io/device.ts'
import { type SystemCalls, systemCalls } from '../../src/io/foreign.ts'
import { SECTOR_BYTES } from '../../src/core/units.ts'
import { LARGEST_WRITE, TARGET_SECTORS, testRequestQueue } from '../contract/request-queue.ts'
import { openLab } from '../io/lab.ts'

const BYTES = TARGET_SECTORS * SECTOR_BYTES
const SETTINGS = { queueDepth: 8, flushMode: 'barrier', largestWrite: LARGEST_WRITE } as const

type Open = (device: OpenDevice) => Promise<RequestQueue>

const queues: readonly (readonly [string, Open])[] = [
  ['psync', (device) => openQueue({ ...SETTINGS, ioEngine: 'psync' }, device)],
  ['psync by Node', (device) => Promise.resolve(new PsyncQueue(device, alignedBuffer(LARGEST_WRITE * SECTOR_BYTES)))],
  ['aio', (device) => openQueue({ ...SETTINGS, ioEngine: 'aio' }, device)],
]

for (const [name, open] of queues)
  for (const mode of ['direct', 'dsync'] as const)
    testRequestQueue(`${name}, ${mode}`, async (t) => {
      const lab = openLab(t, ['root', 'losetup'])
      if (lab === undefined) return undefined
      const backing = lab.file('backing', BYTES)
      const loop = lab.loop(backing)
      const device = openDevice(loop, { mode, access: 'write' })
      lab.defer(() => device.close())
      const queue = await open(device)
      lab.defer(() => queue.close())
      return {
        queue,
        device,
        breakTarget: () => {
          // The kernel now refuses what lies beyond the end of the device; the open device does not know of it.
          truncateSync(backing, SECTOR_BYTES)
          lab.run('losetup', '-c', loop)
        },
      }
    })

test('a write of which the kernel took a part is finished', async (t) => {
  const lab = openLab(t, ['root', 'losetup'])
  if (lab === undefined) return
  const device = openDevice(lab.loop(lab.file('backing', BYTES)), { mode: 'direct', access: 'write' })
  lab.defer(() => device.close())
  const system = await systemOrFail()
  const taken: number[] = []
  const half: SystemCalls = {
    ...system,
    pwrite: (descriptor, address, bytes, position) => {
      taken.push(bytes)
      return system.pwrite(descriptor, address, bytes / 2, position)
    },
  }
  const queue = new PsyncQueue(device, alignedBuffer(LARGEST_WRITE * SECTOR_BYTES), half)
  queue.addWrite({ kind: 'write', write: 1, lba: 16, sectors: 16, fua: false, slot: 0 }).bytes.fill(7)
  queue.submit()
  queue.settle((_, errno) => assert.equal(errno, 0))
  assert.deepEqual(taken, [16 * SECTOR_BYTES])
  const found = alignedBuffer(16 * SECTOR_BYTES)
  device.read(found, 0, 16, 16)
  assert.ok(found.bytes.every((byte) => byte === 7))
})

async function systemOrFail(): Promise<SystemCalls> {
  const system = await systemCalls()
  if (typeof system === 'string') assert.fail(system)
  return system
}

test('a request that the kernel does not even take ends with its error', async () => {
  const context = AioContext.open(await systemOrFail(), 4)
  if (typeof context === 'string') assert.fail(context)
  for (const slot of [2, 0]) context.dataSync(slot, 999_999)
  context.submit()
  context.wait(1000)
  assert.deepEqual(
    Array.from({ length: context.ended }, (_, index) => [context.slotOf(index), context.resultOf(index)]),
    [
      [2, -9],
      [0, -9],
    ],
  )
  context.close()
})

test('a context for more than the kernel has is told in words', async () => {
  const context = AioContext.open(await systemOrFail(), 2 ** 24)
  if (typeof context !== 'string') assert.fail('there is one')
  assert.match(context, /^io_setup\(16777216\) failed with E/)
})
