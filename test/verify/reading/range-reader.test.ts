import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SectorBuffer } from '../../../src/core/stamp.ts'
import { RangeReader, type Readable } from '../../../src/verify/reading/range-reader.ts'

const SIGNAL = new AbortController().signal

/** A disk whose sectors say their address, some of which cannot be read; it takes nothing smaller than its block. */
class BadDisk implements Readable {
  readonly sizeSectors: number
  readonly #bad: ReadonlySet<number>
  readonly #block: number
  reads = 0

  constructor(sizeSectors: number, bad: readonly number[], block = 1) {
    this.sizeSectors = sizeSectors
    this.#bad = new Set(bad)
    this.#block = block
  }

  read(into: SectorBuffer, at: number, lba: number, sectors: number): void {
    this.reads++
    assert.ok(lba + sectors <= this.sizeSectors, 'nothing is read beyond the end')
    assert.equal(lba % this.#block, 0, 'a read begins with a block')
    assert.ok(sectors % this.#block === 0 || lba + sectors === this.sizeSectors, 'a read ends with a block')
    for (let i = 0; i < sectors; i++) {
      if (this.#bad.has(lba + i)) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
      into.words.fill(lba + i, (at + i) * 128, (at + i + 1) * 128)
    }
  }
}

function addressesRead(buffer: SectorBuffer, lba: number, sectors: number, errors: ReadonlyMap<number, string>): void {
  for (let i = 0; i < sectors; i++) {
    if (!errors.has(lba + i)) assert.equal(buffer.words[i * 128 + 127], lba + i)
  }
}

describe('range reader', () => {
  it('reads a sound range in few big reads', async () => {
    const disk = new BadDisk(1 << 17, [])
    const buffer = SectorBuffer.ofSectors(65_536)
    const errors = await new RangeReader(disk, { unitSectors: 1, signal: SIGNAL }).read(1000, 65_536, buffer)
    assert.equal(errors.size, 0)
    assert.equal(disk.reads, 8)
    addressesRead(buffer, 1000, 65_536, errors)
  })

  it('narrows a failed read down to the bad sectors', async () => {
    const bad = [0, 77, 78, 5000, 9999]
    const disk = new BadDisk(10_000, bad)
    const buffer = SectorBuffer.ofSectors(10_000)
    const errors = await new RangeReader(disk, { unitSectors: 1, signal: SIGNAL }).read(0, 10_000, buffer)
    assert.deepEqual(
      [...errors].toSorted((a, b) => a[0] - b[0]),
      bad.map((lba) => [lba, 'EIO']),
    )
    addressesRead(buffer, 0, 10_000, errors)
  })

  it('charges no sector of the block beside a bad one, where a range begins in the middle of a block', async () => {
    const disk = new BadDisk(4096, [1024])
    const buffer = SectorBuffer.ofSectors(8)
    const errors = await new RangeReader(disk, { unitSectors: 8, signal: SIGNAL }).read(1020, 8, buffer)
    assert.deepEqual(
      [...errors.keys()].toSorted((a, b) => a - b),
      [1024, 1025, 1026, 1027],
    )
    addressesRead(buffer, 1020, 8, errors)
  })

  it('stops at the block of the target, in whatever place the range begins', async () => {
    const disk = new BadDisk(4096, [100], 8)
    const buffer = SectorBuffer.ofSectors(4096)
    const errors = await new RangeReader(disk, { unitSectors: 8, signal: SIGNAL }).read(8, 4000, buffer)
    assert.deepEqual(
      [...errors.keys()].toSorted((a, b) => a - b),
      [96, 97, 98, 99, 100, 101, 102, 103],
    )
    addressesRead(buffer, 8, 4000, errors)
  })

  it('gives EOF for what lies beyond the end, without reading there', async () => {
    const disk = new BadDisk(10, [])
    const buffer = SectorBuffer.ofSectors(16)
    const reader = new RangeReader(disk, { unitSectors: 1, signal: SIGNAL })
    assert.deepEqual(
      [...(await reader.read(8, 4, buffer))],
      [
        [10, 'EOF'],
        [11, 'EOF'],
      ],
    )
    assert.deepEqual(
      [...(await reader.read(100, 2, buffer))],
      [
        [100, 'EOF'],
        [101, 'EOF'],
      ],
    )
  })

  it('lets faults of the program through', async () => {
    const disk: Readable = {
      sizeSectors: 10,
      read: () => {
        throw new TypeError('a fault')
      },
    }
    const reader = new RangeReader(disk, { unitSectors: 1, signal: SIGNAL })
    await assert.rejects(reader.read(0, 10, SectorBuffer.ofSectors(10)), TypeError)
  })

  it('stops where the signal says so', async () => {
    const reader = new RangeReader(new BadDisk(10, []), {
      unitSectors: 1,
      signal: AbortSignal.abort(new Error('enough')),
    })
    await assert.rejects(reader.read(0, 10, SectorBuffer.ofSectors(10)), /enough/)
  })
})
