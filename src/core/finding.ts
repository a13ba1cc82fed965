/** What the judge found: facts only. Wording for people is made from them by the reports, never parsed back. */

/** Kinds of finding, in the order in which reports list them (docs/MODEL.md, "Findings"). */
export const FINDING_KINDS = [
  'lost',
  'torn',
  'reordered',
  'misdirected',
  'collateral',
  'corrupt',
  'phantom',
  'unreadable',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

export type Severity = 'violation' | 'hazard'

/** What one sector was found to hold. */
export type Content =
  | { readonly kind: 'version'; readonly write: number }
  | { readonly kind: 'baseline' }
  | { readonly kind: 'zeros' }
  | { readonly kind: 'older-run'; readonly run: string; readonly write: number }
  | {
      readonly kind: 'elsewhere'
      readonly run: string
      readonly device: string
      readonly lba: number
      readonly write: number
    }
  /** The first `offset` bytes are of one known version, the rest of another; write 0 is the baseline. */
  | { readonly kind: 'mix'; readonly offset: number; readonly head: number; readonly tail: number }
  | { readonly kind: 'garbage'; readonly bitDistance: number; readonly nearestWrite: number }
  | { readonly kind: 'phantom'; readonly write: number; readonly why: 'beyond-window' | 'not-in-plan' }
  | { readonly kind: 'unreadable'; readonly errno: string }

/** What one sector of a write says about that write. */
export type SectorState = 'present' | 'missing' | 'superseded' | 'overwritten' | 'partial' | 'unknown'

/** A run of neighbouring sectors that say the same. `index` counts sectors from the start of the finding's extent. */
export interface SectorRun {
  readonly index: number
  readonly sectors: number
  readonly state: SectorState
  readonly found: Content
  /** The newest write that must be there, where there is one. */
  readonly floor?: number
}

/** A sector as it was read, kept so that the finding can be shown byte for byte when the target is gone. */
export interface Exhibit {
  readonly lba: number
  /** Its 512 bytes in base64. */
  readonly bytes: string
}

export interface Finding {
  readonly kind: FindingKind
  readonly severity: Severity
  /** The write concerned; absent where no write is (collateral, unreadable). 0 is the formatted baseline. */
  readonly write?: number
  readonly lba: number
  readonly sectors: number
  /** Sectors of the write that are missing, counted from its start (`lost`, `torn`). May be capped at 4096 entries. */
  readonly missingSectors: readonly number[]
  /** `torn`: byte offsets from the start of the write at which present and missing meet. */
  readonly boundaries: readonly number[]
  /** `torn`: for each boundary, the largest power of two that divides its address on the target, in bytes. */
  readonly boundaryAlignments: readonly number[]
  readonly runs: readonly SectorRun[]
  /** Times on the agent's clock in ms since the start of the run, where they are recorded. */
  readonly issuedMs?: number
  readonly completedMs?: number
  /** The flush that made the write stable: number and times. */
  readonly stableBy?:
    | { readonly by: 'flush'; readonly flush: number; readonly issuedMs: number; readonly completedMs: number }
    | { readonly by: 'fua' | 'write-through' }
  /** Age at the cut: from completion to the last sign of life of the agent. */
  readonly ageMs?: number
  /** `reordered`: the survivor, and how far it was ahead. */
  readonly survivor?: { readonly write: number; readonly writesAhead: number; readonly msAhead: number }
  /** Name of the rule where a kind has more than one (`commit-without-data`, `atomic`, `mixed-sector`, `stable`). */
  readonly rule?: string
  /** The first sectors that disagree, of a bounded number of findings; put there by the verifier, not by the judge. */
  readonly exhibits?: readonly Exhibit[]
  /** One sentence for people. */
  readonly explanation: string
}
