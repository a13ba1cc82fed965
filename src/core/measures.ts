/**
 * What a run measured besides its verdict: what was at risk when the cut came, where writes tore, what sizes were never
 * seen torn, how old the lost were and how far survivors were ahead (docs/MODEL.md, "Over a campaign").
 *
 * Exact and of bounded size: findings are listed up to a cap, these are counted to the last one.
 */
import { type History, type Latencies, NEVER } from './history.ts'
import { Counter, type Histogram, type Spread, SpreadCounter } from './histogram.ts'
import { type NoteAt, alignmentOf, boundariesOf } from './sector-runs.ts'
import type { StateCounts, WriteView } from './sector-state.ts'
import { SECTOR_BYTES } from './units.ts'

/** Writes by the smallest aligned unit that holds them. */
export interface UnitCounts {
  /** Writes of which a tear would have been seen wherever it was, as every sector tells; and those that are seen torn. */
  readonly exposed: number
  /** Of those: larger than half the unit. The rest shows what one boundary inside the unit does, not what the unit does. */
  readonly filling: number
  /** Of those: all that can be told of them is there. */
  readonly whole: number
  /** Of those: partly there. The rest is wholly missing. */
  readonly torn: number
}

export interface Measures {
  /** Writes that no flush had made stable when the cut came, nor a later stable write overwritten. */
  readonly atRisk: {
    /** Complete. */
    readonly completeWrites: number
    /** Complete, and some sector still says whether they are there. */
    readonly tellingWrites: number
    /** Issued and not complete, as far as the log tells. */
    readonly inFlightWrites: number
    /** Of complete and in flight: those of several sectors. */
    readonly multiSectorWrites: number
    /** Sectors of complete and in flight, once for each write. */
    readonly sectors: number
  }
  readonly tears: {
    /** Boundaries between there and missing, by the largest power of two that divides their address, up to 1 MiB; 0: inside a sector. */
    readonly alignments: Histogram
    /** Torn writes by size: the smallest power of two that holds so many bytes. */
    readonly writeSizes: Histogram
    /** Torn writes without a boundary that can be told: between there and missing stand sectors that say nothing. */
    readonly unlocated: number
  }
  /** By unit in bytes, from 512 to 1 MiB; 2 MiB stands for writes that no aligned 1 MiB holds. */
  readonly atomicity: Readonly<Record<string, UnitCounts>>
  /** Ages of complete writes that are not wholly there, lost and torn, at the cut. */
  readonly lostAgesMs: Spread
  /** `reordered`: how far the survivor was ahead of what is missing. */
  readonly reordered: { readonly writesAhead: Spread; readonly msAhead: Spread }
  /** From issue to completion, as the agent saw it. Absent in verdicts of versions that did not measure it. */
  readonly latencyUs?: Latencies
}

const ALIGNMENT_MAX = 2 ** 20
export const UNIT_BYTES_MAX = 2 ** 20

/** Whether what the sectors say amounts to a torn write. */
export const isTorn = ({ partial, present, missing }: StateCounts): boolean =>
  partial > 0 || (present > 0 && missing > 0)

/** The smallest power of two, from a sector to 2 MiB, that holds the write between two multiples of itself. */
export function unitOf(lba: number, sectors: number): number {
  const last = lba + sectors - 1
  let unit = 1
  while (unit * SECTOR_BYTES <= UNIT_BYTES_MAX && Math.floor(lba / unit) !== Math.floor(last / unit)) unit *= 2
  return unit * SECTOR_BYTES
}

function sizeClassOf(bytes: number): number {
  let size = SECTOR_BYTES
  while (size < bytes) size *= 2
  return size
}

const isFilling = (sectors: number, unitBytes: number): boolean => sectors * SECTOR_BYTES * 2 > unitBytes

/** A tear as it will be counted. */
interface Tear {
  readonly alignments: readonly number[]
  readonly size: number
  readonly unit: number
  readonly fills: boolean
}

