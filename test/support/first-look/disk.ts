/** The run of a case, and the disk that it left: what was written and flushed, then the damage. */
import { BaselineEncoder, digestSectors } from '../../../src/core/baseline.ts'
import { type History, HistoryBuilder } from '../../../src/core/history.ts'
import type { Manifest } from '../../../src/core/manifest.ts'
import { Plan } from '../../../src/core/plan.ts'
import { type Key64, Prng, keyOf } from '../../../src/core/prng.ts'
import { SectorBuffer, type StampedRun, Stamper } from '../../../src/core/stamp.ts'
import { SECTOR_BYTES } from '../../../src/core/units.ts'
import type { Readable } from '../../../src/verify/reading/range-reader.ts'
import { DEVICE, RUN, manifestOf } from '../../../trust/exhaustive/judged.ts'
import { type Case, type Damage, extentOf } from './case.ts'

const OTHER: Key64 = { lo: 0x0b, hi: 7 }
const SKELETON = { writes: 0, events: [], fua: 0 } as const

/** A disk in memory. Of a read that fails it hands over what stands before the bad sector, as a device may. */
export class MemoryDisk implements Readable {
  readonly sizeSectors: number
  readonly bad: ReadonlySet<number>
  readonly #contents: SectorBuffer
  readonly #lba: number

  constructor(contents: SectorBuffer, lba: number, sizeSectors: number, bad: ReadonlySet<number>) {
    this.#contents = contents
    this.#lba = lba
    this.sizeSectors = sizeSectors
    this.bad = bad
  }

  read(into: SectorBuffer, at: number, lba: number, sectors: number): void {
    for (let i = 0; i < sectors; i++) {
      if (this.bad.has(lba + i)) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
      into.sector(at + i).set(this.#contents.sector(lba + i - this.#lba))
    }
  }
}

export function manifestOfCase({ region, baseline, writes }: Case): Manifest {
  const base = manifestOf({ skeleton: SKELETON, extents: [] })
  const script = writes.map(({ at, sectors, flushed }) => {
    const { from, to } = extentOf(at, sectors, region.sectors)
    return `w ${region.lba + from}+${to - from}${flushed ? '; flush' : ''}`
  })
  const plan = { ...base.plan, region, script: script.join('; ') }
  return { ...base, baseline, plan, target: { ...base.target, sizeSectors: region.lba + region.sectors } }
}

export class CaseDisk {
  readonly manifest: Manifest
  readonly plan: Plan
  readonly history: History
  readonly before: SectorBuffer
  readonly contents: SectorBuffer
  readonly issued: number
  readonly device: MemoryDisk
  readonly #case: Case
  readonly #stamper = new Stamper(keyOf(RUN), keyOf(DEVICE))

  constructor(one: Case) {
    this.#case = one
    this.manifest = manifestOfCase(one)
    this.plan = Plan.of(this.manifest.plan)
    this.issued = Math.max(1, one.writes.length - one.unissued)
    this.before = this.#before()
    this.history = this.#history()
    this.contents = SectorBuffer.ofSectors(one.region.sectors)
    this.contents.bytes.set(this.before.bytes)
    for (let write = 1; write <= this.issued; write++) this.#put(write)
    for (const damage of one.damages) {
      const { from, to } = extentOf(damage.at, damage.sectors, one.region.sectors)
      if (damage.kind === 'version') this.#put(1 + (damage.which % this.plan.length))
      else for (let i = from; i < to; i++) this.#damage(damage, i)
    }
    const { region, bad, missing } = one
    const places = bad.map((at) => region.lba + extentOf(at, 1, region.sectors).from)
    this.device = new MemoryDisk(this.contents, region.lba, region.lba + region.sectors - missing, new Set(places))
  }

  /** Whether that address can be read: not beyond the end of the target, and no bad sector in its unit. */
  errnoOf(address: number): 'EIO' | 'EOF' | undefined {
    const { bad, sizeSectors } = this.device
    const { unitSectors } = this.#case
    if (address >= sizeSectors) return 'EOF'
    const unit = Math.floor(address / unitSectors) * unitSectors
    for (let at = unit; at < Math.min(unit + unitSectors, sizeSectors); at++) if (bad.has(at)) return 'EIO'
    return undefined
  }

  /** A write as the plan has it; 0: the formatted region. */
  runOf(write: number): StampedRun {
    const { region } = this.#case
    if (write === 0) return { write, lba: region.lba, count: region.sectors, epoch: 0 }
    const { lba, sectors } = this.plan.write(write)
    return { write, lba, count: sectors, epoch: this.plan.epochOf(write) }
  }

