/**
 * The ways a simulated disk can break its contract, by name, and what is kept about each time it did.
 *
 * Two families. Protocol faults happen while the disk works (disk.ts) and name the write or flush they befell; damage is
 * done to the medium once the power is gone (damage.ts). Each takes a rate, at every chance to happen, and a place: a write,
 * a flush, or sectors (FAULTS). Neither says whether the judge can see it: oracle.ts does. fault-text.ts is how people ask.
 */
/** Faults that befall a write as it arrives. */
export const WRITE_FAULTS = [
  /** A FUA write is treated like any other. */
  'ignore-fua',
  /** A write is reported done before the disk has it: the flushes that follow do not cover it. */
  'acknowledge-early',
  /** One sector of the write reaches the medium in part: it mixes two versions. */
  'tear-sector',
  /** A write that the atomic unit protects reaches the medium in part. */
  'tear-atomic',
  /** The write lands at another address, whole. */
  'misdirect',
  /** The write lands where it should, and at another address too. */
  'write-two-places',
] as const

/** Faults that befall a flush, or the writes since the last one. */
export const FLUSH_FAULTS = [
  /** The flush is acknowledged and nothing is done. */
  'drop-flush',
  /** The same of every k-th flush. */
  'drop-every-kth-flush',
  /** One write that the flush covers is held back for good, while what comes after it goes to the medium. */
  'reorder-across-flush',
  /** Nothing that was written since the flush before it ever goes to the medium, while what comes earlier and later does. */
  'lose-epoch',
] as const

/** Faults of the moment of the cut, and of what the medium holds afterwards. */
export const CUT_FAULTS = [
  /** Of an ordered disk: a later write goes to the medium, one that was complete before its issue does not. */
  'reorder',
  'flip-bit',
  /** Sectors return to the version before the one they hold. */
  'stale',
  'zero-cluster',
  /** Sectors return to what a run before this one left there. */
  'rollback',
  /** A sector that no write can have touched changes. */
  'collateral',
  /** A sector holds a write that was never issued. */
  'phantom',
  'read-error',
  /** The device has become smaller. */
  'short-device',
] as const

export const FAULT_KINDS = [...WRITE_FAULTS, ...FLUSH_FAULTS, ...CUT_FAULTS] as const
export type WriteFault = (typeof WRITE_FAULTS)[number]
export type FlushFault = (typeof FLUSH_FAULTS)[number]
export type CutFault = (typeof CUT_FAULTS)[number]
export type FaultKind = (typeof FAULT_KINDS)[number]

/** What can befall a fault each time, and so what a rate is of. */
export type Chance = 'write' | 'FUA write' | 'flush' | 'epoch' | 'cut'
/** What a fault can be tied to. */
export type PlaceKind = 'write' | 'flush' | 'sectors'

interface FaultFacts {
  /** The rate is the probability at each of these. */
  readonly chance: Chance
  readonly places: readonly PlaceKind[]
}

/** What rate and place mean for each kind. */
export const FAULTS: Readonly<Record<FaultKind, FaultFacts>> = {
  'ignore-fua': { chance: 'FUA write', places: ['write', 'sectors'] },
  'acknowledge-early': { chance: 'write', places: ['write', 'sectors'] },
  'tear-sector': { chance: 'write', places: ['write', 'sectors'] },
  'tear-atomic': { chance: 'write', places: ['write', 'sectors'] },
  misdirect: { chance: 'write', places: ['write', 'sectors'] },
  'write-two-places': { chance: 'write', places: ['write', 'sectors'] },
  'drop-flush': { chance: 'flush', places: ['flush'] },
  'drop-every-kth-flush': { chance: 'flush', places: ['flush'] },
  'reorder-across-flush': { chance: 'flush', places: ['flush', 'sectors'] },
  'lose-epoch': { chance: 'epoch', places: ['flush'] },
  reorder: { chance: 'cut', places: ['write', 'sectors'] },
  'flip-bit': { chance: 'cut', places: ['sectors'] },
  stale: { chance: 'cut', places: ['write', 'sectors'] },
  'zero-cluster': { chance: 'cut', places: ['sectors'] },
  rollback: { chance: 'cut', places: ['sectors'] },
  collateral: { chance: 'cut', places: ['sectors'] },
  phantom: { chance: 'cut', places: ['sectors'] },
  'read-error': { chance: 'cut', places: ['sectors'] },
  'short-device': { chance: 'cut', places: ['sectors'] },
}

/** Sectors from `lba`. */
export interface Place {
  readonly lba: number
  readonly sectors: number
}

/** When and where a fault happens. Damage after the cut happens `times` times, or by the rate once. */
export interface FaultSpec {
  readonly kind: FaultKind
  /** Probability at each chance. Default 1. */
  readonly rate?: number
  /**
   * The write or flush, by its number, that it befalls; of `drop-every-kth-flush` the first; of `lose-epoch` the flush that
   * ends the epoch.
   */
  readonly at?: number
  /** Only writes that touch these sectors; of damage, where it is done: the whole of the place where the kind has an extent. */
  readonly where?: Place
  /** The k of `drop-every-kth-flush`. */
  readonly every?: number
  /** How often it happens at most; damage happens just so often. Default 1, and no limit for `drop-every-kth-flush`. */
  readonly times?: number
}

/** One time a fault happened. Addresses in sectors of the target. */
export interface Injection {
  readonly kind: FaultKind
  /** Where on the medium it shows if anything does; for `misdirect` and the like the address that was hit. */
  readonly lba: number
  readonly sectors: number
  readonly write?: number
  readonly flush?: number
  /** Byte in the sector at which two versions meet. */
  readonly offset?: number
}

export const isCutFault = (kind: FaultKind): kind is CutFault => CUT_FAULTS.some((known) => known === kind)
export const isWriteFault = (kind: FaultKind): kind is WriteFault => WRITE_FAULTS.some((known) => known === kind)

/** The k where none is given. */
export const EVERY_DEFAULT = 2

/** Whether the two share a sector. */
export const overlaps = (a: Place, b: Place): boolean => a.lba < b.lba + b.sectors && b.lba < a.lba + a.sectors
