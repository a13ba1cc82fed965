/** What a map cannot show of what was found, so that it can say so. */
import type { Verdict } from '../verdict.ts'
import { SECTOR_BYTES } from '../units.ts'

export interface MapGaps {
  /** Findings that were counted and are not on the map: the verdict, of an earlier version, says nowhere where they are. */
  readonly findingsOmitted?: number
  /** There was so much to tell that what was found is told to such a grain, larger than a block. */
  readonly foundGrainBytes?: number
}

export function mapGapsOf(
  { findingsOmitted, foundAt }: Pick<Verdict, 'findingsOmitted' | 'foundAt'>,
  blockBytes: number,
): MapGaps {
  if (foundAt === undefined) return findingsOmitted > 0 ? { findingsOmitted } : {}
  const foundGrainBytes = foundAt.grainSectors * SECTOR_BYTES
  return foundGrainBytes > blockBytes ? { foundGrainBytes } : {}
}
