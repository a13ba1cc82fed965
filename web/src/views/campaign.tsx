/** The campaign view. */
import type { ComponentChild } from 'preact'
import { Page } from '../components/page.tsx'

export function CampaignView({ campaign }: { readonly campaign: string }): ComponentChild {
  return <Page title={`Campaign ${campaign}`} twin={`/v1/campaigns/${encodeURIComponent(campaign)}`} />
}
