/**
 * The shapes of the HTTP API: what is validated on the way in, and what the OpenAPI document tells.
 *
 * Additions to a cut or a verdict are welcome and kept as they are; what is known must be right. Nothing is coerced or
 * dropped: a store of evidence keeps what it was given.
 */
import type { Readable } from 'node:stream'
import { type TProperties, Type } from 'typebox'
import { PROGRESS_STATES, type CampaignView, type RunView } from '../../core/campaign/campaign.ts'
import type { CampaignEvidence } from '../../core/campaign/evidence.ts'
import type { Finding } from '../../core/finding.ts'
import { FOUND_CODES } from '../../core/map/block-state.ts'
import { FOUND_RUNS_MAX } from '../../core/map/found-at.ts'
import type { Manifest } from '../../core/manifest.ts'
import { VERDICT_SCHEMA, type Verdict } from '../../core/verdict.ts'
import type { RunPage } from '../../io/collector-client.ts'
import { FORMAT_NAMES } from '../report/registry.ts'
import { API_ERROR_CODES } from './api-error.ts'

const open = { additionalProperties: true }
/** What every store and every reader of JSON keeps exactly. */
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const amount = Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' })

export const RunId = Type.String({ pattern: '^[0-9a-f]{16}$', description: '16 hexadecimal digits' })
/** No name that a URL cannot have in its path, and none with half a character, which would be another once it is stored. */
export const Campaign = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^(?!\\.\\.?$)(?:[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])*$',
})

export const RunParams = Type.Object({ run: Type.String({ description: 'the run id' }) })
export const CampaignParams = Type.Object({ name: Type.String({ description: 'the campaign' }) })
export const VerdictParams = Type.Object({
  run: Type.String({ description: 'the run id' }),
  number: Type.String({ pattern: '^[1-9][0-9]{0,8}$', description: 'counted from 1' }),
})

const Offset = Type.String({ pattern: '^[0-9]{1,15}$', description: 'bytes from the start of the log' })
export const AppendQuery = Type.Object({ offset: Offset })
export const ReadQuery = Type.Object({ offset: Type.Optional(Offset) })
export const RunsQuery = Type.Object({
  campaign: Type.Optional(Type.String()),
  device: Type.Optional(Type.String({ description: 'only runs on the device of that key: `device` of the manifest' })),
  limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', description: '1 to 1000, default 100' })),
  after: Type.Optional(Type.String({ description: 'only runs older than this one: `next` of the page before' })),
})
export const ReportQuery = Type.Object({
  format: Type.Optional(Type.String({ enum: [...FORMAT_NAMES], description: 'default json' })),
  against: Type.Optional(Type.String({ description: 'a campaign to compare with' })),
})

export const RunQuery = Type.Object({
  findings: Type.Optional(Type.Enum(['all', 'none'], { description: 'none: GET /v1/runs/{run}/findings has them' })),
})

export const ErrorBody = Type.Object({
  code: Type.Enum([...API_ERROR_CODES]),
  message: Type.String({ description: 'one sentence for people' }),
  offset: Type.Optional(
    Type.Integer({ description: 'LOG_GAP: the end of the log; LOG_CONFLICT: the first byte that differs' }),
  ),
})

/** Every address may say no. */
export const refusals = { '4xx': ErrorBody, '5xx': ErrorBody }

export const Progress = Type.Object({
  state: Type.Enum([...PROGRESS_STATES]),
  issued: count,
  completed: count,
  flushes: count,
  stable: Type.Optional(Type.Integer({ minimum: 0, description: 'the newest write that a completed flush covers' })),
})

export const ManifestBody = Type.Unsafe<Manifest>({
  type: 'object',
  required: ['run', 'campaign'],
  description: 'plugpull.run/1 (docs/FORMAT.md)',
})

export const NewRunBody = Type.Object({ run: RunId, campaign: Campaign, manifest: ManifestBody })
export const CreatedBody = Type.Object({ run: RunId, created: Type.Boolean() })
export const AppendedBody = Type.Object({ offset: Type.Integer({ description: 'end of these bytes in the log' }) })

