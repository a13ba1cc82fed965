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
  /** Per sector: 1 where a write that is not yet stable may have left anything (virtio-strict). */
  readonly unsettled: Uint8Array
  readonly notes = new Map<number, SectorNote>()

  constructor(sectorsMax: number, isCarried: boolean) {
    this.state = new Uint8Array(sectorsMax)
    this.unsettled = new Uint8Array(sectorsMax)
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

/** A write's sectors by state. `mustMissing`: missing or partial where no undefined content excuses it under virtio-strict. */
export interface StateCounts {
  present: number
  missing: number
  superseded: number
  overwritten: number
  partial: number
  unknown: number
  mustMissing: number
}

/** Counts the states of a view. */
export function countStates(view: WriteView): StateCounts {
  const counts = { present: 0, missing: 0, superseded: 0, overwritten: 0, partial: 0, unknown: 0, mustMissing: 0 }
  for (let i = 0; i < view.sectors; i++) {
    const state = view.state[i] ?? 0
    if (state === STATE.present) counts.present++
    else if (state === STATE.missing) counts.missing++
    else if (state === STATE.superseded) counts.superseded++
    else if (state === STATE.overwritten) counts.overwritten++
    else if (state === STATE.partial) counts.partial++
    else counts.unknown++
    if ((state === STATE.missing || state === STATE.partial) && view.unsettled[i] === 0) counts.mustMissing++
  }
  return counts
}
