/** What the sectors of one write say about it, while the judge collects them. */
import type { Content } from './finding.ts'

/** One byte a sector; 0: not looked at. */
export const STATE = {
  present: 1,
  missing: 2,
  superseded: 3,
  overwritten: 4,
  partial: 5,
  unknown: 6,
} as const

/** What stands in one sector, and the newest write that must stand there (0: none). */
export interface SectorNote {
  readonly found: Content
  readonly floor: number
}

/** A write and what was seen of it. One that crosses ranges is carried, and keeps notes of what it saw. */
export class WriteView {
  lba = 0
  sectors = 0
  fua = false
  readonly isCarried: boolean
  readonly state: Uint8Array
  /** Per sector: 1 where the contract lets it hold anything, so that what it holds proves nothing (virtio-strict). */
  readonly undefinedThere: Uint8Array
  readonly notes = new Map<number, SectorNote>()

  constructor(sectorsMax: number, isCarried: boolean) {
    this.state = new Uint8Array(sectorsMax)
    this.undefinedThere = new Uint8Array(sectorsMax)
    this.isCarried = isCarried
  }

  /** Turns to the k-th of those writes. */
  of(writes: WritesAtHand, k: number): this {
    this.lba = writes.lba(k)
    this.sectors = writes.sectors(k)
    this.fua = writes.fua(k)
    return this
  }
}

/** Writes by their place in a list. */
interface WritesAtHand {
  lba(k: number): number
  sectors(k: number): number
  fua(k: number): boolean
}

/** A write's sectors by state. Of those whose contents the contract defines, `proven…` counts again: they alone convict. */
export interface StateCounts {
  present: number
  missing: number
  overwritten: number
  partial: number
  provenPresent: number
  provenMissing: number
  provenPartial: number
}

/** Counts the states of a view. */
export function countStates(view: WriteView): StateCounts {
  const counts = {
    present: 0,
    missing: 0,
    overwritten: 0,
    partial: 0,
    provenPresent: 0,
    provenMissing: 0,
    provenPartial: 0,
  }
  for (let i = 0; i < view.sectors; i++) {
    const proven = view.undefinedThere[i] === 0 ? 1 : 0
    switch (view.state[i]) {
      case STATE.present:
        counts.present++
        counts.provenPresent += proven
        break
      case STATE.missing:
        counts.missing++
        counts.provenMissing += proven
        break
      case STATE.partial:
        counts.partial++
        counts.provenPartial += proven
        break
      case STATE.overwritten:
        counts.overwritten++
        break
      case undefined:
      default:
    }
  }
  return counts
}