export const Cut = Type.Object(
  {
    kind: Type.String({ minLength: 1, maxLength: 100 }),
    at: time,
    signal: Type.Optional(Type.String({ maxLength: 100 })),
    target: Type.Optional(Type.Object({ what: Type.String({ maxLength: 1000 }), pid: Type.Integer() }, open)),
    command: Type.Optional(
      Type.Object(
        { text: Type.String({ maxLength: 10_000 }), status: Type.Union([Type.Integer(), Type.Null()]) },
        { ...open, description: 'the command that was run instead of a signal; status null where it was killed' },
      ),
    ),
    alsoDied: Type.Optional(Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 1000 })),
    died: Type.Boolean({ description: 'true once the target was seen dead' }),
    note: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  open,
)
export const CutRecordedBody = Type.Object({ run: Type.String(), recorded: Type.Boolean() })

const ClassName = Type.String({ pattern: '^[0-9]{1,15}$' })
/** More than there are classes: the finest have 464. */
const CLASSES_MAX = 1000
const Histogram = Type.Record(ClassName, count, { maxProperties: CLASSES_MAX })
const Spread = Type.Object(
  { classes: Histogram, most: amount },
  { ...open, description: 'counts by 1-2-5 class, named by the lower bound, and the largest value' },
)
const Latency = Type.Object(
  { classes: Histogram, most: count },
  {
    ...open,
    description:
      'microseconds from issue to completion: counts by log-linear class (16 from one power of two to the next), named by the lower bound, and the largest value',
  },
)
const unitCounts = { exposed: count, filling: count, whole: count, torn: count }
const perUnit = <T extends TProperties>(counts: T) =>
  Type.Record(ClassName, Type.Object(counts, open), { maxProperties: CLASSES_MAX })
const measureFields = {
  atRisk: Type.Object(
    { completeWrites: count, tellingWrites: count, inFlightWrites: count, multiSectorWrites: count, sectors: count },
    open,
  ),
  tears: Type.Object({ alignments: Histogram, writeSizes: Histogram, unlocated: count }, open),
  lostAgesMs: Spread,
  reordered: Type.Object({ writesAhead: Spread, msAhead: Spread }, open),
  latencyUs: Type.Optional(Type.Object({ write: Latency, flush: Latency }, open)),
}
const hazards = { lost: count, torn: count, reordered: count, corrupt: count }
const verdictFields = {
  schema: Type.Literal(VERDICT_SCHEMA),
  run: RunId,
  verdict: Type.Enum(['held', 'violation', 'inconclusive']),
  inconclusiveBecause: Type.Array(Type.String({ maxLength: 10_000 }), { maxItems: 1000 }),
  readInFull: Type.Optional(Type.Boolean({ description: 'what is not found did not happen' })),
  contract: Type.String({ maxLength: 1000 }),
  consistentWith: Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 1000 }),
  checked: Type.Object(
    {
      sectors: count,
      stableSectors: count,
      supersededSectors: count,
      stableWrites: count,
      completeWrites: count,
      issuedWrites: count,
      flushes: count,
    },
    open,
  ),
  violations: Type.Object(
    { ...hazards, misdirected: count, collateral: count, phantom: count, unreadable: count },
    open,
  ),
  hazards: Type.Object(hazards, open),
  liedFlushes: count,
  exposure: Type.Object({ lostWrites: count, lostBytes: count, oldestLostMs: amount }, open),
  measures: Type.Optional(Type.Object({ ...measureFields, atomicity: perUnit(unitCounts) }, open)),
  log: Type.Object(
    {
      tail: Type.Enum(['clean', 'truncated', 'corrupt']),
      ended: Type.Boolean(),
      lastRecordMs: Type.Number({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
    },
    open,
  ),
  findingsOmitted: count,
}
const FoundAtBody = Type.Object(
  {
    grainSectors: Type.Integer({ minimum: 1 }),
    lba: count,
    runs: Type.Array(Type.Tuple([count, Type.Integer({ minimum: 0, maximum: FOUND_CODES })]), {
      maxItems: FOUND_RUNS_MAX,
      description: 'grains, the worst found there',
    }),
  },
  { ...open, description: 'where all was found, listed or not; there where some findings are not listed' },
)
const FindingBody = Type.Unsafe<Finding>({
  type: 'object',
  required: ['kind', 'severity', 'lba', 'sectors', 'explanation'],
})
export const VerdictBody = Type.Unsafe<Verdict>(
  Type.Object({ ...verdictFields, findings: Type.Array(FindingBody), foundAt: Type.Optional(FoundAtBody) }, open),
)
export const VerdictAddedBody = Type.Object({ run: Type.String(), number: Type.Integer({ minimum: 1 }) })

const runFacts = {
  run: RunId,
  campaign: Type.String(),
  createdAt: time,
  bytes: Type.Integer({ minimum: 0, description: 'bytes of log on stable storage' }),
  logPruned: Type.Optional(Type.String({ description: 'when the log was pruned' })),
  progress: Type.Optional(Progress),
  cut: Type.Optional(Cut),
}
const RunSummaryBody = Type.Object({ ...runFacts, verdict: Type.Optional(Type.Object(verdictFields, open)) })
export const RunsBody = Type.Unsafe<RunPage>(
  Type.Object({
    runs: Type.Array(RunSummaryBody, { description: 'newest first' }),
    next: Type.Optional(Type.String({ description: 'pass as `after`; absent on the last page' })),
  }),
)

const VerdictEntryBody = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  at: time,
  verdict: Type.Enum(['held', 'violation', 'inconclusive']),
  contract: Type.String(),
})
export const RunBody = Type.Unsafe<RunView>(
  Type.Object({
    ...runFacts,
    manifest: ManifestBody,
    verdicts: Type.Array(VerdictEntryBody, { description: 'every verification, newest last' }),
    verdict: Type.Optional(VerdictBody),
  }),
)

