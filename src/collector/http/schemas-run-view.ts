/** The shapes of what the run view is made from: map, timeline, findings and the story of one. */
import { Type } from 'typebox'
import { FINDING_KINDS } from '../../core/finding.ts'
import { BUCKETS_MAX } from '../../core/map/run-timeline.ts'
import type { RunTimeline } from '../../core/map/run-timeline.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { FindingsPage } from '../view/run/findings-page.ts'
import type { MapBody as MapDocument, StoryBody as StoryDocument } from '../view/run/documents.ts'

const open = { additionalProperties: true }
const count = Type.Integer({ minimum: 0 })
const milliseconds = Type.Number({ minimum: 0, description: 'since the start of the run' })
const whole = (description: string) => Type.String({ pattern: '^[0-9]{1,15}$', description })

/** The client has this very answer: its `if-none-match` names it. */
export const Unchanged = Type.Unsafe<''>({ type: 'string', maxLength: 0 })

export const MapQuery = Type.Object({
  block: Type.Optional(
    whole('bytes of a block, a power of two from 512; by itself such that 16 GiB are 4,194,304 blocks'),
  ),
  plane: Type.Optional(Type.Enum(['states', 'writes'], { description: 'which byte of a block; default: states' })),
  from: Type.Optional(whole('JSON: the first block that is told of')),
})
export const MapBody = Type.Unsafe<MapDocument | Buffer>(
  Type.Object(
    {
      schema: Type.Literal('plugpull.map/1'),
      run: Type.String(),
      contract: Type.String(),
      verdict: Type.Optional(Type.Integer({ minimum: 1 })),
      blockBytes: count,
      firstLba: count,
      blocks: count,
      findingsOmitted: Type.Optional(
        Type.Integer({ minimum: 1, description: 'counted, and not on the map: a verdict of an earlier version' }),
      ),
      foundGrainBytes: Type.Optional(Type.Integer({ description: 'what was found is told to this grain' })),
      counts: Type.Array(Type.Object({ state: count, text: Type.String(), blocks: count }, open)),
      from: count,
      runs: Type.Array(Type.Tuple([count, count]), { description: 'blocks, state' }),
      next: Type.Optional(Type.Integer({ description: 'pass as `from`; absent where the map ends' })),
    },
    open,
  ),
)

export const TimelineQuery = Type.Object({
  from: Type.Optional(Type.String({ pattern: '^[0-9]{1,12}([.][0-9]{1,6})?$', description: 'ms of the run' })),
  to: Type.Optional(Type.String({ pattern: '^[0-9]{1,12}([.][0-9]{1,6})?$', description: 'ms of the run' })),
  buckets: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: `at most ${BUCKETS_MAX}` })),
})
const Spread = Type.Object(
  { min: milliseconds, median: milliseconds, p99: milliseconds, max: milliseconds },
  { ...open, description: 'ms' },
)
export const TimelineBody = Type.Unsafe<RunTimeline>(
  Type.Object(
    {
      schema: Type.Literal('plugpull.timeline/1'),
      run: Type.String(),
      fromMs: milliseconds,
      toMs: milliseconds,
      bucketMs: Type.Number(),
      lastRecordMs: milliseconds,
      endedMs: Type.Optional(milliseconds),
      buckets: Type.Array(
        Type.Object(
          {
            fromMs: milliseconds,
            issued: count,
            completed: count,
            failed: count,
            flushes: count,
            writeMs: Type.Optional(Spread),
            flushMs: Type.Optional(Spread),
          },
          open,
        ),
      ),
      flushes: Type.Optional(Type.Array(Type.Object({ flush: count, issuedMs: milliseconds }, open))),
      windows: Type.Optional(Type.Array(Type.Object({ ms: milliseconds, top: count }, open))),
      events: Type.Optional(Type.Array(Type.Object({ kind: Type.Enum(['write', 'failed']), write: count }, open))),
    },
    open,
  ),
)

export const FindingsQuery = Type.Object({
  kind: Type.Optional(Type.Enum([...FINDING_KINDS])),
  severity: Type.Optional(Type.Enum(['violation', 'hazard'])),
  lba: Type.Optional(whole('only findings that touch the sectors from here on')),
  sectors: Type.Optional(whole('so many sectors; default 1')),
  offset: Type.Optional(whole('findings left out ahead of the page')),
  limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', description: '1 to 1000, default 100' })),
})
const kindFields = { kind: Type.Enum([...FINDING_KINDS]), severity: Type.Enum(['violation', 'hazard']) }
export const FindingsBody = Type.Unsafe<FindingsPage>(
  Type.Object(
    {
      schema: Type.Literal('plugpull.findings/1'),
      run: Type.String(),
      verdict: Type.Integer({ minimum: 1 }),
      listed: count,
      findingsOmitted: count,
      counts: Type.Array(Type.Object({ ...kindFields, count }, open)),
      matching: count,
      offset: count,
      findings: Type.Array(
        Type.Object({ number: count, ...kindFields, lba: count, sectors: count, explanation: Type.String() }, open),
      ),
    },
    open,
  ),
)

export const FindingParams = Type.Object({
  run: Type.String({ description: 'the run id' }),
  number: Type.String({ pattern: '^[1-9][0-9]{0,8}$', description: 'counted from 1, as listed' }),
})
export const StoryBody = Type.Unsafe<StoryDocument>(
  Type.Object(
    {
      schema: Type.Literal('plugpull.explanation/1'),
      run: Type.String(),
      number: count,
      reproduction: Type.Object({ command: Type.String() }, open),
    },
    open,
  ),
)

export const ManifestBody = Type.Unsafe<Manifest>({ type: 'object', description: 'plugpull.run/1 (docs/FORMAT.md)' })
