/** The shapes of what the campaign view asks for, beside those of the API's own records (http/schemas.ts). */
import { Type } from 'typebox'
import { PROGRESS_STATES } from '../../core/campaign/campaign.ts'
import { COMPARE_SCHEMA, type Comparison } from '../../core/campaign/compare.ts'
import type { CampaignCycles } from '../../core/campaign/cycles.ts'
import { CampaignBody } from '../http/schemas.ts'

const count = Type.Integer({ minimum: 0 })
const time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' })

export const CyclesQuery = Type.Object({
  changed: Type.Optional(Type.String({ format: 'date-time', description: 'only runs that changed then or later' })),
  limit: Type.Optional(
    Type.String({
      pattern: '^([1-9][0-9]{0,4}|100000)$',
      description: 'the newest so many, 1 to 100000, default 10000',
    }),
  ),
})

const Outcome = Type.Object({
  word: Type.Enum(['held', 'violation', 'inconclusive']),
  wasCut: Type.Boolean({ description: 'a run without a cut counts in no rate' }),
  showsAll: Type.Boolean({ description: 'what is not found did not happen; else it counts in no rate of losses' }),
  lost: count,
  torn: count,
  reordered: count,
  other: Type.Integer({ minimum: 0, description: 'violations of other kinds' }),
  liedFlushes: count,
  lostWrites: count,
  lostBytes: count,
  oldestLostMs: Type.Number({ minimum: 0 }),
})

export const CyclesBody = Type.Unsafe<CampaignCycles>(
  Type.Object({
    campaign: Type.String(),
    cycles: Type.Array(
      Type.Object({
        run: Type.String(),
        createdAt: time,
        changedAt: time,
        cut: Type.Optional(Type.Object({ kind: Type.String(), died: Type.Boolean() })),
        fault: Type.Optional(Type.String()),
        state: Type.Optional(Type.Enum([...PROGRESS_STATES])),
        outcome: Type.Optional(Outcome),
      }),
      { description: 'oldest first' },
    ),
    more: Type.Boolean({ description: 'older runs were left out' }),
  }),
)

const campaignName = Type.String({ minLength: 1, description: 'a campaign' })
export const CompareQuery = Type.Object({ a: campaignName, b: campaignName })

const proportion = Type.Object(
  { count, of: count, low: Type.Number(), high: Type.Number(), text: Type.String() },
  { additionalProperties: true },
)
const RateComparisonBody = Type.Object({
  a: proportion,
  b: proportion,
  p: Type.Number({ description: "Fisher's exact test, two-sided" }),
  pCorrected: Type.Number({ description: 'corrected for the number of comparisons (Holm)' }),
  differs: Type.Boolean(),
  detectable: Type.Optional(Type.Object({ campaign: Type.Enum(['a', 'b']), count, of: count, orMore: Type.Boolean() })),
  sentence: Type.String(),
})
const values = Type.Array(Type.String())

export const CompareBody = Type.Unsafe<Comparison>(
  Type.Object({
    schema: Type.Literal(COMPARE_SCHEMA),
    a: CampaignBody,
    b: CampaignBody,
    sentence: Type.String({ description: 'the one sentence that a person needs' }),
    rates: Type.Object({
      violation: RateComparisonBody,
      lost: RateComparisonBody,
      torn: RateComparisonBody,
      reordered: RateComparisonBody,
    }),
    comparisons: Type.Integer({ minimum: 0, description: 'rates that had a cut in both campaigns' }),
    differences: Type.Array(Type.Object({ facet: Type.String(), a: values, b: values })),
    setup: Type.String({ description: 'in what the campaigns differ' }),
    warnings: Type.Array(Type.String(), { description: 'what weakens the comparison' }),
  }),
)
