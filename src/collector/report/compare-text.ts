/** A comparison of two campaigns as text for a terminal. Data in, text out. */
import {
  COMPARED_RATES,
  type Comparison,
  type RateComparison,
  detectableCountText,
} from '../../core/campaign/compare.ts'
import { counted } from '../../core/size.ts'
import { RATE_BOUNDS, rateText } from '../../core/statistics.ts'
import { RATE_NAMES, countsLine, formatP } from '../../core/campaign/words.ts'
import { alignedRows } from './text.ts'

export function renderComparison({ a, b, sentence, rates, comparisons, setup, warnings }: Comparison): string {
  const rows = COMPARED_RATES.map((rate) => {
    const { a: here, b: there, p, pCorrected } = rates[rate]
    return [RATE_NAMES[rate], rateText(here), rateText(there), formatP(p), formatP(pCorrected), seenAt(rates[rate])]
  })
  const head = ['share of cuts with', 'A', 'B', 'p', 'p corrected', 'a difference from']
  const nearly = COMPARED_RATES.filter((rate) => rates[rate].p < 0.05 && !rates[rate].differs)
  const lines = [
    sentence,
    ...nearly.map((rate) => `${rates[rate].sentence}.`),
    '',
    setup,
    ...warnings.map((warning) => `Warning: ${warning}.`),
    '',
    `A  ${a.campaign}: ${countsLine(a.summary)}`,
    `B  ${b.campaign}: ${countsLine(b.summary)}`,
    '',
    ...alignedRows([head, ...rows]),
    '',
    `A, B: ${RATE_BOUNDS}.`,
    `p: Fisher's exact test, two-sided. ${counted(comparisons, 'rate was', 'rates were')} compared, so p is corrected for that (Holm), and a difference is one below 0.05.`,
  ]
  return `${lines.join('\n')}\n`
}

/** From which count on a difference would have been seen, the other campaign being as it is. */
const seenAt = ({ detectable }: RateComparison): string =>
  detectable === undefined
    ? 'none could be seen'
    : `${detectable.campaign.toUpperCase()} ${detectableCountText(detectable)}`
