/**
 * What each sector of a range holds: a version of this run, its baseline, or something that should not be there.
 *
 * Sectors of the run are told by regenerating them and comparing every byte; the rest is looked at one by one.
 * Nothing here knows what should be where: that is the judge's part.
 */
import assert from 'node:assert/strict'
import { digestSectors, isZero } from './baseline.ts'
import type { Content } from './finding.ts'
import type { History } from './history.ts'
import { type Candidate, compareMix } from './mix.ts'
import { type Key64, hexOf, keyOf } from './prng.ts'
import { SectorBuffer, type Stamp, type StampedRun, Stamper, decodeStamp, peekWrite } from './stamp.ts'
import { BASELINE_WRITE, SECTOR_BYTES, WRITE_ID_MAX } from './units.ts'

/** Sectors in a range at most: 16 MiB. */
export const RANGE_SECTORS = 32_768

/** What a sector holds, in one byte. */
export const SEEN = {
  version: 1,
  baseline: 2,
  zeros: 3,
  olderRun: 4,
  elsewhere: 5,
  mix: 6,
  garbage: 7,
  phantom: 8,
  unreadable: 9,
} as const

/** The contents of a range: a code and, for versions and mixes, a write for each sector; odd contents in full. */
export class Observations {
  readonly seen: Uint8Array
  /** Version: the write. Mix: the newer write of the two. Otherwise 0. */
  readonly write: Uint32Array
  /** Everything that is not a version, the baseline or zeros, by sector of the range. */
  readonly odd = new Map<number, Content>()

  constructor(sectorsMax = RANGE_SECTORS) {
    this.seen = new Uint8Array(sectorsMax)
    this.write = new Uint32Array(sectorsMax)
  }

  /** What sector `i` of the range holds. */
  contentOf(i: number): Content {
    const odd = this.odd.get(i)
    if (odd !== undefined) return odd
    if (this.seen[i] === SEEN.version) return { kind: 'version', write: this.write[i] ?? 0 }
    return this.seen[i] === SEEN.zeros ? { kind: 'zeros' } : { kind: 'baseline' }
  }
}

/** Writes that may have put something into sector `i` of the range. */
export type WritesCovering = (i: number) => readonly number[]

const OTHER_RUNS_MAX = 8
const SCRATCH_SECTORS = 256

function sameKey(a: Key64, b: Key64): boolean {
  return a.lo >>> 0 === b.lo >>> 0 && a.hi >>> 0 === b.hi >>> 0
}

export class Observer {
  readonly #history: History
  readonly #run: Key64
  readonly #device: Key64
  #made: Stamper | undefined
  readonly #others = new Map<string, Stamper>()
  #scratchMade: SectorBuffer | undefined
  readonly #baselineRun: StampedRun
  readonly #formatted: boolean
  readonly #digestLo: Uint32Array
  readonly #digestHi: Uint32Array
  readonly #lo = new Uint32Array(1)
  readonly #hi = new Uint32Array(1)
  #digestsKnown = false
  /** Sectors with a write above the last window in the log. Held against the device only where the log is complete. */
  sectorsBeyondLog = 0

  constructor(history: History) {
    const { manifest } = history
    const { region } = manifest.plan
    this.#history = history
    this.#run = keyOf(manifest.run)
    this.#device = keyOf(manifest.device)
    this.#formatted = manifest.baseline === 'format'
    const sectorsMax = Math.min(RANGE_SECTORS, region.sectors)
    this.#digestLo = new Uint32Array(sectorsMax)
    this.#digestHi = new Uint32Array(sectorsMax)
    this.#baselineRun = { write: BASELINE_WRITE, lba: region.lba, count: region.sectors, epoch: 0 }
  }