  /** Writes of the plan over that sector of the region, in their order. */
  covering(i: number): readonly number[] {
    const address = this.#case.region.lba + i
    const all = Array.from({ length: this.plan.length }, (_, n) => n + 1)
    return all.filter((write) => {
      const { lba, sectors } = this.plan.write(write)
      return lba <= address && address < lba + sectors
    })
  }

  /** One sector of a write on this disk, made alone. */
  sectorOf(run: StampedRun, i: number, stamper = this.#stamper): Uint8Array {
    const made = SectorBuffer.ofSectors(1)
    stamper.fill(made, 0, run, this.#case.region.lba + i - run.lba, 1)
    return made.bytes
  }

  #before(): SectorBuffer {
    const { region, baseline } = this.#case
    const before = SectorBuffer.ofSectors(region.sectors)
    if (baseline === 'format') this.#stamper.fill(before, 0, this.runOf(0), 0, region.sectors)
    else {
      const random = new Prng(keyOf(RUN))
      // Half of it is zeros, in stretches.
      for (let i = 0; i < region.sectors; i++) {
        if (i % 700 < 350) random.bitsInto(before.words.subarray(i * 128, (i + 1) * 128))
      }
    }
    return before
  }

  #history(): History {
    const { baseline, region, ended, writes } = this.#case
    const builder = new HistoryBuilder()
    builder.manifest(this.manifest)
    if (baseline === 'scan') {
      const [lo, hi] = [new Uint32Array(region.sectors), new Uint32Array(region.sectors)]
      digestSectors(this.before.words, region.sectors, lo, hi)
      const encoder = new BaselineEncoder(region.lba, (payload) => builder.baseline(payload))
      encoder.add(region.sectors, lo, hi)
      encoder.end()
    }
    let us = 0
    let flushes = 0
    // Of those that were not issued the log may announce one.
    builder.record('window', Math.min(writes.length, this.issued + 1), 0)
    for (let write = 1; write <= this.issued; write++) {
      const { completes, flushed } = writes[write - 1] ?? {}
      builder.record('issue', write, (us += 1000))
      if (completes) builder.record('complete', write, (us += 1000))
      if (!flushed) continue
      builder.record('flush-issue', ++flushes, (us += 1000))
      builder.record('flush-complete', flushes, (us += 1000))
    }
    if (ended) builder.record('end', 0, (us += 1000))
    return builder.finish({ tail: 'clean', bytesUsed: 0, bytesTotal: 0, detail: '' })
  }

  #put(write: number): void {
    const run = this.runOf(write)
    this.#stamper.fill(this.contents, run.lba - this.#case.region.lba, run, 0, run.count)
  }

  #damage({ kind, which }: Damage, i: number): void {
    const bytes = this.#damaged(kind, which, i)
    if (bytes !== undefined) this.contents.sector(i).set(bytes)
    if (kind === 'bit flipped' || kind === 'zeros but one bit') {
      const sector = this.contents.sector(i)
      const byte = which >>> 3
      sector[byte] = (sector[byte] ?? 0) ^ (1 << (which & 7))
    }
  }

  /** As if a write had gone on beyond its last sector; all else about it is right. */
  #pastItsEnd(which: number, i: number): Uint8Array | undefined {
    const run = this.runOf(1 + (which % this.plan.length))
    return this.#case.region.lba + i < run.lba ? undefined : this.sectorOf(run, i)
  }

  #damaged(kind: Damage['kind'], which: number, i: number): Uint8Array | undefined {
    const over = this.covering(i)
    const run = this.runOf(over[which % Math.max(1, over.length)] ?? 0)
    switch (kind) {
      case 'older version':
        return over.length === 0 ? undefined : this.sectorOf(this.runOf(over[0] ?? 0), i)
      case 'other run':
        return this.sectorOf(run, i, new Stamper(OTHER, keyOf(DEVICE)))
      case 'other device':
        return this.sectorOf(run, i, new Stamper(keyOf(RUN), OTHER))
      case 'copied from elsewhere':
        return this.contents.sector((i + 1 + (which % 9)) % this.#case.region.sectors).slice()
      case 'index shifted':
        return run.lba === 0 ? undefined : this.sectorOf({ ...run, lba: run.lba - 1 }, i)
      case 'past its end':
        return this.#pastItsEnd(which, i)
      case 'other epoch':
        return this.sectorOf({ ...run, epoch: run.epoch + 1 }, i)
      case 'two versions':
        return Buffer.concat([
          this.contents.sector(i).subarray(0, which >>> 3),
          this.sectorOf(run, i).subarray(which >>> 3),
        ])
      case 'zeros':
      case 'zeros but one bit':
        return new Uint8Array(SECTOR_BYTES)
      case 'baseline':
        return this.before.sector(i)
      case 'garbage':
        return new Uint8Array(SECTOR_BYTES).fill(1 + (which % 255))
      case 'bit flipped':
      case 'version':
        return undefined
    }
  }
}