/** Takes what the tally sees of each write. */
export class Measurer {
  readonly #history: History
  readonly #atRisk = { completeWrites: 0, tellingWrites: 0, inFlightWrites: 0, multiSectorWrites: 0, sectors: 0 }
  readonly #alignments = new Counter()
  readonly #sizes = new Counter()
  #unlocated = 0
  readonly #exposed = new Counter()
  readonly #filling = new Counter()
  readonly #whole = new Counter()
  readonly #torn = new Counter()
  readonly #ages = new SpreadCounter()
  readonly #writesAhead = new SpreadCounter()
  readonly #msAhead = new SpreadCounter()

  constructor(history: History) {
    this.#history = history
  }

  /** Every sector of a write was looked at. */
  settled(write: number, view: WriteView, counts: StateCounts, isStable: boolean): void {
    if (isStable || counts.overwritten === view.sectors) return
    const isComplete = this.#history.completePosition(write) !== NEVER
    const isSeen = counts.present + counts.partial > 0
    // Announced, and for all that is known never issued.
    if (!isComplete && !isSeen && write > this.#history.issued) return
    const telling = counts.present + counts.missing + counts.partial
    this.#countAtRisk(view.sectors, isComplete, telling > 0)
    // A tear may show in any one sector: a silent one leaves it unseen.
    if (telling === view.sectors && !isTorn(counts)) this.#countUntorn(view, counts.missing === 0)
  }

  #countAtRisk(sectors: number, isComplete: boolean, isTelling: boolean): void {
    if (isComplete) this.#atRisk.completeWrites++
    else this.#atRisk.inFlightWrites++
    if (isComplete && isTelling) this.#atRisk.tellingWrites++
    if (sectors > 1) this.#atRisk.multiSectorWrites++
    this.#atRisk.sectors += sectors
  }

  #countUntorn({ lba, sectors }: WriteView, isWhole: boolean): void {
    const unit = unitOf(lba, sectors)
    this.#exposed.add(unit)
    if (isFilling(sectors, unit)) this.#filling.add(unit)
    if (isWhole) this.#whole.add(unit)
  }

  /** A write is torn. What comes back counts it: a fault of another name may turn out to say all of it. */
  torn(view: WriteView, noteAt: NoteAt): () => void {
    const addresses = boundariesOf(view, noteAt).map((bytes) => view.lba * SECTOR_BYTES + bytes)
    const unit = unitOf(view.lba, view.sectors)
    const tear: Tear = {
      alignments: addresses.map((address) =>
        address % SECTOR_BYTES === 0 ? Math.min(ALIGNMENT_MAX, alignmentOf(address)) : 0,
      ),
      size: sizeClassOf(view.sectors * SECTOR_BYTES),
      unit,
      fills: isFilling(view.sectors, unit),
    }
    return () => this.#count(tear)
  }

  #count({ alignments, size, unit, fills }: Tear): void {
    for (const alignment of alignments) this.#alignments.add(alignment)
    if (alignments.length === 0) this.#unlocated++
    this.#sizes.add(size)
    this.#exposed.add(unit)
    if (fills) this.#filling.add(unit)
    this.#torn.add(unit)
  }

  /** A complete write is not wholly there. */
  lost(ageMs: number): void {
    this.#ages.add(ageMs)
  }

  reordered(writesAhead: number, msAhead: number): void {
    this.#writesAhead.add(writesAhead)
    this.#msAhead.add(msAhead)
  }

  result(): Measures {
    const [filling, whole, torn] = [this.#filling, this.#whole, this.#torn].map((counter) => counter.histogram())
    const units = Object.entries(this.#exposed.histogram()).map(([unit, exposed]) => {
      const counts = { filling: filling?.[unit] ?? 0, whole: whole?.[unit] ?? 0, torn: torn?.[unit] ?? 0 }
      return [unit, { exposed, ...counts }] as const
    })
    return {
      atRisk: this.#atRisk,
      tears: {
        alignments: this.#alignments.histogram(),
        writeSizes: this.#sizes.histogram(),
        unlocated: this.#unlocated,
      },
      atomicity: Object.fromEntries(units),
      lostAgesMs: this.#ages.spread(),
      reordered: { writesAhead: this.#writesAhead.spread(), msAhead: this.#msAhead.spread() },
      latencyUs: this.#history.latenciesUs(),
    }
  }
}
