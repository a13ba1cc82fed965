/**
 * Two campaigns held against each other: which of four shares of cuts differ, what that means in a sentence, how large a
 * difference could have been seen, and what keeps the comparison from saying it (docs/MODEL.md, "Over a campaign").
 */
import type { CampaignView } from './campaign.ts'
import { mixedFaultsText } from './faults.ts'
import { type SetupDifference, facetName, setupDifferences } from './setup-differences.ts'
import { counted, formatCount } from '../size.ts'
import { type Proportion, detectableCount, fisherExact, holm } from '../statistics.ts'

export const COMPARED_RATES = ['violation', 'lost', 'torn', 'reordered'] as const
export type Compared = (typeof COMPARED_RATES)[number]

export interface RateComparison {
  readonly a: Proportion
  readonly b: Proportion
  /** Of Fisher's exact test, two-sided. */
  readonly p: number
  /** The same, corrected for the number of comparisons (Holm). A difference is one where this is below 0.05. */
  readonly pCorrected: number
  readonly differs: boolean
  /** What it would have taken of one campaign, given the other, to be a difference in this rate alone: `count` of its cuts, or beyond. */
  readonly detectable?: {
    readonly campaign: 'a' | 'b'
    readonly count: number
    readonly of: number
    /** Beyond is above; else below. */
    readonly orMore: boolean
  }
  readonly sentence: string
}

export const COMPARE_SCHEMA = 'plugpull.compare/1'

/** The comparison as a document: what `plugpull compare --json` and the collector answer. */
export interface Comparison extends CampaignComparison {
  readonly schema: typeof COMPARE_SCHEMA
}

export interface CampaignComparison {
  readonly a: CampaignView
  readonly b: CampaignView
  /** The one sentence that a person needs. */
  readonly sentence: string
  readonly rates: Readonly<Record<Compared, RateComparison>>
  /** Rates that had a cut in both campaigns. */
  readonly comparisons: number
  readonly differences: readonly SetupDifference[]
  /** What the campaigns were, and which of that differs. */
  readonly setup: string
  /** What weakens the comparison. */
  readonly warnings: readonly string[]
}

const DIFFERS_BELOW = 0.05

const DOES: Readonly<Record<Compared, string>> = {
  violation: 'breaks its contract',
  lost: 'loses writes',
  torn: 'tears writes',
  reordered: 'reorders writes',
}

const NOUN: Readonly<Record<Compared, string>> = {
  violation: 'broken contracts',
  lost: 'lost writes',
  torn: 'torn writes',
  reordered: 'reordered writes',
}

/** The two-sided p of one rate. */
export const pOf = (here: CampaignView['summary'], there: CampaignView['summary'], rate: Compared): number =>
  fisherExact(here.rates[rate], there.rates[rate])

export function compareCampaigns(a: CampaignView, b: CampaignView): CampaignComparison {
  const compared = COMPARED_RATES.filter((rate) => a.summary.rates[rate].of > 0 && b.summary.rates[rate].of > 0)
  const corrected = holm(compared.map((rate) => pOf(a.summary, b.summary, rate)))
  const comparison = (rate: Compared): RateComparison =>
    compareRate(a, b, rate, corrected[compared.indexOf(rate)] ?? 1, compared.length)
  const rates = {
    violation: comparison('violation'),
    lost: comparison('lost'),
    torn: comparison('torn'),
    reordered: comparison('reordered'),
  }
  const differences = setupDifferences(a.setup ?? {}, b.setup ?? {})
  return {
    a,
    b,
    sentence: overall(a, b, rates, compared.length),
    rates,
    comparisons: compared.length,
    differences,
    setup: setupSentence(a, b, differences),
    warnings: warningsOf(a, b, differences),
  }
}

/** The same as a document. */
export const comparisonOf = (a: CampaignView, b: CampaignView): Comparison => ({
  schema: COMPARE_SCHEMA,
  ...compareCampaigns(a, b),
})

const shareOf = ({ count, of }: Proportion): number => (of === 0 ? 0 : count / of)

function compareRate(
  a: CampaignView,
  b: CampaignView,
  rate: Compared,
  pCorrected: number,
  comparisons: number,
): RateComparison {
  const here = a.summary.rates[rate]
  const there = b.summary.rates[rate]
  const p = pOf(a.summary, b.summary, rate)
  const isOfB = shareOf(here) <= shareOf(there)
  const [from, other] = isOfB ? [here, there] : [there, here]
  const count = detectableCount(from, other.of, Math.max(1, comparisons))
  const result = {
    a: here,
    b: there,
    p,
    pCorrected,
    differs: pCorrected < DIFFERS_BELOW,
    ...(count === undefined
      ? {}
      : {
          detectable: {
            campaign: isOfB ? 'b' : 'a',
            count,
            of: other.of,
            orMore: count / other.of > shareOf(from),
          } as const,
        }),
  }
  return { ...result, sentence: sentenceOf(a.campaign, b.campaign, rate, result, comparisons) }
}

