/** What the collector and its analyst say to each other. The analyst has no store: it asks for the log, piece by piece. */
import type { CutRecord } from '../../../core/campaign/campaign.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { BlockGrid } from '../../../core/map/block-map.ts'
import type { RunTimeline } from '../../../core/map/run-timeline.ts'
import type { Stretches } from '../../../core/map/stretches.ts'
import type { Explanation } from '../../../core/telling/explanation.ts'
import type { NamedFinding } from '../../../core/telling/finding-name.ts'
import type { Verdict } from '../../../core/verdict.ts'

/** A log as it was at one time: a log only grows, so its length says which one it is. */
export interface LogName {
  readonly run: string
  readonly bytes: number
}

export type Question =
  | {
      readonly kind: 'map'
      readonly log: LogName
      readonly contract: string
      readonly stretches: Stretches
      readonly blockBytes?: number
    }
  | {
      readonly kind: 'timeline'
      readonly log: LogName
      readonly fromMs?: number
      readonly toMs?: number
      readonly buckets: number
    }
  | {
      readonly kind: 'story'
      readonly log: LogName
      readonly named: NamedFinding
      /** With those findings alone that can tell of the same sectors. */
      readonly verdict: Verdict
      readonly cut?: CutRecord
    }

/** A plane of the map, and the same compressed where that is smaller. */
export interface Plane {
  readonly bytes: Uint8Array
  readonly gzip?: Uint8Array
}

export interface MapAnswer {
  readonly grid: BlockGrid
  readonly states: Plane
  readonly writes: Plane
}

/** The shortest script that the model suggests for a finding: what `plugpull reproduce` tries first. */
export interface StartingScript {
  readonly what: string
  readonly statements: number
  readonly script: string
}

export interface StoryAnswer {
  readonly explanation: Explanation
  readonly start?: StartingScript
}

/** The answer to each kind of question. */
export interface Answers {
  readonly map: MapAnswer
  readonly timeline: RunTimeline
  readonly story: StoryAnswer
}

export type Answer = Answers[keyof Answers]

export type ToAnalyst =
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  /** The next piece of the log of that question; none: it has ended. */
  | { readonly kind: 'piece'; readonly id: number; readonly bytes?: Uint8Array }
  | { readonly kind: 'unreadable'; readonly id: number; readonly failure: Failure }

export type FromAnalyst =
  /** Begin the log of that question, from its first byte. */
  | { readonly kind: 'open'; readonly id: number }
  /** Give the next piece. */
  | { readonly kind: 'next'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }

export interface Failure {
  /** `INTERNAL` for what is no error of ours. */
  readonly code: ErrorCode
  readonly message: string
}
