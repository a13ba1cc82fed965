/** What `plugpull report` tells, fetched from a collector or straight from its store; rendering is in report.ts. */
import { type CampaignSummary, type RunSummary, summarise } from '../core/campaign.ts'
import { ProbeError } from '../core/errors.ts'
import { fisherExact } from '../core/statistics.ts'
import type { CollectorClient } from '../io/collector-client.ts'
import type { Store } from './store.ts'

export const REPORT_SCHEMA = 'plugpull.report/1'

const COMPARED = ['violation', 'lost', 'torn', 'reordered'] as const
export type Compared = (typeof COMPARED)[number]

export interface Report {
  readonly schema: typeof REPORT_SCHEMA
  readonly campaign: string
  readonly summary: CampaignSummary
  /** Oldest first. */
  readonly runs: readonly RunSummary[]
  /** The campaign it is compared with, and for each rate the two-sided p of Fisher's exact test. */
  readonly against?: {
    readonly campaign: string
    readonly summary: CampaignSummary
    readonly p: Readonly<Record<Compared, number>>
  }
}

/** Where campaigns are read from. Throws CAMPAIGN_UNKNOWN. */
export interface CampaignSource {
  summary(campaign: string): Promise<CampaignSummary>
  /** Newest first. */
  runs(campaign: string): AsyncIterable<RunSummary>
}

export function sourceOfClient(client: CollectorClient): CampaignSource {
  return {
    summary: async (campaign) => (await client.campaign(campaign)).summary,
    runs: (campaign) => client.allRuns(campaign),
  }
}

const PAGE_RUNS = 1000

export function sourceOfStore(store: Store): CampaignSource {
  return {
    summary: async (campaign) => {
      const found = await store.campaign(campaign)
      if (found === undefined) {
        const known = (await store.campaigns()).map((one) => one.campaign).slice(0, 10)
        const has = known.length === 0 ? 'it has none yet' : `it has ${known.join(', ')}`
        throw new ProbeError('CAMPAIGN_UNKNOWN', `${store.name} has no campaign ${JSON.stringify(campaign)}; ${has}`)
      }
      return summarise(found.runs, found.verdicts)
    },
    async *runs(campaign) {
      for (let after: string | undefined; ;) {
        const page = await store.runs({ campaign, limit: PAGE_RUNS, ...(after === undefined ? {} : { after }) })
        if (page === 'run-unknown') return
        yield* page.runs
        if (page.next === undefined) return
        after = page.next
      }
    },
  }
}

/** The report of a campaign, compared with another where one is named. */
export async function collectReport(source: CampaignSource, campaign: string, against?: string): Promise<Report> {
  const summary = await source.summary(campaign)
  const other = against === undefined ? undefined : await source.summary(against)
  const runs: RunSummary[] = []
  for await (const run of source.runs(campaign)) runs.push(run)
  const report = { schema: REPORT_SCHEMA, campaign, summary, runs: runs.toReversed() } as const
  if (against === undefined || other === undefined) return report
  return { ...report, against: { campaign: against, summary: other, p: compare(summary, other) } }
}

function compare(here: CampaignSummary, there: CampaignSummary): Record<Compared, number> {
  const p = (rate: Compared): number => fisherExact(here.rates[rate], there.rates[rate])
  return { violation: p('violation'), lost: p('lost'), torn: p('torn'), reordered: p('reordered') }
}

export const COMPARED_RATES: readonly Compared[] = COMPARED
