/** A campaign as the API tells of it, from what the store has. */
import { type CampaignView, summarise } from '../../core/campaign/campaign.ts'
import { campaignUnknown } from '../http/api-error.ts'
import type { Store } from '../store/store.ts'

/** Throws CAMPAIGN_UNKNOWN. */
export async function campaignView(store: Store, campaign: string): Promise<CampaignView> {
  const found = await store.campaign(campaign)
  if (found === undefined) throw campaignUnknown(campaign)
  return { campaign, summary: summarise(found.runs, found.verdicts), setup: found.setup }
}
