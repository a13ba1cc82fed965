/** One write on its way through a simulated disk, and what a sector of the medium holds of such writes. */
import type { SectorBuffer } from '../../core/stamp.ts'

/** What a sector of the medium really holds. */
export type Holding =
  /** What was there when the disk was made. */
  | { readonly kind: 'initial' }
  | { readonly kind: 'request'; readonly request: DiskRequest }
  | { readonly kind: 'mix'; readonly offset: number; readonly head: Holding; readonly tail: Holding }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'zeros' }
  /** Put there by damage that made it up: an older run, a write never issued. */
  | { readonly kind: 'made'; readonly what: 'older-run' | 'beyond-window' | 'not-in-plan' }

export const INITIAL: Holding = { kind: 'initial' }

/** One write, from its begin on. Opaque to the run but for `tag`. */
export class DiskRequest {
  /** The caller's number for it; faults `at` a write mean this. */
  readonly tag: number
  /** Where the caller wanted it. */
  readonly home: number
  readonly sectors: number
  readonly fua: boolean
  readonly data: SectorBuffer
  readonly holding: Holding = { kind: 'request', request: this }
  /** Place in the disk's own order of begins and finishes. */
  readonly begun: number
  finished = Number.POSITIVE_INFINITY
  /** Where it goes: `home`, unless misdirected. */
  at: number
  stable = false
  /** Sectors not on the medium, and not overtaken. */
  pending = 0
  atomic = false
  /** Flushes that will not cover it though it finished; `Infinity`: it never lands. */
  held = 0
  /** FUA is not honoured. */
  fuaIgnored = false
  /** Sector of the medium in which it will be torn, or -1. */
  tearAt = -1
  /** The same data on its way to another address. */
  ghost?: DiskRequest

  constructor(tag: number, home: number, sectors: number, fua: boolean, data: SectorBuffer, begun: number) {
    this.tag = tag
    this.home = home
    this.sectors = sectors
    this.fua = fua
    this.data = data
    this.begun = begun
    this.at = home
  }

  /** This finished before the other began. */
  isBefore(other: DiskRequest): boolean {
    return this.finished < other.begun
  }
}

/** Whether the judge can know the bytes: a mix with anything else is garbage to it. */
export const isKnown = (holding: Holding): boolean =>
  holding.kind === 'initial' || (holding.kind === 'request' && holding.request.at === holding.request.home)
