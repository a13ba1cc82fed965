/**
 * The ways a simulated disk can break its contract, by name, and what is kept about each time it did.
 *
 * Two families. Protocol faults happen while the disk works (disk.ts) and name the write or flush they befell; damage is
 * done to the medium once the power is gone (damage.ts). Neither says whether the judge can see it: oracle.ts does.
 */
import { ProbeError } from '../../core/errors.ts'

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

/** Faults that befall a flush. */
export const FLUSH_FAULTS = [
  /** The flush is acknowledged and nothing is done. */
  'drop-flush',
  /** One write that the flush covers is held back for good, while what comes after it goes to the medium. */
  'reorder-across-flush',
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

/** When a fault happens: at every so many-th chance, or at one given write or flush. Damage after the cut happens `times` times. */
export interface FaultSpec {
  readonly kind: FaultKind
  /** Probability at each write or flush that it can befall. */
  readonly rate?: number
  /** The write or flush (by its number) that it befalls, whatever the rate. */
  readonly at?: number
  /** How often it happens at most; damage happens just so often. Default 1. */
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

/** `flip-bit`, or `drop-flush:0.1` (a rate) → fault; throws BAD_OPTION naming those there are. */
export function parseFault(text: string): FaultSpec {
  const [name = '', rate, ...more] = text.split(':')
  const kind = FAULT_KINDS.find((known) => known === name)
  const value = rate === undefined ? undefined : Number(rate)
  const badRate = value !== undefined && !(value > 0 && value <= 1)
  if (kind === undefined || more.length > 0 || badRate) {
    throw new ProbeError(
      'BAD_OPTION',
      `--fault got ${JSON.stringify(text)}; it takes one of ${FAULT_KINDS.join(', ')}, optionally with a rate from 0 to 1, as in drop-flush:0.1`,
    )
  }
  return value === undefined ? { kind } : { kind, rate: value, times: Number.POSITIVE_INFINITY }
}
