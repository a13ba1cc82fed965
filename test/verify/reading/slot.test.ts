/** Pieces of a range are read into the same memory: what is left there of the piece before says nothing about a sector that could not be read. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Confirmer } from '../../../src/core/confirm.ts'
import { Judge } from '../../../src/core/judge.ts'
import { Observations, SEEN } from '../../../src/core/observations.ts'
import { RangeReader } from '../../../src/verify/reading/range-reader.ts'
import { type Slot, SlotReader, slotMemory, slotOver } from '../../../src/verify/reading/slot.ts'
import type { Case } from '../../support/first-look/case.ts'
import { CaseDisk } from '../../support/first-look/disk.ts'

/** Two whole pieces of 1024 sectors and a short one. */
const SECTORS = 2600
const PIECE_SECTORS = 1024
const RANGE = { lba: 0, sectors: SECTORS }
const SIGNAL = new AbortController().signal

/** One flushed write from the start of the region on; after it the formatted baseline. */
function caseOf(writeSectors: number, bad: readonly number[], damages: Case['damages'] = []): Case {
  return {
    region: RANGE,
    baseline: 'format',
    contract: 'volatile',
    ended: true,
    writes: [{ at: { near: 0, off: 0 }, sectors: writeSectors, completes: true, flushed: true }],
    unissued: 0,
    damages,
    bad: bad.map((near) => ({ near, off: 0 })),
    unitSectors: 1,
    missing: 0,
  }
}

const newSlot = (): Slot => slotOver(slotMemory(SECTORS, false))

async function read(disk: CaseDisk, slot: Slot, unitSectors = 1): Promise<ReadonlyMap<number, string>> {
  const reader = new RangeReader(disk.device, { unitSectors, signal: SIGNAL })
  return new SlotReader(reader, new Confirmer(disk.manifest, disk.plan), SECTORS).read(RANGE, slot)
}

/** What the judge makes of it, that has found the bad sectors alone. */
function judgedOf({ history }: CaseDisk, slot: Slot, errors: ReadonlyMap<number, string>): Observations {
  const judge = new Judge(history, { name: 'volatile' }, { findingsMax: 10 })
  const seen = new Observations(SECTORS, slot.columns)
  judge.rangeConfirmed(0, SECTORS, slot.buffer, errors, seen)
  const { unreadable, ...others } = judge.finish().violations
  assert.equal(unreadable, errors.size)
  assert.deepEqual(new Set(Object.values(others)), new Set([0]))
  return seen
}

/** Which sectors the columns say nothing of. */
const unrecognised = ({ columns }: Slot): readonly number[] =>
  [...columns.seen.entries()].filter(([, code]) => code === 0).map(([i]) => i)

/** Sectors that cannot be read, among sectors that are all of one write, or all of the baseline. */
const BAD: readonly (readonly [string, readonly number[]])[] = [
  ['in the middle of a piece', [1500, 1501, 1700]],
  ['on both sides of the border of two pieces', [1023, 1024]],
  ['at the ends of the range', [0, SECTORS - 1]],
  ['first and last of the short piece', [2048, SECTORS - 1]],
  ['a whole piece', Array.from({ length: 1024 }, (_, i) => 1024 + i)],
]

describe('a slot', () => {
  for (const [what, bad] of BAD) {
    for (const writeSectors of [SECTORS, 1]) {
      it(`has exactly the bad sectors unreadable: ${what}, of a write of ${writeSectors} sectors`, async () => {
        const one = caseOf(writeSectors, bad)
        const disk = new CaseDisk(one)
        const slot = newSlot()
        const errors = await read(disk, slot)
        assert.deepEqual(
          [...errors].toSorted(([a], [b]) => a - b),
          bad.map((address) => [address, 'EIO']),
        )
        // The first piece is read into memory that is still zeros.
        const stale = bad.filter((address) => address >= PIECE_SECTORS)
        assert.deepEqual(
          unrecognised(slot).filter((i) => i >= PIECE_SECTORS),
          stale,
          'nothing is taken from the piece before',
        )

        const seen = judgedOf(disk, slot, errors)
        for (let i = 0; i < SECTORS; i++) {
          const good = i < writeSectors ? SEEN.version : SEEN.baseline
          assert.equal(seen.seen[i], bad.includes(i) ? SEEN.unreadable : good, `sector ${i}`)
        }
      })
    }
  }

  it('has a block of the target unreadable as a whole, whatever the device handed over of it, and nothing before it', async () => {
    const disk = new CaseDisk(caseOf(SECTORS, [1027]))
    const slot = newSlot()
    const errors = await read(disk, slot, 8)
    const block = [1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031]
    assert.deepEqual([...errors.keys()], block)
    const seen = judgedOf(disk, slot, errors)
    for (let i = 0; i < SECTORS; i++) {
      assert.equal(seen.seen[i], block.includes(i) ? SEEN.unreadable : SEEN.version, `sector ${i}`)
      assert.equal(seen.write[i], block.includes(i) ? 0 : 1, `the write of sector ${i}`)
    }
  })

  it('says nothing of what it held before, and has the bytes of what was not recognised', async () => {
    const slot = newSlot()
    await read(new CaseDisk(caseOf(SECTORS, [])), slot)
    assert.deepEqual(unrecognised(slot), [])
    const damages = [
      { kind: 'garbage', at: { near: 1023, off: 0 }, sectors: 2, which: 7 },
      { kind: 'bit flipped', at: { near: 2100, off: 0 }, sectors: 1, which: 3000 },
    ] as const
    const damaged = new CaseDisk(caseOf(SECTORS, [], damages))
    await read(damaged, slot)
    assert.deepEqual(unrecognised(slot), [1023, 1024, 2100])
    for (const i of [1023, 1024, 2100]) {
      assert.equal(slot.columns.write[i], 0)
      assert.deepEqual(slot.buffer.sector(i), damaged.contents.sector(i))
    }
  })
})
