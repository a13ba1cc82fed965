/** What every way for requests to go out must do; run on each by test/agent/request-queue.test.ts. */
import assert from 'node:assert/strict'
import { type TestContext, describe, it } from 'node:test'
import { type Request, type RequestQueue, SUCCESS, type Write } from '../../src/agent/request-queue.ts'
import { SECTOR_BYTES } from '../../src/core/units.ts'
import { type OpenDevice, alignedBuffer } from '../../src/io/device.ts'

/** Sectors that the target of the suite has, and of its largest write. */
export const TARGET_SECTORS = 16_384
export const LARGEST_WRITE = 128

export interface QueueUnderTest {
  readonly queue: RequestQueue
  /** The target once more, to look at it. */
  readonly device: OpenDevice
  /** Has every request fail from here on. */
  readonly breakTarget: () => void
}

const writeOf = (write: number, lba: number, sectors: number, fua = false): Write => ({
  kind: 'write',
  write,
  lba,
  sectors,
  fua,
  slot: 0,
})

interface Ending {
  readonly request: Request
  readonly errno: number
}

/** Submits, waits and settles until nothing is in flight; at most a thousand times. */
function drive(queue: RequestQueue): readonly Ending[] {
  const endings: Ending[] = []
  for (let round = 0; queue.inFlight > 0 && round < 1000; round++) {
    queue.submit()
    queue.wait(1000)
    queue.settle((request, errno) => endings.push({ request, errno }))
  }
  assert.equal(queue.inFlight, 0, 'everything ends')
  return endings
}

function add(queue: RequestQueue, request: Write): void {
  queue.addWrite(request).bytes.fill(request.write, 0, request.sectors * SECTOR_BYTES)
}

function assertHolds({ device }: QueueUnderTest, { write, lba, sectors }: Write): void {
  const found = alignedBuffer(sectors * SECTOR_BYTES)
  device.read(found, 0, lba, sectors)
  assert(
    found.bytes.every((byte) => byte === write),
    `write ${write} is at ${lba}`,
  )
}

export function testRequestQueue(name: string, make: (t: TestContext) => Promise<QueueUnderTest | undefined>): void {
  describe(`request queue: ${name}`, () => {
    it('tells the end of each request once, and its bytes are where they belong', async (t) => {
      const subject = await make(t)
      if (subject === undefined) return
      const { queue } = subject
      const writes: Write[] = []
      for (let round = 0; round < 5; round++) {
        const batch: Request[] = []
        while (queue.inFlight < queue.capacity) {
          const n = writes.length + 1
          const request = writeOf(n, n * LARGEST_WRITE, 1 + (n % LARGEST_WRITE), n % 3 === 0)
          add(queue, request)
          writes.push(request)
          batch.push(request)
        }
        const endings = drive(queue)
        assert(endings.every(({ errno }) => errno === SUCCESS))
        assert.deepEqual(new Set(endings.map(({ request }) => request)), new Set(batch))
        assert.equal(endings.length, batch.length)
      }
      for (const request of writes) assertHolds(subject, request)
    })

    it('takes a write whose bytes were made before', async (t) => {
      const subject = await make(t)
      if (subject === undefined) return
      const { queue } = subject
      const { spare } = queue
      if (spare === undefined) return
      add(queue, writeOf(3, 0, LARGEST_WRITE))
      queue.submit()
      spare.bytes.fill(4, 0, 8 * SECTOR_BYTES)
      drive(queue)
      assert.equal(queue.addWrite(writeOf(4, 256, 8), true), spare)
      assert.notEqual(queue.spare, spare, 'it is in use')
      drive(queue)
      assertHolds(subject, writeOf(3, 0, LARGEST_WRITE))
      assertHolds(subject, writeOf(4, 256, 8))
    })

    it('takes a flush like a write', async (t) => {
      const subject = await make(t)
      if (subject === undefined) return
      const { queue } = subject
      add(queue, writeOf(7, 64, 8))
      if (queue.capacity === 1) drive(queue)
      queue.addFlush({ kind: 'flush', flush: 1 })
      const ended = drive(queue).map(({ request, errno }) => [request.kind, errno])
      assert(ended.some(([kind]) => kind === 'flush'))
      assert(ended.every(([, errno]) => errno === SUCCESS))
      assertHolds(subject, writeOf(7, 64, 8))
    })

    it('tells nothing before it was submitted', async (t) => {
      const subject = await make(t)
      if (subject === undefined) return
      const { queue } = subject
      add(queue, writeOf(9, 0, 8))
      queue.settle(() => assert.fail('nothing was handed to the kernel yet'))
      assert.equal(drive(queue).length, 1)
    })

    it('tells the error of what fails, and goes on', async (t) => {
      const subject = await make(t)
      if (subject === undefined) return
      const { queue, breakTarget } = subject
      add(queue, writeOf(1, 0, 8))
      drive(queue)
      breakTarget()
      for (let n = 2; queue.inFlight < queue.capacity; n++) add(queue, writeOf(n, TARGET_SECTORS - 8 * n, 8))
      const endings = drive(queue)
      assert.equal(endings.length, queue.capacity)
      assert(
        endings.every(({ errno }) => errno > 0),
        'each has an error number',
      )
    })
  })
}
