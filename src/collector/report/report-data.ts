/** What `plugpull report` and `plugpull compare` tell, fetched from a collector or straight from its store; rendering is elsewhere. */
import { type CampaignSummary, type CampaignView, type RunSummary, summarise } from '../../core/campaign/campaign.ts'
import { type Compared, type Comparison, comparisonOf, pOf } from '../../core/campaign/compare.ts'
import { ProbeError } from '../../core/errors.ts'
import { type CampaignEvidence, evidenceOf } from '../../core/campaign/evidence.ts'
import { type InjectedFault, injectedFaultOf } from '../../core/campaign/injected-fault.ts'
import type { CollectorClient } from '../../io/collector-client.ts'
import type { Store } from '../store/store.ts'

export const REPORT_SCHEMA = 'plugpull.report/1'

export interface Report extends CampaignView {
  readonly schema: typeof REPORT_SCHEMA
  /** What the figures support. */
  readonly evidence: CampaignEvidence
  /** Absent where no run carries one. */
  readonly injectedFault?: InjectedFault
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
  readonly name: string
  /** Names, newest first. */
  campaigns(): Promise<readonly string[]>
  campaign(campaign: string): Promise<CampaignView>
  /** Newest first. */
  runs(campaign: string): AsyncIterable<RunSummary>
}

export function sourceOfClient(client: CollectorClient, url: string): CampaignSource {
  const campaigns = async (): Promise<readonly string[]> => (await client.campaigns()).map(({ campaign }) => campaign)
  return {
    name: url,
    campaigns,
    // Without what a collector adds: what is told is the same wherever it is read from.
    campaign: async (name) => {
      const { campaign, summary, setup } = await client.campaign(name).catch(async (error: unknown) => {
        throw isUnknown(error) ? campaignUnknown(url, name, await campaigns()) : error
      })
      return { campaign, summary, ...(setup === undefined ? {} : { setup }) }
    },
    runs: (campaign) => client.allRuns(campaign),
  }
}

const isUnknown = (error: unknown): boolean => error instanceof ProbeError && error.code === 'CAMPAIGN_UNKNOWN'

const campaignUnknown = (where: string, campaign: string, known: readonly string[]): ProbeError =>
  new ProbeError('CAMPAIGN_UNKNOWN', `${where} has no campaign ${JSON.stringify(campaign)}; it ${hasCampaigns(known)}`)

const PAGE_RUNS = 1000

const CAMPAIGNS_TOLD = 10

/** `has a, b, c`: for the end of an error. */
export function hasCampaigns(campaigns: readonly string[]): string {
  if (campaigns.length === 0) return 'has none yet'
  return `has ${campaigns.slice(0, CAMPAIGNS_TOLD).join(', ')}${campaigns.length > CAMPAIGNS_TOLD ? ', …' : ''}`
}

export function sourceOfStore(store: Store): CampaignSource {
  const campaigns = async (): Promise<readonly string[]> => (await store.campaigns()).map(({ campaign }) => campaign)
  return {
    name: store.name,
    campaigns,
    campaign: async (campaign) => {
      const found = await store.campaign(campaign)
      if (found === undefined) throw campaignUnknown(store.name, campaign, await campaigns())
      return { campaign, summary: summarise(found.runs, found.verdicts), setup: found.setup }
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
  const view = await source.campaign(campaign)
  const other = against === undefined ? undefined : await source.campaign(against)
  const runs: RunSummary[] = []
  for await (const run of source.runs(campaign)) runs.push(run)
  const evidence = evidenceOf(view.summary, view.setup)
  const fault = injectedFaultOf(view.setup, view.summary.runs)
  const injected = fault === undefined ? {} : { injectedFault: fault }
  const report = { schema: REPORT_SCHEMA, ...view, evidence, ...injected, runs: runs.toReversed() } as const
  if (other === undefined) return report
  const p = (rate: Compared): number => pOf(view.summary, other.summary, rate)
  const ps = { violation: p('violation'), lost: p('lost'), torn: p('torn'), reordered: p('reordered') }
  return { ...report, against: { campaign: other.campaign, summary: other.summary, p: ps } }
}

export async function collectComparison(source: CampaignSource, a: string, b: string): Promise<Comparison> {
  const views = [await source.campaign(a), await source.campaign(b)] as const
  return comparisonOf(...views)
}
