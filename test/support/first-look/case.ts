/**
 * What a first look may meet: a run of a few writes, and a disk that does not hold what it should. Everything follows from a
 * few small numbers, so that a failure shrinks to the writes and the damage that it takes.
 */
import fc from 'fast-check'
import { RANGE_SECTORS } from '../../../src/core/observations.ts'

export const DAMAGES = [
  'older version',
  'version',
  'other run',
  'other device',
  'copied from elsewhere',
  'index shifted',
  'past its end',
  'other epoch',
  'two versions',
  'bit flipped',
  'zeros',
  'zeros but one bit',
  'baseline',
  'garbage',
] as const

export interface Place {
  readonly near: number
  readonly off: number
}

export interface Damage {
  readonly kind: (typeof DAMAGES)[number]
  readonly at: Place
  readonly sectors: number
  /** Which write, which bit, how far: as the kind wants it. */
  readonly which: number
}

export interface Case {
  readonly region: { readonly lba: number; readonly sectors: number }
  readonly baseline: 'format' | 'scan'
  readonly contract: 'volatile' | 'write-through' | 'virtio-strict'
  /** Whether the log has its end. */
  readonly ended: boolean
  readonly writes: readonly {
    readonly at: Place
    readonly sectors: number
    readonly completes: boolean
    readonly flushed: boolean
  }[]
  /** Last writes of the plan that were not issued. */
  readonly unissued: number
  readonly damages: readonly Damage[]
  readonly bad: readonly Place[]
  /** Sectors that the target reads together or not at all. */
  readonly unitSectors: number
  /** Sectors that the target lacks at its end. */
  readonly missing: number
}

/** Where pieces and ranges end, and anywhere. */
const place: fc.Arbitrary<Place> = fc.record({
  near: fc.oneof(fc.constantFrom(0, 1024, 2048, RANGE_SECTORS), fc.nat(2600)),
  off: fc.integer({ min: -300, max: 3 }),
})
const length = fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 16 }), fc.integer({ min: 200, max: 900 }))

const regions = fc.oneof(
  { weight: 7, arbitrary: fc.constantFrom({ lba: 0, sectors: 2600 }, { lba: 5000, sectors: 2601 }) },
  { weight: 1, arbitrary: fc.constant({ lba: 4096, sectors: RANGE_SECTORS + 1500 }) },
)

export const cases: fc.Arbitrary<Case> = fc.record({
  region: regions,
  baseline: fc.constantFrom('format', 'scan'),
  contract: fc.constantFrom('volatile', 'write-through', 'virtio-strict'),
  ended: fc.boolean(),
  writes: fc.array(fc.record({ at: place, sectors: length, completes: fc.boolean(), flushed: fc.boolean() }), {
    minLength: 2,
    maxLength: 14,
  }),
  unissued: fc.nat(2),
  damages: fc.array(fc.record({ kind: fc.constantFrom(...DAMAGES), at: place, sectors: length, which: fc.nat(4095) }), {
    maxLength: 16,
  }),
  bad: fc.array(place, { maxLength: 3 }),
  unitSectors: fc.constantFrom(1, 8),
  missing: fc.constantFrom(0, 0, 0, 7),
})

/** The sectors of a place in a region, from its first sector: at least one, none beyond its end. */
export function extentOf(at: Place, sectors: number, regionSectors: number): { from: number; to: number } {
  const from = (((at.near + at.off) % regionSectors) + regionSectors) % regionSectors
  return { from, to: Math.min(regionSectors, from + sectors) }
}
