/**
 * What a report is: a rendering of one finished verification, and nothing else. One format a file beside this one;
 * registry.ts lists them. A report never decides anything: the verdict is the judge's.
 */
import type { CutRecord } from '../../core/campaign/campaign.ts'
import type { Content, Finding } from '../../core/finding.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { Verdict } from '../../core/verdict.ts'

/** How far rendering may go beyond plain text. */
export interface Style {
  readonly colour: boolean
}

/** One write as its story is told: where it went, and when what happened to it. Times in ms since the start of the run. */
export interface WriteStory {
  readonly write: number
  readonly lba: number
  readonly sectors: number
  readonly fua: boolean
  readonly issuedMs?: number
  readonly completedMs?: number
  /** What made it stable; absent where nothing did. */
  readonly stableBy?: NonNullable<Finding['stableBy']>
}

/** The sectors in and around a finding: what the plan had put there, and what was found. */
export interface Neighbourhood {
  readonly lba: number
  /** For each sector the newest write that was issued to it; 0 where there is none: what was there before the run. */
  readonly planned: readonly number[]
  /** For each sector what it was found to hold. */
  readonly found: readonly Content[]
  /** The writes that `planned` and `found` speak of. */
  readonly writes: ReadonlyMap<number, WriteStory>
}

/** A finished verification with all that a reader may want to know about it. */
export interface Verification {
  readonly verdict: Verdict
  readonly manifest: Manifest
  readonly target: { readonly path: string; readonly format: 'raw' | 'qcow2' }
  /** Where the log came from. */
  readonly log: string
  /** How the power was cut, where an orchestrator recorded it. */
  readonly cut?: CutRecord
  /** Neighbourhoods of the findings that are told in full. */
  readonly pictures: ReadonlyMap<Finding, Neighbourhood>
  /** What the reader should know beside the findings: a damaged log, a target that shrank. */
  readonly remarks: readonly string[]
}

export interface Report {
  readonly name: string
  readonly summary: string
  /** Whether it draws neighbourhoods, which cost a second look at the target. */
  readonly drawsPictures: boolean
  /** The whole document, ending in a line feed. */
  render(verification: Verification, style: Style): string
}
