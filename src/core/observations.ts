/** What the sectors of a range hold, as the judge is told: a code a sector, and what is odd in full. */
import type { Content } from './finding.ts'

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

/** What was seen of each sector of a range, in columns that threads can share. */
export interface SeenColumns {
  /** One of `SEEN`; 0: not recognised (yet). */
  readonly seen: Uint8Array
  /** Version: the write. Mix: the newer write of the two. Otherwise 0. */
  readonly write: Uint32Array
}

/** The contents of a range: a code and, for versions and mixes, a write for each sector; odd contents in full. */
export class Observations implements SeenColumns {
  readonly seen: Uint8Array
  readonly write: Uint32Array
  /** Everything that is not a version, the baseline or zeros, by sector of the range. */
  readonly odd = new Map<number, Content>()

  constructor(sectorsMax = RANGE_SECTORS, columns?: SeenColumns) {
    this.seen = columns?.seen ?? new Uint8Array(sectorsMax)
    this.write = columns?.write ?? new Uint32Array(sectorsMax)
  }

  /** What sector `i` of the range holds. */
  contentOf(i: number): Content {
    const odd = this.odd.get(i)
    if (odd !== undefined) return odd
    if (this.seen[i] === SEEN.version) return { kind: 'version', write: this.write[i] ?? 0 }
    return this.seen[i] === SEEN.zeros ? { kind: 'zeros' } : { kind: 'baseline' }
  }
}