const cutsOf = ({ count, of }: Proportion): string => `${formatCount(count)} of ${counted(of, 'cut')}`

function sentenceOf(
  a: string,
  b: string,
  rate: Compared,
  result: Omit<RateComparison, 'sentence'>,
  comparisons: number,
): string {
  const { a: here, b: there, p, differs } = result
  if (here.of === 0 || there.of === 0) {
    const silent = here.of === 0 ? a : b
    const lacking = rate === 'violation' ? 'could acquit or convict' : 'was read in full'
    return `${NOUN[rate]} cannot be compared: ${silent} has no cut that ${lacking}`
  }
  const isA = shareOf(here) > shareOf(there)
  const [worse, better, more, fewer] = isA ? [a, b, here, there] : [b, a, there, here]
  const counts = `${cutsOf(more)} against ${formatCount(fewer.count)} of ${formatCount(fewer.of)}`
  if (differs) return `${worse} ${DOES[rate]} more often than ${better}: ${counts}; ${chanceOf(p)}`
  if (p < DIFFERS_BELOW)
    return `${worse} may show more ${NOUN[rate]} than ${better}: ${counts}; ${chanceOf(p)}, and among ${comparisons} comparisons that is not enough to call it a difference`
  return `no difference in ${NOUN[rate]} was shown: ${cutsOf(here)} against ${formatCount(there.count)} of ${formatCount(there.of)}; ${detectableText(a, b, result.detectable)}`
}

function chanceOf(p: number): string {
  const pairs = p < 0.0001 ? 'fewer than 1 in 10,000' : `about 1 in ${formatCount(Math.round(1 / p))}`
  return `a difference this large would come by chance in ${pairs} pairs of such campaigns`
}

/** `5 of 6 or more`. */
export function detectableCountText({ count, of, orMore }: NonNullable<RateComparison['detectable']>): string {
  const isExtreme = count === (orMore ? of : 0)
  const beyond = orMore ? ' or more' : ' or fewer'
  return `${formatCount(count)} of ${formatCount(of)}${isExtreme ? '' : beyond}`
}

function detectableText(a: string, b: string, detectable: RateComparison['detectable']): string {
  if (detectable === undefined) return 'with so few cuts none could have been seen'
  return `it would have taken ${detectableCountText(detectable)} of ${detectable.campaign === 'a' ? a : b}`
}

const doing = (rates: readonly Compared[]): string => rates.map((rate) => DOES[rate]).join(' and ')

/** What differs, worst first; and where nothing does, what could have been seen. */
function overall(a: CampaignView, b: CampaignView, rates: CampaignComparison['rates'], comparisons: number): string {
  const differing = COMPARED_RATES.filter((rate) => rates[rate].differs)
  const [first, ...more] = differing
  if (first === undefined) return nothingShown(a, b, rates, comparisons)
  const isWorseA = (rate: Compared): boolean => shareOf(rates[rate].a) > shareOf(rates[rate].b)
  const alike = more.filter((rate) => isWorseA(rate) === isWorseA(first))
  const against = more.filter((rate) => isWorseA(rate) !== isWorseA(first))
  const rest = [
    ...(alike.length === 0 ? [] : [`It also ${doing(alike)} more often.`]),
    ...(against.length === 0 ? [] : [`But ${isWorseA(first) ? b.campaign : a.campaign} ${doing(against)} more often.`]),
  ]
  return [`${rates[first].sentence}.`, ...rest].join(' ')
}

function nothingShown(
  a: CampaignView,
  b: CampaignView,
  rates: CampaignComparison['rates'],
  comparisons: number,
): string {
  const most = COMPARED_RATES.map((rate) => [rates[rate].a.of, rates[rate].b.of] as const).reduce((best, pair) =>
    Math.min(...pair) > Math.min(...best) ? pair : best,
  )
  const [ofA, ofB] = most
  const no = `No difference between ${a.campaign} and ${b.campaign} was shown`
  if (ofA === 0 || ofB === 0) return `${no}: they have no cuts of which the same could be told.`
  const inB = shareText(detectableCount({ count: 0, of: ofA }, ofB, comparisons), ofB)
  const inA = shareText(detectableCount({ count: 0, of: ofB }, ofA, comparisons), ofA)
  const cuts = ofA === ofB ? `${counted(ofA, 'cut')} each` : `${formatCount(ofA)} and ${counted(ofB, 'cut')}`
  if (inA === undefined && inB === undefined)
    return `${no}: with ${cuts} not even a difference from 0 % to 100 % would have been seen.`
  const shares =
    ofA === ofB
      ? `0 % to ${inB}`
      : [
          ...(inB === undefined ? [] : [`0 % in ${a.campaign} to ${inB} in ${b.campaign}`]),
          ...(inA === undefined ? [] : [`0 % in ${b.campaign} to ${inA} in ${a.campaign}`]),
        ].join(' or from ')
  return `${no}: with ${cuts} only a difference from ${shares} would have been seen.`
}

