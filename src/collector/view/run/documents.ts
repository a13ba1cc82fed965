/** The documents of the run view that are more than what the core says: the map as JSON, and a story with the way to see it again. */
import type { RunHead } from '../../../core/campaign/campaign.ts'
import type { BlockGrid } from '../../../core/map/block-map.ts'
import type { MapGaps } from '../../../core/map/map-gaps.ts'
import { type RunLength, runLengthsFrom, stateCounts } from '../../../core/map/run-lengths.ts'
import type { Explanation } from '../../../core/telling/explanation.ts'
import type { StartingScript, StoryAnswer } from './messages.ts'
import { contractOf, type ToldMap } from './run-views.ts'

export const MAP_SCHEMA = 'plugpull.map/1'
/** Of one answer; the next one goes on. */
const RUN_LENGTHS_MAX = 20_000

export interface MapBody extends BlockGrid, MapGaps {
  readonly schema: typeof MAP_SCHEMA
  readonly run: string
  readonly contract: string
  /** Number of the verdict that says what was found. */
  readonly verdict?: number
  readonly counts: ReturnType<typeof stateCounts>
  readonly from: number
  readonly runs: readonly RunLength[]
  readonly next?: number
}

export function mapDocument(view: RunHead, { grid, gaps, states }: ToldMap, from: number): MapBody {
  const { runs, next } = runLengthsFrom(states.bytes, from, RUN_LENGTHS_MAX)
  const verdict = view.verdicts.at(-1)?.number
  return {
    schema: MAP_SCHEMA,
    run: view.run,
    contract: contractOf(view),
    ...(verdict === undefined ? {} : { verdict }),
    ...grid,
    ...gaps,
    counts: stateCounts(states.bytes),
    from,
    runs,
    ...(next === undefined ? {} : { next }),
  }
}

export interface StoryBody extends Explanation {
  readonly reproduction: {
    /** Run where the collector can be reached; URL stands for its address. */
    readonly command: string
    /** Where the search begins, unless it is too long to look at. */
    readonly start?: StartingScript
  }
}

export function storyDocument({ explanation, start }: StoryAnswer): StoryBody {
  const { run, number } = explanation
  const command = `plugpull reproduce ${run} ${number} --collector URL`
  return { ...explanation, reproduction: { command, ...(start === undefined ? {} : { start }) } }
}
