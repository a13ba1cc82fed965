/**
 * What each sector of a range holds: a version of this run, its baseline, or something that should not be there.
 *
 * Sectors of the run were told before (confirm.ts); the rest is looked at one by one.
 * Nothing here knows what should be where: that is the judge's part.
 */
import assert from 'node:assert/strict'
import { digestSectors } from './baseline.ts'
import { Confirmer, sameSectors } from './confirm.ts'
import type { Content } from './finding.ts'
import type { History } from './history.ts'
import { type Candidate, compareMix } from './mix.ts'
import { type Observations, RANGE_SECTORS, SEEN, SEEN_OF } from './observations.ts'
import { type Key64, hexOf, keyOf } from './prng.ts'
import { SectorBuffer, type Stamp, type StampedRun, Stamper, decodeStamp } from './stamp.ts'
import { BASELINE_WRITE, SECTOR_BYTES } from './units.ts'

/** Writes that may have put something into sector `i` of the range. */
export type WritesCovering = (i: number) => readonly number[]

const OTHER_RUNS_MAX = 8

function sameKey(a: Key64, b: Key64): boolean {
  return a.lo >>> 0 === b.lo >>> 0 && a.hi >>> 0 === b.hi >>> 0
}

export class Observer {
  readonly #history: History
  readonly #confirmer: Confirmer
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
    this.#confirmer = new Confirmer(manifest, history.plan)
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
    this.#scratchMade ??= SectorBuffer.ofSectors(1)
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
    this.#confirmer.confirm(into, 0, lba, sectors, buffer)
    this.observeRest(into, lba, sectors, buffer, errors, covering)
  }

  /** The same where the columns of `into` are already what a `Confirmer` makes of those bytes. */
  observeRest(
    into: Observations,
    lba: number,
    sectors: number,
    buffer: SectorBuffer,
    errors: ReadonlyMap<number, string>,
    covering: WritesCovering,
  ): void {
    assert(sectors <= into.seen.length && sectors <= buffer.sectors, 'a range fits its buffer')
    into.odd.clear()
    this.#digestsKnown = this.baselineKnown(lba, sectors)
    if (this.#digestsKnown && !this.#formatted)
      this.#history.baseline.read(lba, sectors, this.#digestLo, this.#digestHi)
    for (const [address, errno] of errors) markUnreadable(into, address - lba, sectors, errno)
    for (let i = 0; i < sectors; i++) {
      const code = into.seen[i]
      if (code === SEEN.version) this.#version(into, i)
      else if (code === SEEN.zeros) this.#zeros(into, i)
      else if (code === 0) this.#other(into, lba, i, buffer, covering)
    }
  }

  /** A sector of this run, byte for byte: whether it may be there is a matter of the log. */
  #version(into: Observations, i: number): void {
    const write = into.write[i] ?? 0
    if (write <= this.#history.possibleMax) return
    this.sectorsBeyondLog++
    const code = this.#codeOf(write)
    into.seen[i] = code
    if (code === SEEN.phantom) into.odd.set(i, { kind: 'phantom', write, why: 'beyond-window' })
  }

  #codeOf(write: number): number {
    if (write <= this.#history.possibleMax) return SEEN.version
    return this.#history.isComplete ? SEEN.phantom : SEEN.version
  }

  #zeros(into: Observations, i: number): void {
    if (this.#digestsKnown && !this.#formatted && this.#digestLo[i] === 0 && this.#digestHi[i] === 0)
      into.seen[i] = SEEN.baseline
  }

  #other(into: Observations, lba: number, i: number, buffer: SectorBuffer, covering: WritesCovering): void {
    if (this.#isScannedBaseline(i, buffer)) into.seen[i] = SEEN.baseline
    else this.#odd(into, lba, i, buffer, covering)
  }

  #isScannedBaseline(i: number, buffer: SectorBuffer): boolean {
    if (this.#formatted || !this.#digestsKnown) return false
    digestSectors(buffer.words.subarray(i * (SECTOR_BYTES / 4)), 1, this.#lo, this.#hi)
    return this.#lo[0] === this.#digestLo[i] && this.#hi[0] === this.#digestHi[i]
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
    return sameSectors(buffer, i, this.#scratch, 0, 1)
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
      const run = this.#confirmer.runOf(write, address)
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

function markUnreadable(into: Observations, i: number, sectors: number, errno: string): void {
  if (i < 0 || i >= sectors) return
  into.seen[i] = SEEN.unreadable
  into.write[i] = 0
  into.odd.set(i, { kind: 'unreadable', errno })
}