function shareText(count: number | undefined, of: number): string | undefined {
  if (count === undefined) return undefined
  return count === of ? '100 %' : `about ${Math.round((100 * count) / of)} % or more`
}

function setupSentence(a: CampaignView, b: CampaignView, differences: readonly SetupDifference[]): string {
  if (a.setup === undefined || b.setup === undefined) return 'What the campaigns were is not known.'
  const [only, ...more] = differences
  if (only === undefined) return 'They were set up alike, as far as their runs tell.'
  if (more.length === 0) return `They differ in ${differenceText(only)} alone, as far as their runs tell.`
  return `They differ in ${differences.length} things: ${differences.map(differenceText).join('; ')}.`
}

const VALUES_TOLD = 4
/** A script can be long. */
const VALUE_CHARS_TOLD = 60

const differenceText = ({ facet, a, b }: SetupDifference): string =>
  `${facetName(facet)} (${told(a)} against ${told(b)})`

function told(values: readonly string[]): string {
  if (values.length === 0) return 'none'
  const short = values
    .slice(0, VALUES_TOLD)
    .map((value) => (value.length <= VALUE_CHARS_TOLD ? value : `${value.slice(0, VALUE_CHARS_TOLD)}…`))
  return [...short, ...(values.length > VALUES_TOLD ? ['…'] : [])].join(' and ')
}

/** Where one campaign checked so many times what the other did, it had other chances to convict. */
const POWER_RATIO = 4

function warningsOf(a: CampaignView, b: CampaignView, differences: readonly SetupDifference[]): readonly string[] {
  const warnings = [a, b].flatMap(({ campaign, summary: { runs, held, violation, withoutCut } }) => {
    const open = runs - held - violation - (withoutCut?.runs ?? 0)
    return open === 0
      ? []
      : [
          `${counted(open, 'run')} of ${campaign} ${open === 1 ? 'is' : 'are'} inconclusive or not verified: such a run says nothing of the contract, and of losses only where it was read in full`,
        ]
  })
  for (const { campaign, summary } of [a, b]) {
    const uncut = summary.withoutCut?.runs ?? 0
    if (uncut > 0)
      warnings.push(`${counted(uncut, 'run')} of ${campaign} without a cut ${uncut === 1 ? 'is' : 'are'} left out`)
  }
  for (const { campaign, setup } of [a, b]) {
    const mixed = mixedFaultsText(setup ?? {})
    if (mixed !== undefined) warnings.unshift(`in ${campaign} ${mixed}`)
  }
  if (differences.length > 1)
    warnings.unshift('more than one thing differs, so a difference cannot be laid to any one of them')
  return [...warnings, ...promiseWarning(a, b), ...powerWarning(a, b)]
}

function promiseWarning(a: CampaignView, b: CampaignView): readonly string[] {
  const [here, there] = [a, b].map(({ summary }) =>
    Object.keys(summary.measures?.contracts ?? {})
      .toSorted()
      .join(' and '),
  )
  if (here === undefined || there === undefined || here === '' || there === '' || here === there) return []
  return [
    `they were judged by different contracts (${here} against ${there}): a broken contract is not the same thing in both`,
  ]
}

function powerWarning(a: CampaignView, b: CampaignView): readonly string[] {
  const [here, there] = [a, b].map(({ summary: { measures } }) =>
    measures === undefined ? Number.NaN : measures.checked.stableSectors - measures.checked.supersededSectors,
  )
  if (here === undefined || there === undefined || !(Math.max(here, there) >= POWER_RATIO * Math.min(here, there)))
    return []
  if (here === there) return []
  const [more, less] = here > there ? [a, b] : [b, a]
  const most = formatCount(Math.max(here, there))
  const least = formatCount(Math.min(here, there))
  return [
    `${more.campaign} checked ${most} stable sectors that could convict, ${less.campaign} only ${least}: it had fewer chances to be convicted`,
  ]
}
