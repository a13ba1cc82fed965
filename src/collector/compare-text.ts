/** A comparison of two campaigns as text for a terminal. Data in, text out. */
import { COMPARED_RATES, type RateComparison, detectableCountText } from '../core/compare.ts'
import { RATE_NAMES, alignedRows, countsLine, formatP } from './report.ts'
import type { Comparison } from './report-data.ts'

export function renderComparison({ a, b, sentence, rates, comparisons, setup, warnings }: Comparison): string {
  const rows = COMPARED_RATES.map((rate) => {
    const { a: here, b: there, p, pCorrected } = rates[rate]
    return [RATE_NAMES[rate], here.text, there.text, formatP(p), formatP(pCorrected), seenAt(rates[rate])]
  })
  const head = ['share of cuts with', 'A (95 % interval)', 'B (95 % interval)', 'p', 'p corrected', 'a difference from']
  // What is above chance by itself and not in the first sentence.
  const more = COMPARED_RATES.filter((rate) => rates[rate].p < 0.05)
    .map((rate) => rates[rate].sentence)
    .filter((text) => !sentence.startsWith(text))
    .map((text) => `${text}.`)
  const lines = [
    sentence,
    ...more,
    '',
    setup,
    ...warnings.map((warning) => `Warning: ${warning}.`),
    '',
    `A  ${a.campaign}: ${countsLine(a.summary)}`,
    `B  ${b.campaign}: ${countsLine(b.summary)}`,
    '',
    ...alignedRows([head, ...rows]),
    '',
    `p: Fisher's exact test, two-sided. ${comparisons} rates were compared, so p is corrected for that (Holm), and a difference is one below 0.05.`,
  ]
  return `${lines.join('\n')}\n`
}

/** From which count on a difference would have been seen, the other campaign being as it is. */
const seenAt = ({ detectable }: RateComparison): string =>
  detectable === undefined
    ? 'none could be seen'
    : `${detectable.campaign.toUpperCase()} ${detectableCountText(detectable)}`
