/** The simulated disk keeps its promises, breaks no other than it was asked to, and passes the suite of every device. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyOf } from '../../../src/core/prng.ts'
import { SectorBuffer } from '../../../src/core/stamp.ts'
import { SimDevice } from '../../../src/rig/sim/disk-port.ts'
import { DISK_MODES, type DiskOptions, SimDisk } from '../../../src/rig/sim/disk.ts'
import type { FaultKind, FaultSpec } from '../../../src/rig/sim/fault.ts'
import { SECTORS_MIN, testDeviceContract } from '../../contract/device.ts'

const SEEDS = Array.from({ length: 64 }, (_, i) => keyOf((0xd15c0000 + i).toString(16).padStart(16, '0')))
const [SEED = keyOf('0000000000000000')] = SEEDS

function diskOf(options: Partial<DiskOptions> = {}): SimDisk {
  return new SimDisk({
    sizeSectors: 64,
    mode: 'volatile',
    atomicSectors: 0,
    seed: SEED,
    survival: 0,
    faults: [],
    ...options,
  })
}

/** Writes are told apart by one byte, repeated. */
function filled(sectors: number, byte: number): SectorBuffer {
  const buffer = SectorBuffer.ofSectors(sectors)
  buffer.bytes.fill(byte)
  return buffer
}

const begin = (disk: SimDisk, number: number, lba: number, sectors = 1, fua = false): ReturnType<SimDisk['begin']> =>
  disk.begin(number, lba, sectors, fua, filled(sectors, number))

function write(disk: SimDisk, number: number, lba: number, sectors = 1, fua = false): void {
  disk.finish(begin(disk, number, lba, sectors, fua))
}

function flush(disk: SimDisk, number = 1): void {
  disk.finishFlush(disk.beginFlush(number))
}

/** First byte of each sector of the medium after the cut. */
function afterCut(disk: SimDisk, lba: number, sectors = 1): number[] {
  disk.cut()
  return Array.from({ length: sectors }, (_, i) => disk.medium.sector(lba + i)[0] ?? -1)
}

for (const mode of DISK_MODES) {
  testDeviceContract(`simulated disk, ${mode}`, () => {
    const device = new SimDevice(diskOf({ sizeSectors: SECTORS_MIN, mode }))
    return { device, blockSectors: 1, dispose: () => device.close() }
  })
}

