/** What a campaign's figures support, line by line: the same words at the end of a loop and in a report. */
import type { CampaignEvidence, EvidenceTopic } from './evidence.ts'

export const EVIDENCE_NAMES: Readonly<Record<EvidenceTopic, string>> = {
  violation: 'contract',
  fault: 'faults',
  power: 'checked',
  atomicity: 'atomicity',
  tears: 'tears',
  ages: 'ages',
  reordering: 'reordering',
}

const WIDTH = 14

/** One line a sentence, then one a piece of advice. */
export function evidenceLines({ sentences, advice }: CampaignEvidence): readonly string[] {
  return [
    ...sentences.map(({ about, text }) => `${EVIDENCE_NAMES[about].padEnd(WIDTH)}${text}`),
    ...advice.map(({ sentence }) => `${'not shown'.padEnd(WIDTH)}${sentence}`),
  ]
}