  /** Makes the sectors of this run again. Its payload pool takes a few ms, which who never looks at bytes need not spend. */
  get #stamper(): Stamper {
    this.#made ??= new Stamper(this.#run, this.#device)
    return this.#made
  }

  get #scratch(): SectorBuffer {
    this.#scratchMade ??= SectorBuffer.ofSectors(SCRATCH_SECTORS)
    return this.#scratchMade
  }

  /** Whether the contents of the range before the run are known. They are not where the agent was cut before its first window. */
  baselineKnown(lba: number, sectors: number): boolean {
    if (this.#history.possibleMax === 0 && !this.#history.ended) return false
    return this.#formatted || this.#history.baseline.covers(lba, sectors)
  }

  /** Looks at `sectors` sectors from `lba`, which stand at the start of `buffer`. */
  observe(
    into: Observations,
    lba: number,
    sectors: number,
    buffer: SectorBuffer,
    errors: ReadonlyMap<number, string>,
    covering: WritesCovering,
  ): void {
    assert(sectors <= into.seen.length && sectors <= buffer.sectors, 'a range fits its buffer')
    into.odd.clear()
    into.seen.fill(0, 0, sectors)
    into.write.fill(0, 0, sectors)
    this.#digestsKnown = this.baselineKnown(lba, sectors)
    if (this.#digestsKnown && !this.#formatted)
      this.#history.baseline.read(lba, sectors, this.#digestLo, this.#digestHi)
    for (const [address, errno] of errors) markUnreadable(into, address - lba, sectors, errno)
    let i = 0
    while (i < sectors) {
      if (into.seen[i] === SEEN.unreadable) i++
      else i += this.#versions(into, lba, i, sectors, buffer) || this.#single(into, lba, i, buffer, covering)
    }
  }

  /** Marks the run of sectors from `i` that are of one write of this run, byte for byte; 0 where the first is not. */
  #versions(into: Observations, lba: number, i: number, sectors: number, buffer: SectorBuffer): number {
    const write = peekWrite(buffer.words, i, this.#run, lba + i)
    const run = this.#runOf(write, lba + i)
    if (run === undefined) return 0
    const index = lba + i - run.lba
    const most = Math.min(sectors - i, run.count - index, SCRATCH_SECTORS)
    let length = 1
    while (
      length < most &&
      into.seen[i + length] === 0 &&
      peekWrite(buffer.words, i + length, this.#run, lba + i + length) === write
    )
      length++
    this.#stamper.fill(this.#scratch, 0, run, index, length)
    const equal = equalSectors(buffer, i, this.#scratch, length)
    const code = this.#codeOf(write)
    if (write > this.#history.possibleMax) this.sectorsBeyondLog += equal
    for (let k = i; k < i + equal; k++) {
      into.seen[k] = code
      into.write[k] = write
      if (code === SEEN.phantom) into.odd.set(k, { kind: 'phantom', write, why: 'beyond-window' })
    }
    return equal
  }

  #codeOf(write: number): number {
    if (write === BASELINE_WRITE) return SEEN.baseline
    if (write <= this.#history.possibleMax) return SEEN.version
    return this.#history.isComplete ? SEEN.phantom : SEEN.version
  }

  /** The write with that number as it stands on the device, if the plan puts it over that address. */
  #runOf(write: number, address: number): StampedRun | undefined {
    const { plan } = this.#history
    if (write === BASELINE_WRITE) {
      const { lba, count } = this.#baselineRun
      return this.#formatted && address >= lba && address < lba + count ? this.#baselineRun : undefined
    }
    if (write < 0 || write > plan.length || write > WRITE_ID_MAX) return undefined
    const planned = plan.write(write)
    if (address < planned.lba || address >= planned.lba + planned.sectors) return undefined
    return { write, lba: planned.lba, count: planned.sectors, epoch: plan.epochOf(write) }
  }

  #single(into: Observations, lba: number, i: number, buffer: SectorBuffer, covering: WritesCovering): 1 {
    const zero = isZero(buffer.words, i * (SECTOR_BYTES / 4))
    if (this.#isScannedBaseline(i, buffer, zero)) into.seen[i] = SEEN.baseline
    else if (zero) into.seen[i] = SEEN.zeros
    else this.#odd(into, lba, i, buffer, covering)
    return 1
  }

  #isScannedBaseline(i: number, buffer: SectorBuffer, zero: boolean): boolean {
    if (this.#formatted || !this.#digestsKnown) return false
    const lo = this.#digestLo[i]
    const hi = this.#digestHi[i]
    if (zero) return lo === 0 && hi === 0
    digestSectors(buffer.words.subarray(i * (SECTOR_BYTES / 4)), 1, this.#lo, this.#hi)
    return this.#lo[0] === lo && this.#hi[0] === hi
  }

  #odd(into: Observations, lba: number, i: number, buffer: SectorBuffer, covering: WritesCovering): void {
    const stamp = decodeStamp(buffer.words, i)
    const content =
      stamp !== undefined && this.#isWhole(stamp, buffer, i)
        ? this.#stamped(stamp, lba + i)
        : compareMix(buffer.sector(i), this.#candidates(lba + i, i, covering), this.#isOpaque(i))
    into.odd.set(i, content)
    into.seen[i] = SEEN_OF[content.kind]
    if (content.kind === 'mix') into.write[i] = Math.max(0, content.head, content.tail)
  }

  /** Whether a sector with a valid stamp also has the payload that belongs to it. */
  #isWhole(stamp: Stamp, buffer: SectorBuffer, i: number): boolean {
    const stamper = this.#stamperOf(stamp)
    if (stamper === undefined) return true
    const run = { write: stamp.write, lba: stamp.lba - stamp.index, count: stamp.count, epoch: stamp.epoch }
    if (run.lba < 0) return false
    stamper.fill(this.#scratch, 0, run, stamp.index, 1)
    return equalSectors(buffer, i, this.#scratch, 1) === 1
  }

  /** Payload pools of other runs are made again for the first few; beyond those a stamp is taken at its check word. */
  #stamperOf(stamp: Stamp): Stamper | undefined {
    if (sameKey(stamp.run, this.#stamper.run) && sameKey(stamp.device, this.#stamper.device)) return this.#stamper
    const name = hexOf(stamp.run) + hexOf(stamp.device)
    const known = this.#others.get(name)
    if (known !== undefined || this.#others.size >= OTHER_RUNS_MAX) return known
    const stamper = new Stamper(stamp.run, stamp.device)
    this.#others.set(name, stamper)
    return stamper
  }

  #stamped(stamp: Stamp, address: number): Content {
    const run = hexOf(stamp.run)
    const isOurs = sameKey(stamp.run, this.#stamper.run)
    if (stamp.lba !== address || !sameKey(stamp.device, this.#stamper.device)) {
      return { kind: 'elsewhere', run, device: hexOf(stamp.device), lba: stamp.lba, write: stamp.write }
    }
    return isOurs
      ? { kind: 'phantom', write: stamp.write, why: 'not-in-plan' }
      : { kind: 'older-run', run, write: stamp.write }
  }

  /** The baseline of sector `i` is known by its digest alone: it cannot be made again. */
  #isOpaque(i: number): boolean {
    if (this.#formatted) return false
    return !this.#digestsKnown || this.#digestLo[i] !== 0 || this.#digestHi[i] !== 0
  }

  /** Every version that may stand in the sector, made again; the baseline too where its bytes are known. */
  *#candidates(address: number, i: number, covering: WritesCovering): Iterable<Candidate> {
    for (const write of covering(i)) {
      const run = this.#runOf(write, address)
      if (run !== undefined) yield this.#candidate(run, address)
    }
    if (this.#formatted) yield this.#candidate(this.#baselineRun, address)
    else if (!this.#isOpaque(i)) yield { write: 0, bytes: new Uint8Array(SECTOR_BYTES) }
  }

  #candidate(run: StampedRun, address: number): Candidate {
    this.#stamper.fill(this.#scratch, 0, run, address - run.lba, 1)
    return { write: run.write, bytes: this.#scratch.sector(0) }
  }
}

/** The code of each kind of content. */
export const SEEN_OF: Readonly<Record<Content['kind'], number>> = {
  version: SEEN.version,
  baseline: SEEN.baseline,
  zeros: SEEN.zeros,
  'older-run': SEEN.olderRun,
  elsewhere: SEEN.elsewhere,
  mix: SEEN.mix,
  garbage: SEEN.garbage,
  phantom: SEEN.phantom,
  unreadable: SEEN.unreadable,
}

function markUnreadable(into: Observations, i: number, sectors: number, errno: string): void {
  if (i < 0 || i >= sectors) return
  into.seen[i] = SEEN.unreadable
  into.odd.set(i, { kind: 'unreadable', errno })
}

/** How many of the `sectors` sectors from `at` equal those at the start of `expected`, counted from the first. */
function equalSectors(buffer: SectorBuffer, at: number, expected: SectorBuffer, sectors: number): number {
  if (sameBytes(buffer, at, expected, 0, sectors)) return sectors
  let equal = 0
  while (sameBytes(buffer, at + equal, expected, equal, 1)) equal++
  return equal
}

function sameBytes(a: SectorBuffer, aAt: number, b: SectorBuffer, bAt: number, sectors: number): boolean {
  const length = sectors * SECTOR_BYTES
  const left = a.bytes.subarray(aAt * SECTOR_BYTES, aAt * SECTOR_BYTES + length)
  return Buffer.compare(left, b.bytes.subarray(bAt * SECTOR_BYTES, bAt * SECTOR_BYTES + length)) === 0
}