describe('an honest simulated disk', () => {
  it('keeps what finished before a flush began, and promises nothing about the rest', () => {
    const disk = diskOf()
    write(disk, 1, 0)
    const inFlight = begin(disk, 2, 1)
    const flushing = disk.beginFlush(1)
    disk.finish(inFlight)
    write(disk, 3, 2)
    disk.finishFlush(flushing)
    assert.deepEqual(afterCut(disk, 0, 3), [1, 0, 0])
  })

  it('loses everything that was not flushed where nothing survives, and nothing where all does', () => {
    const forgetful = diskOf({ survival: 0 })
    write(forgetful, 1, 0, 4)
    assert.deepEqual(afterCut(forgetful, 0, 4), [0, 0, 0, 0])
    const faithful = diskOf({ survival: 1 })
    write(faithful, 1, 0, 4)
    write(faithful, 2, 2, 4)
    assert.deepEqual(afterCut(faithful, 0, 6), [1, 1, 2, 2, 2, 2])
  })

  it('keeps a FUA write, and in mode write-through every write, from its finish on', () => {
    const disk = diskOf()
    write(disk, 1, 0, 1, true)
    begin(disk, 2, 1, 1, true)
    assert.deepEqual(afterCut(disk, 0, 2), [1, 0])
    const through = diskOf({ mode: 'write-through' })
    write(through, 1, 0)
    begin(through, 2, 1)
    assert.deepEqual(afterCut(through, 0, 2), [1, 0])
  })

  it('never returns to a version before the one it kept', () => {
    for (const seed of SEEDS) {
      const disk = diskOf({ seed, survival: 0.5 })
      write(disk, 1, 0)
      write(disk, 2, 0)
      disk.stir(1)
      write(disk, 3, 0)
      flush(disk)
      write(disk, 4, 0)
      const [found] = afterCut(disk, 0)
      assert.ok(found === 3 || found === 4, `found ${found}`)
    }
  })

  it('lets writes that were in flight together land in any order, and in part', () => {
    const found = new Set<string>()
    for (const seed of SEEDS) {
      const disk = diskOf({ seed, survival: 0.8 })
      const first = begin(disk, 1, 0, 2)
      const second = begin(disk, 2, 0, 2)
      disk.finish(second)
      disk.finish(first)
      found.add(afterCut(disk, 0, 2).join(' '))
    }
    for (const outcome of ['1 1', '2 2', '1 2', '2 1'])
      assert.ok(found.has(outcome), `${outcome} among ${[...found].join(', ')}`)
  })

  it('ordered: keeps a prefix', () => {
    const lengths = new Set<number>()
    for (const seed of SEEDS) {
      const disk = diskOf({ seed, survival: 0.8, mode: 'ordered' })
      for (let n = 1; n <= 20; n++) {
        write(disk, n, n)
        if (n % 3 === 0) disk.stir(1)
      }
      const found = afterCut(disk, 1, 20)
      const length = found.filter((byte) => byte !== 0).length
      assert.ok(
        found.slice(0, length).every((byte) => byte !== 0),
        found.join(' '),
      )
      lengths.add(length)
    }
    assert.ok(lengths.size > 3, 'cuts fall at different places')
  })

  it('ordered: a FUA write takes those before it along', () => {
    const disk = diskOf({ mode: 'ordered' })
    write(disk, 1, 0)
    write(disk, 2, 1)
    write(disk, 3, 2, 1, true)
    assert.deepEqual(afterCut(disk, 0, 3), [1, 2, 3])
  })

  it('atomic: keeps all of a write within a unit or nothing, and tears others', () => {
    let torn = 0
    for (const seed of SEEDS) {
      const disk = diskOf({ seed, survival: 0.5, atomicSectors: 4 })
      write(disk, 1, 4, 4)
      write(disk, 2, 14, 4)
      disk.stir(1)
      disk.cut()
      const inUnit = new Set([4, 5, 6, 7].map((lba) => disk.medium.sector(lba)[0]))
      const across = new Set([14, 15, 16, 17].map((lba) => disk.medium.sector(lba)[0]))
      assert.equal(inUnit.size, 1)
      if (across.size > 1) torn++
    }
    assert.ok(torn > 0, 'a write across a unit is torn now and then')
  })

  it('virtio-strict: leaves garbage only under what was not stable', () => {
    let garbage = 0
    for (const seed of SEEDS) {
      const disk = diskOf({ seed, survival: 1, mode: 'virtio-strict' })
      write(disk, 1, 0, 8)
      flush(disk)
      write(disk, 2, 8, 8)
      assert.deepEqual(
        afterCut(disk, 0, 8),
        Array.from({ length: 8 }, () => 1),
      )
      for (let lba = 8; lba < 16; lba++) if (disk.holdingOf(lba).kind === 'garbage') garbage++
    }
    assert.ok(garbage > 0)
  })
})

