import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { keyOf } from '../../src/core/prng.ts'
import { SectorBuffer, Stamper } from '../../src/core/stamp.ts'
import { withScratch } from '../../src/io/scratch.ts'
import { completedBlocks, survivingBlocks } from '../../src/rig/block-picture.ts'
import type { Machine } from '../../src/rig/rig.ts'

const RUN = '0123456789abcdef'

describe('the picture of the first blocks', () => {
  it('shows what a script completed', () => {
    assert.deepEqual(completedBlocks('w 8+16; flush; w 0+16', 4), ['B', 'B', 'A', 'old'])
    assert.deepEqual(completedBlocks('w 4+8', 2), ['old/A', 'A/old'])
  })

  it('reads the blocks from the stamps on the image', () =>
    withScratch('test-picture', async (scratch) => {
      const stamper = new Stamper(keyOf(RUN), keyOf('00000000000000d1'))
      const image = SectorBuffer.ofSectors(40)
      // Block 0 stays zeros; block 1 is write 1 but for one garbled sector; block 2 is write 2; block 3 is of another run.
      stamper.fill(image, 8, { write: 1, lba: 8, count: 8, epoch: 0 }, 0, 8)
      image.sector(10)[100] = (image.sector(10)[100] ?? 0) ^ 1
      image.sector(10).fill(7, 0, 4)
      stamper.fill(image, 16, { write: 2, lba: 16, count: 8, epoch: 0 }, 0, 8)
      new Stamper(keyOf('00000000000000ff'), keyOf('00000000000000d1')).fill(
        image,
        24,
        { write: 1, lba: 24, count: 8, epoch: 0 },
        0,
        8,
      )
      // Block 4: a stamp of this run that belongs elsewhere.
      stamper.fill(image, 32, { write: 2, lba: 16, count: 8, epoch: 0 }, 0, 8)
      const survivor = join(scratch.path, 'disk.raw')
      writeFileSync(survivor, image.bytes)
      const machine = { survivor, survivorFormat: 'raw' } satisfies Partial<Machine>
      assert.deepEqual(await survivingBlocks(machine, RUN, 5, scratch.path), ['old', 'A/?', 'B', '?', '?'])
    }))
})