export const CampaignsBody = Type.Object({
  campaigns: Type.Array(
    Type.Object({
      campaign: Type.String(),
      runs: count,
      verified: count,
      withoutCut: count,
      injected: count,
      held: count,
      violation: count,
      inconclusive: count,
      firstAt: time,
      lastAt: time,
    }),
  ),
})

export const Proportion = Type.Object(
  { count, of: count, low: Type.Number(), high: Type.Number(), text: Type.String() },
  { description: 'a share of runs with its 95 % interval; for 0 of n and n of n the exact one-sided bound' },
)
const CampaignMeasuresBody = Type.Object(
  {
    ...measureFields,
    latencyUs: Type.Optional(Type.Object({ runs: count, write: Latency, flush: Latency }, open)),
    runs: count,
    contracts: Type.Record(Type.String(), count),
    checked: Type.Object({ stableSectors: count, supersededSectors: count, stableWrites: count, flushes: count }, open),
    cutsWith: Type.Object({ completeWrites: count, inFlightWrites: count, multiSectorWrites: count }, open),
    atomicity: perUnit({ ...unitCounts, cuts: count, fillingCuts: count, tornCuts: count }),
  },
  { ...open, description: 'sums over the runs whose newest verdict carries measures' },
)
const EvidenceBody = Type.Object(
  {
    sentences: Type.Array(Type.Object({ about: Type.String(), text: Type.String() })),
    advice: Type.Array(Type.Object({ code: Type.String(), sentence: Type.String() })),
  },
  { ...open, description: 'what the figures support, and what the campaign could not have seen' },
)
export const CampaignBody = Type.Unsafe<CampaignView & { readonly evidence?: CampaignEvidence }>(
  Type.Object({
    campaign: Type.String(),
    summary: Type.Object({
      runs: count,
      verified: count,
      withoutCut: Type.Optional(
        Type.Object({ runs: count, violation: count }, { description: 'verified runs without a cut, left out below' }),
      ),
      held: count,
      violation: count,
      inconclusive: count,
      rates: Type.Object({ violation: Proportion, lost: Proportion, torn: Proportion, reordered: Proportion }),
      violations: verdictFields.violations,
      hazards: verdictFields.hazards,
      liedFlushes: count,
      exposure: verdictFields.exposure,
      measures: Type.Optional(CampaignMeasuresBody),
    }),
    setup: Type.Optional(
      Type.Record(Type.String(), Type.Record(Type.String(), count), {
        description: 'what the runs were: facet, value, number of runs',
      }),
    ),
    evidence: Type.Optional(EvidenceBody),
  }),
)

export const HealthBody = Type.Object({ status: Type.Literal('ok'), version: Type.String(), store: Type.String() })

export const LogBody = Type.Unsafe<Readable>({ type: 'string', format: 'binary' })
export const HtmlBody = Type.Unsafe<string>({ type: 'string' })
export const ReportBody = Type.Unsafe<string>({ type: 'string' })
