/** The figures of a campaign in the words that the command line, the reports and the page share. */
import type { CampaignSummary } from './campaign.ts'
import type { Compared } from './compare.ts'
import { counted, formatCount } from '../size.ts'

export const RATE_NAMES: Readonly<Record<Compared, string>> = {
  violation: 'contract broken',
  lost: 'writes lost',
  torn: 'writes torn',
  reordered: 'writes reordered',
}

/** `20 runs: 18 held, 2 violation, 0 inconclusive, 1 not verified`. */
export function countsLine(summary: CampaignSummary): string {
  const { runs, verified, held, violation, inconclusive, withoutCut } = summary
  const open = runs - verified
  const words = [
    `${formatCount(held)} held`,
    `${formatCount(violation)} violation`,
    `${formatCount(inconclusive)} inconclusive`,
  ]
  if (withoutCut !== undefined) words.push(`${formatCount(withoutCut.runs)} without a cut`)
  return `${counted(runs, 'run')}: ${words.join(', ')}${open === 0 ? '' : `, ${formatCount(open)} not verified`}`
}

export const formatP = (p: number): string => (p < 0.0001 ? 'below 0.0001' : p.toFixed(4))