describe('a lying simulated disk', () => {
  const lying = (kind: FaultKind, at: number, options: Partial<DiskOptions> = {}): SimDisk =>
    diskOf({ faults: [{ kind, at }], ...options })

  it('drop-flush: that flush does nothing, the next one everything', () => {
    const disk = lying('drop-flush', 1)
    write(disk, 1, 0)
    flush(disk, 1)
    assert.deepEqual(disk.injections, [{ kind: 'drop-flush', lba: 0, sectors: 0, flush: 1 }])
    assert.deepEqual(afterCut(disk, 0), [0])
    const again = lying('drop-flush', 1)
    write(again, 1, 0)
    flush(again, 1)
    flush(again, 2)
    assert.deepEqual(afterCut(again, 0), [1])
  })

  it('drop-every-kth-flush: those do nothing, the others everything', () => {
    const dropped = (fault: Partial<FaultSpec>): (number | undefined)[] => {
      const disk = diskOf({ faults: [{ kind: 'drop-every-kth-flush', ...fault }] })
      for (let n = 1; n <= 10; n++) {
        write(disk, n, n)
        flush(disk, n)
      }
      const last = disk.injections.some((injection) => injection.flush === 10) ? 0 : 10
      assert.deepEqual(afterCut(disk, 9, 2), [9, last], 'a later flush makes up for it, and for the last there is none')
      return disk.injections.map((injection) => injection.flush)
    }
    assert.deepEqual(dropped({}), [2, 4, 6, 8, 10])
    assert.deepEqual(dropped({ every: 4 }), [4, 8])
    assert.deepEqual(dropped({ every: 4, at: 2 }), [2, 6, 10])
    assert.deepEqual(dropped({ every: 2, times: 1 }), [2])
  })

  it('lose-epoch: nothing of it ever lands, stirred, flushed or FUA, and all before and after does', () => {
    for (const seed of SEEDS) {
      const disk = lying('lose-epoch', 2, { seed, survival: 1 })
      write(disk, 1, 0)
      flush(disk, 1)
      write(disk, 2, 1)
      write(disk, 3, 2, 1, true)
      disk.stir(4)
      flush(disk, 2)
      write(disk, 4, 3)
      flush(disk, 3)
      write(disk, 5, 4)
      assert.deepEqual(
        disk.injections,
        [2, 3].map((n) => ({ kind: 'lose-epoch', lba: n - 1, sectors: 1, write: n, flush: 2 })),
      )
      assert.deepEqual(afterCut(disk, 0, 5), [1, 0, 0, 4, 5])
    }
  })

  it('lose-epoch: a sector goes on to hold what it held before that epoch', () => {
    const disk = lying('lose-epoch', 2, { survival: 1 })
    write(disk, 1, 0)
    flush(disk, 1)
    write(disk, 2, 0)
    flush(disk, 2)
    assert.deepEqual(afterCut(disk, 0), [1])
  })

  it('befalls writes to a place alone, where one is named', () => {
    for (const kind of ['acknowledge-early', 'ignore-fua'] as const) {
      const fault = { kind, where: { lba: 3, sectors: 2 }, times: Number.POSITIVE_INFINITY }
      const disk = diskOf({ faults: [fault] })
      for (let n = 1; n <= 6; n++) write(disk, n, n, 1, kind === 'ignore-fua')
      if (kind === 'acknowledge-early') flush(disk, 1)
      assert.deepEqual(
        disk.injections.map((injection) => injection.write),
        [3, 4],
      )
      assert.deepEqual(afterCut(disk, 1, 6), [1, 2, 0, 0, 5, 6])
    }
  })

  it('reorder-across-flush and reorder: hold back a write to the place that is named', () => {
    const where = { lba: 1, sectors: 1 }
    const held = diskOf({ survival: 1, faults: [{ kind: 'reorder-across-flush', where }] })
    for (let n = 1; n <= 3; n++) write(held, n, n - 1)
    flush(held)
    assert.deepEqual(afterCut(held, 0, 3), [1, 0, 3])
    const ordered = diskOf({ mode: 'ordered', faults: [{ kind: 'reorder', where }] })
    for (let n = 1; n <= 3; n++) write(ordered, n, n - 1)
    assert.deepEqual(afterCut(ordered, 0, 3), [0, 0, 3])
  })

  it('strikes at its rate', () => {
    for (const kind of ['acknowledge-early', 'misdirect', 'lose-epoch'] as const) {
      const disk = diskOf({ faults: [{ kind, rate: 0.25, times: Number.POSITIVE_INFINITY }] })
      for (let n = 1; n <= 1000; n++) {
        write(disk, n, n % 64)
        flush(disk, n)
      }
      const { length } = disk.injections
      assert.ok(length > 180 && length < 320, `${kind}: ${length} of 1000`)
    }
  })

  it('ignore-fua: that write is like any other', () => {
    const disk = lying('ignore-fua', 2)
    write(disk, 1, 0, 1, true)
    write(disk, 2, 1, 1, true)
    assert.deepEqual(afterCut(disk, 0, 2), [1, 0])
  })

  it('acknowledge-early: the next flush misses that write, the one after has it', () => {
    const disk = lying('acknowledge-early', 2)
    write(disk, 1, 0)
    write(disk, 2, 1)
    flush(disk, 1)
    assert.deepEqual(afterCut(disk, 0, 2), [1, 0])
    const again = lying('acknowledge-early', 2)
    write(again, 2, 1)
    flush(again, 1)
    flush(again, 2)
    assert.deepEqual(afterCut(again, 1), [2])
  })

  it('reorder-across-flush: one write of the flush never lands, later ones do', () => {
    const disk = lying('reorder-across-flush', 1, { survival: 1 })
    write(disk, 1, 0)
    write(disk, 2, 1)
    flush(disk, 1)
    write(disk, 3, 2)
    flush(disk, 2)
    const held = disk.injections[0]?.write ?? 0
    assert.deepEqual(
      afterCut(disk, 0, 3),
      [1, 2, 3].map((n) => (n === held ? 0 : n)),
    )
  })

  it('tear-sector: one sector mixes two versions at the byte it says', () => {
    const disk = lying('tear-sector', 2)
    write(disk, 1, 0)
    flush(disk, 1)
    write(disk, 2, 0)
    flush(disk, 2)
    disk.cut()
    const holding = disk.holdingOf(0)
    assert.equal(holding.kind, 'mix')
    const bytes = disk.medium.sector(0)
    const change = bytes.findIndex((byte, i) => i > 0 && byte !== bytes[i - 1])
    assert.equal(change, holding.offset)
    assert.deepEqual(new Set(bytes), new Set([1, 2]))
  })

  it('misdirect: the write stands at another address, and not at its own', () => {
    const disk = lying('misdirect', 1)
    write(disk, 1, 8, 4)
    flush(disk)
    const at = disk.injections[0]?.lba ?? 8
    assert.notEqual(at, 8)
    assert.deepEqual(afterCut(disk, 8, 4), [0, 0, 0, 0])
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => disk.medium.sector(at + i)[0]),
      [1, 1, 1, 1],
    )
  })

  it('misdirect: leaves no garbage of what came before where the write is missing', () => {
    for (const seed of SEEDS) {
      const disk = lying('misdirect', 2, { seed, mode: 'virtio-strict' })
      write(disk, 1, 8, 4)
      write(disk, 2, 8, 4, true)
      disk.cut()
      for (let lba = 8; lba < 12; lba++) assert.notEqual(disk.holdingOf(lba).kind, 'garbage')
    }
  })

  it('write-two-places: it stands at both', () => {
    const disk = lying('write-two-places', 1)
    write(disk, 1, 8, 4)
    flush(disk)
    const at = disk.injections[0]?.lba ?? 8
    assert.deepEqual(afterCut(disk, 8, 4), [1, 1, 1, 1])
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => disk.medium.sector(at + i)[0]),
      [1, 1, 1, 1],
    )
  })

  it('tear-atomic: a write within a unit is there in part', () => {
    const torn = SEEDS.filter((seed) => {
      const disk = lying('tear-atomic', 1, { seed, survival: 0.5, atomicSectors: 4 })
      write(disk, 1, 4, 4)
      return new Set(afterCut(disk, 4, 4)).size > 1
    })
    assert.ok(torn.length > 0)
  })

  it('reorder: an ordered disk keeps a later write and not the earlier one', () => {
    const disk = diskOf({ mode: 'ordered', faults: [{ kind: 'reorder' }] })
    write(disk, 1, 0)
    write(disk, 2, 1)
    assert.deepEqual(afterCut(disk, 0, 2), [0, 2])
  })

  it('spares the baseline', () => {
    for (const kind of ['misdirect', 'acknowledge-early', 'drop-flush', 'lose-epoch'] as const) {
      const disk = diskOf({ faults: [{ kind, rate: 1, times: Number.POSITIVE_INFINITY }] })
      disk.finish(disk.begin(0, 0, 4, false, filled(4, 9)))
      disk.finishFlush(disk.beginFlush(0))
      assert.deepEqual(afterCut(disk, 0, 4), [9, 9, 9, 9], kind)
    }
  })
})
