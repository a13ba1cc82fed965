/** What the API answers of a campaign (docs/HTTP-API.md). */
import type { CampaignView } from '../../../src/core/campaign/campaign.ts'
import type { CampaignEvidence, EvidenceTopic } from '../../../src/core/campaign/evidence.ts'

export interface CampaignAnswer extends CampaignView {
  readonly evidence: CampaignEvidence
}

/** The sentence on that, or `undefined` where the figures say nothing of it. */
export const sentenceOn = ({ sentences }: CampaignEvidence, topic: EvidenceTopic): string | undefined =>
  sentences.find(({ about }) => about === topic)?.text

/** A clause as a sentence of its own. */
export const asSentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
