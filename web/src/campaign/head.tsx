/** What the campaign supports, in words, before any figure; and the ways to take it along. */
import type { ComponentChild } from 'preact'
import type { CampaignSummary } from '../../../src/core/campaign/campaign.ts'
import { COMPARED_RATES } from '../../../src/core/campaign/compare.ts'
import { countsLine, RATE_NAMES } from '../../../src/core/campaign/words.ts'
import { addressOf } from '../base.ts'
import { Rate, type RateTone } from '../components/rate.tsx'
import { type State, Word } from '../components/word.tsx'
import { asSentence, type CampaignAnswer, sentenceOn } from './types.ts'
import { campaignAddress } from './use-campaign.ts'

export function Head({ answer: { summary, evidence } }: { readonly answer: CampaignAnswer }): ComponentChild {
  const contract = sentenceOn(evidence, 'violation')
  const faults = sentenceOn(evidence, 'fault')
  const power = sentenceOn(evidence, 'power')
  return (
    <section aria-label="What it supports" class="campaign-head">
      <p class="lead">
        <Word state={stateOf(summary)} /> {contract === undefined ? '' : asSentence(contract)}
      </p>
      {faults === undefined ? null : <p class="caution">{asSentence(faults)}</p>}
      <p class="muted">{countsLine(summary)}.</p>
      <dl class="rate-list">
        {COMPARED_RATES.map((rate) => (
          <div key={rate}>
            <dt>{RATE_NAMES[rate]}</dt>
            <dd>
              <Rate rate={summary.rates[rate]} tone={toneOf(rate)} />
            </dd>
          </div>
        ))}
      </dl>
      {power === undefined ? null : <p>{asSentence(power)}</p>}
    </section>
  )
}

const toneOf = (rate: string): RateTone => (rate === 'violation' ? 'violation' : 'hazard')

function stateOf({ held, violation, inconclusive, rates }: CampaignSummary): State {
  if (violation > 0) return 'violation'
  if (rates.lost.count + rates.torn.count + rates.reordered.count > 0) return 'hazard'
  if (held > 0) return 'held'
  return inconclusive > 0 ? 'inconclusive' : 'none'
}

const FORMATS = [
  ['html', 'HTML'],
  ['markdown', 'Markdown'],
  ['junit', 'JUnit'],
  ['jsonl', 'JSON lines'],
  ['csv', 'CSV'],
] as const

export function Downloads({ campaign }: { readonly campaign: string }): ComponentChild {
  return (
    <p class="downloads">
      <span class="muted">Report as</span>
      {FORMATS.map(([format, name]) => (
        <a key={format} href={addressOf(`${campaignAddress(campaign)}/report?format=${format}`)} download>
          {name}
        </a>
      ))}
    </p>
  )
}
