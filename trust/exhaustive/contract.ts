/** The contracts that the reference knows: docs/MODEL.md has them, and src/core/contract.ts is not asked. */
import type { Extent } from './history.ts'

export const BASES = ['write-through', 'ordered', 'volatile', 'virtio-strict'] as const
export type Base = (typeof BASES)[number]

/** A base contract, with the sectors of its atomic unit; 0: none. */
export interface SmallContract {
  readonly base: Base
  readonly atomicSectors: number
}

/** Every base contract, and with atomic units of two sectors (across whose boundary the three lie) and of four (which hold them all). */
export const CONTRACTS: readonly SmallContract[] = [0, 2, 4].flatMap((atomicSectors) =>
  BASES.map((base) => ({ base, atomicSectors })),
)

/** A write that lies in one aligned unit is all or nothing. */
export const isAtomic = ({ atomicSectors }: SmallContract, { from, sectors }: Extent): boolean =>
  atomicSectors > 0 && Math.floor(from / atomicSectors) === Math.floor((from + sectors - 1) / atomicSectors)

/** As the command line writes it. */
export const describeContract = ({ base, atomicSectors }: SmallContract): string =>
  atomicSectors === 0 ? base : `${base},atomic=${atomicSectors * 512}`
