/**
 * The conformance suite of the device port (src/io/device.ts): every sentence of its contract that can be observed
 * without cutting the power. The simulator, files, loop devices and FUSE exports all pass it.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { SectorBuffer } from '../../src/core/stamp.ts'
import { SECTOR_BYTES } from '../../src/core/units.ts'
import { type DevicePort, alignedBuffer } from '../../src/io/device.ts'

export interface DeviceFixture {
  /** Open for writing, at least `SECTORS_MIN` sectors, all zero. */
  readonly device: DevicePort
  /** Sectors in a logical block: writes are multiples of it. */
  readonly blockSectors: number
  dispose(): void | Promise<void>
}

export const SECTORS_MIN = 4096

/** A buffer of whole sectors, each byte a function of `tag` and its place. */
function patterned(sectors: number, tag: number): SectorBuffer {
  const buffer = alignedBuffer(sectors * SECTOR_BYTES)
  for (let i = 0; i < buffer.bytes.length; i++) buffer.bytes[i] = (tag * 37 + i * 11 + (i >>> 9)) & 0xff
  return buffer
}

function readBack(device: DevicePort, lba: number, sectors: number): Uint8Array {
  const buffer = alignedBuffer(sectors * SECTOR_BYTES)
  device.read(buffer, 0, lba, sectors)
  return buffer.bytes
}

const equal = (found: Uint8Array, wanted: Uint8Array, what: string): void =>
  assert.equal(Buffer.compare(found, wanted), 0, what)

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

type Check = (device: DevicePort, blockSectors: number) => void

/** Each sentence of the contract with what it takes to observe it. */
const CHECKS: Readonly<Record<string, Check>> = {
  'has a size': (device) => {
    assert.ok(Number.isSafeInteger(device.sizeSectors) && device.sizeSectors >= SECTORS_MIN)
  },
  'reads what was written, and nothing around it changes': (device, block) => {
    const written = patterned(4 * block, 1)
    device.write(written, 0, 16 * block, 4 * block, false)
    equal(readBack(device, 16 * block, 4 * block), written.bytes, 'the range itself')
    assert.ok(isZero(readBack(device, 15 * block, block)), 'the block before')
    assert.ok(isZero(readBack(device, 20 * block, block)), 'the block after')
  },
  'takes the range out of the buffer at its place, and leaves the rest of a buffer alone': (device, block) => {
    const source = patterned(8 * block, 2)
    device.write(source, 3 * block, 64 * block, 2 * block, false)
    const into = alignedBuffer(8 * block * SECTOR_BYTES)
    into.bytes.fill(0xee)
    device.read(into, 5 * block, 64 * block, 2 * block)
    const bytes = block * SECTOR_BYTES
    equal(into.bytes.subarray(5 * bytes, 7 * bytes), source.bytes.subarray(3 * bytes, 5 * bytes), 'the range')
    assert.ok(
      into.bytes.subarray(0, 5 * bytes).every((byte) => byte === 0xee),
      'before it',
    )
    assert.ok(
      into.bytes.subarray(7 * bytes).every((byte) => byte === 0xee),
      'after it',
    )
  },
  'reads single sectors wherever they lie': (device, block) => {
    const written = patterned(2 * block, 3)
    device.write(written, 0, 128 * block, 2 * block, false)
    for (let i = 0; i < 2 * block; i++) equal(readBack(device, 128 * block + i, 1), written.sector(i), `sector ${i}`)
    equal(readBack(device, 128 * block + 1, 2 * block - 1), written.bytes.subarray(SECTOR_BYTES), 'an odd range')
  },
  'lets the later of two overlapping writes win': (device, block) => {
    device.write(patterned(4 * block, 4), 0, 200 * block, 4 * block, false)
    const second = patterned(2 * block, 5)
    device.write(second, 0, 201 * block, 2 * block, false)
    equal(readBack(device, 201 * block, 2 * block), second.bytes, 'the later write')
    equal(
      readBack(device, 200 * block, block),
      patterned(4 * block, 4).bytes.subarray(0, block * SECTOR_BYTES),
      'the earlier one',
    )
  },
  'takes FUA writes and flushes': (device, block) => {
    const written = patterned(block, 6)
    device.flush()
    device.write(written, 0, 300 * block, block, true)
    device.write(written, 0, 301 * block, block, false)
    device.flush()
    device.flush()
    equal(readBack(device, 300 * block, block), written.bytes, 'the FUA write')
    equal(readBack(device, 301 * block, block), written.bytes, 'the plain write')
  },
  'transfers a mebibyte whole': (device) => {
    const written = patterned(2048, 7)
    device.write(written, 0, 1024, 2048, false)
    equal(readBack(device, 1024, 2048), written.bytes, 'all of it')
  },
  'works up to its last sector and refuses what lies beyond, whole': (device, block) => {
    const end = device.sizeSectors
    const written = patterned(2 * block, 8)
    device.write(written, 0, end - block, block, false)
    equal(readBack(device, end - block, block), written.bytes.subarray(0, block * SECTOR_BYTES), 'the last block')
    assert.throws(() => device.write(patterned(2 * block, 9), 0, end - block, 2 * block, false), { code: 'EINVAL' })
    assert.throws(() => device.write(patterned(block, 9), 0, end, block, true), { code: 'EINVAL' })
    equal(readBack(device, end - block, block), written.bytes.subarray(0, block * SECTOR_BYTES), 'still what it was')
    assert.throws(() => readBack(device, end - block, 2 * block), { code: 'EOF' })
    assert.throws(() => readBack(device, end, 1), { code: 'EOF' })
  },
  'refuses a range that leaves the buffer': (device, block) => {
    const buffer = patterned(2 * block, 10)
    assert.throws(() => device.write(buffer, block, 0, 2 * block, false), { name: 'AssertionError' })
    assert.throws(() => device.read(buffer, block, 0, 2 * block), { name: 'AssertionError' })
  },
  'closes more than once, and is of no use afterwards': (device, block) => {
    device.close()
    device.close()
    const buffer = patterned(block, 11)
    assert.throws(() => device.write(buffer, 0, 0, block, false))
    assert.throws(() => device.read(buffer, 0, 0, block))
    assert.throws(() => device.flush())
  },
}

/** Runs the suite; `make` gives a fresh device for each check, or `undefined` after it skipped the test. */
export function testDeviceContract(
  name: string,
  make: (t: TestContext) => DeviceFixture | undefined | Promise<DeviceFixture | undefined>,
): void {
  describe(`device port: ${name}`, () => {
    for (const [sentence, check] of Object.entries(CHECKS)) {
      it(sentence, async (t) => {
        const fixture = await make(t)
        if (fixture === undefined) return
        try {
          check(fixture.device, fixture.blockSectors)
        } finally {
          await fixture.dispose()
        }
      })
    }
  })
}
