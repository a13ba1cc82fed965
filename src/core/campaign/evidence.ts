/**
 * What a campaign's figures support, in sentences for people: what is excluded, what was really checked, and how the disk
 * lost, tore and reordered (docs/MODEL.md, "Over a campaign"). Nothing is said of what was not measured.
 */
import { type Advice, adviceFor } from './advice.ts'
import type { CampaignSummary } from './campaign.ts'
import { type CampaignMeasures, type CampaignUnitCounts, isWriteThrough } from './campaign-measures.ts'
import { type Spread, boundOfShare, totalOf } from '../histogram.ts'
import { mixedFaultsText } from './faults.ts'
import { UNIT_BYTES_MAX } from '../measures.ts'
import { type CampaignSetup, valuesOf } from './setup.ts'
import { counted, formatBytes, formatCount, formatMs, formatPercent, parseSize } from '../size.ts'
import { excludedAbove } from '../statistics.ts'
import { SECTOR_BYTES } from '../units.ts'

export type EvidenceTopic = 'violation' | 'fault' | 'power' | 'atomicity' | 'tears' | 'ages' | 'reordering'

export interface CampaignEvidence {
  /** Where nothing was violated: higher rates of violation are excluded at 95 % confidence. */
  readonly violationRateExcludedAbove?: number
  readonly atomicity?: Atomicity
  readonly sentences: readonly { readonly about: EvidenceTopic; readonly text: string }[]
  /** What keeps the campaign from having seen a fault. */
  readonly advice: readonly Advice[]
}

/** The largest aligned unit within which no write was torn, though one larger than half of it was at risk; and the smallest that tore. */
export interface Atomicity {
  readonly untorn?: { readonly bytes: number; readonly excludedAbove: number } & CampaignUnitCounts
  readonly torn?: { readonly bytes: number } & CampaignUnitCounts
}

export type EvidenceSummary = Pick<
  CampaignSummary,
  'held' | 'violation' | 'inconclusive' | 'withoutCut' | 'rates' | 'measures'
>

/** What the figures of a campaign support. `setup`: what its runs were, where that is known. */
export function evidenceOf(summary: EvidenceSummary, setup: CampaignSetup = {}): CampaignEvidence {
  const { held, violation, measures } = summary
  const atomicity = measures === undefined ? undefined : atomicityOf(measures)
  const texts: readonly (readonly [EvidenceTopic, string | undefined])[] = [
    ['violation', violationSentence(summary) + withoutCutText(summary)],
    ['fault', mixedFaultsText(setup)],
    ...(measures === undefined
      ? []
      : ([
          ['power', powerSentence(measures, held + violation + summary.inconclusive)],
          ['atomicity', atomicity && atomicitySentence(atomicity)],
          ['tears', tearsSentence(measures, setup)],
          ['ages', agesSentence(measures.lostAgesMs)],
          ['reordering', reorderingSentence(measures.reordered)],
        ] as const)),
  ]
  return {
    ...(held > 0 && violation === 0 ? { violationRateExcludedAbove: excludedAbove(held) } : {}),
    ...(atomicity === undefined ? {} : { atomicity }),
    sentences: texts.flatMap(([about, text]) => (text === undefined ? [] : [{ about, text }])),
    advice: adviceFor(summary, setup),
  }
}

function violationSentence({ held, violation, rates }: EvidenceSummary): string {
  if (violation > 0) {
    const { low, high } = rates.violation
    return `violated in ${formatCount(violation)} of ${counted(held + violation, 'cut')}: the violation rate lies between ${formatPercent(low)} and ${formatPercent(high)} at 95 % confidence`
  }
  if (held === 0) return 'no cut could acquit or convict, so no violation rate is excluded'
  return `held in ${counted(held, 'cut')}: a violation rate above ${formatPercent(excludedAbove(held))} is excluded at 95 % confidence`
}

/** Without a cut nothing was at risk, and nothing is shown of what a cut does. */
function withoutCutText({ withoutCut }: EvidenceSummary): string {
  if (withoutCut === undefined) return ''
  const { runs, violation } = withoutCut
  const violated = violation === 0 ? '' : `, ${formatCount(violation)} of them violated`
  return `; ${counted(runs, 'run')} without a cut left out${violated}`
}

function powerSentence(measures: CampaignMeasures, verified: number): string {
  const { checked, cutsWith, runs } = measures
  const share = checked.stableSectors === 0 ? 0 : checked.supersededSectors / checked.stableSectors
  const superseded = share === 0 ? 'none' : formatPercent(share)
  const atRisk = isWriteThrough(measures) ? '' : `complete writes in ${formatCount(cutsWith.completeWrites)} and `
  const older = verified - runs
  const left = older > 0 ? `; ${counted(older, 'verdict')} of an earlier version left out` : ''
  return `${counted(checked.stableSectors, 'stable sector')}, ${superseded} of them superseded; at risk ${atRisk}a write in flight in ${formatCount(cutsWith.inFlightWrites)} of ${counted(runs, 'cut')}${left}`
}

/** `undefined` where no tear could have been seen. */
export function atomicityOf({ atomicity }: CampaignMeasures): Atomicity | undefined {
  const units = Object.entries(atomicity)
    .map(([bytes, counts]) => ({ bytes: Number(bytes), ...counts }))
    .toSorted((a, b) => a.bytes - b.bytes)
  const torn = units.find((unit) => unit.torn > 0)
  const untorn = units
    .filter(({ bytes, filling }) => filling > 0 && bytes <= UNIT_BYTES_MAX && bytes < (torn?.bytes ?? Infinity))
    .at(-1)
  if (torn === undefined && untorn === undefined) return undefined
  return {
    ...(untorn === undefined ? {} : { untorn: { ...untorn, excludedAbove: excludedAbove(untorn.fillingCuts) } }),
    ...(torn === undefined ? {} : { torn }),
  }
}

/** With fewer cuts a bound says nothing: as for 0 in n. */
const TELLING_CUTS_MIN = 4

function atomicitySentence({ untorn, torn }: Atomicity): string | undefined {
  if (untorn === undefined) {
    if (torn === undefined) return undefined
    if (torn.bytes === SECTOR_BYTES) return `none: ${tornText(torn, 'of a single sector')}`
    return `none: ${tornText(torn, `inside ${unitName(torn.bytes)}`)}; nothing smaller was there to tell`
  }
  const large = untorn.filling === untorn.exposed ? '' : `, ${formatCount(untorn.filling)} larger than half of that`
  const ground = `${counted(untorn.exposed, 'such write')} at risk${large}, in ${counted(untorn.fillingCuts, 'cut')}: ${fateOf(untorn)}`
  const bound =
    untorn.fillingCuts < TELLING_CUTS_MIN
      ? 'too few cuts to exclude a share of them that tear'
      : `tears in more than ${formatPercent(untorn.excludedAbove)} of such cuts are excluded`
  const beyond = torn === undefined ? '' : `; ${tornText(torn, `that reach across, inside ${unitName(torn.bytes)}`)}`
  return `nothing inside an aligned ${formatBytes(untorn.bytes)} tore (${ground}; ${bound})${beyond}`
}

/** A write that is found torn counts also where it was stable, and so not at risk. */
const tornText = ({ exposed, torn }: CampaignUnitCounts, which: string): string =>
  `of ${counted(exposed, 'write')} ${which}, at risk or found torn, ${formatCount(torn)} tore`

const unitName = (bytes: number): string =>
  bytes > UNIT_BYTES_MAX ? `more than an aligned ${formatBytes(UNIT_BYTES_MAX)}` : `an aligned ${formatBytes(bytes)}`

function fateOf({ exposed, whole }: CampaignUnitCounts): string {
  if (whole === exposed) return 'all kept, and a cut that takes nothing away tears nothing'
  if (whole === 0) return 'all lost whole, and none shows what becomes of one that is kept'
  return `${formatCount(whole)} kept, ${formatCount(exposed - whole)} lost whole`
}

const CLASSES_TOLD = 4

function tearsSentence({ tears }: CampaignMeasures, setup: CampaignSetup): string | undefined {
  const writes = totalOf(tears.writeSizes)
  if (writes === 0) return undefined
  const classes = Object.entries(tears.alignments).toSorted((a, b) => b[1] - a[1])
  const told = classes.slice(0, CLASSES_TOLD).map(([bytes, count]) => `${formatCount(count)} ${alignmentName(bytes)}`)
  const rest = totalOf(Object.fromEntries(classes.slice(CLASSES_TOLD)))
  const sizes = Object.entries(tears.writeSizes).map(
    ([bytes, count]) => `${formatCount(count)} of up to ${formatBytes(Number(bytes))}`,
  )
  const boundaries = [...told, ...(rest > 0 ? [`${formatCount(rest)} at others`] : [])].join(', ')
  const unlocated =
    tears.unlocated === 0 ? [] : [`${formatCount(tears.unlocated)} torn where later writes cover the boundary`]
  const grid = gridText(Math.min(...Object.keys(tears.alignments).map(Number)), setup)
  return [
    sizes.length === 1
      ? `${counted(writes, 'write')} of up to ${formatBytes(Number(Object.keys(tears.writeSizes)[0]))}`
      : `${counted(writes, 'write')} (${sizes.join(', ')})`,
    ...(boundaries === '' ? [] : [`boundaries: ${boundaries}${grid}`]),
    ...unlocated,
  ].join('; ')
}

function alignmentName(bytes: string): string {
  if (bytes === '0') return 'inside a sector'
  const more = Number(bytes) === UNIT_BYTES_MAX ? ' or more' : ''
  return `aligned to ${formatBytes(Number(bytes))}${more}`
}

/** QCOW2 with extended L2 entries keeps 32 subclusters a cluster. */
const SUBCLUSTERS = 32

/** What all boundaries have in common: the clusters or subclusters of the image, where they do. */
function gridText(finestBytes: number, setup: CampaignSetup): string {
  const images = valuesOf(setup, 'image')
  const [cluster, ...others] = valuesOf(setup, 'clusterSize')
  if (cluster === undefined || others.length > 0 || !images.every((image) => image.startsWith('qcow2'))) return ''
  const clusterBytes = parseSize(cluster.replace(' ', ''), 'clusterSize')
  const subclusterBytes = images.every((image) => image.includes('extl2')) ? clusterBytes / SUBCLUSTERS : Infinity
  if (finestBytes >= clusterBytes) return `, all of them between clusters of ${cluster}`
  return finestBytes >= subclusterBytes
    ? `, all of them between subclusters of ${formatBytes(subclusterBytes)} (${SUBCLUSTERS} a cluster)`
    : ''
}

function agesSentence(ages: Spread): string | undefined {
  const writes = totalOf(ages.classes)
  if (writes === 0) return undefined
  if (writes === 1) return `the complete write that was lost or torn was ${formatMs(ages.most)} old`
  const atMost = (share: number): string => formatMs(boundOfShare(ages, share))
  return `of ${formatCount(writes)} complete writes lost or torn half were at most ${atMost(0.5)} old and 95 % at most ${atMost(0.95)}, as the bounds of their classes (1, 2, 5, 10 … ms) tell; the oldest was ${formatMs(ages.most)}`
}

function reorderingSentence({ writesAhead, msAhead }: CampaignMeasures['reordered']): string | undefined {
  const writes = totalOf(writesAhead.classes)
  if (writes === 0) return undefined
  const half = `${formatCount(boundOfShare(writesAhead, 0.5))} writes and ${formatMs(boundOfShare(msAhead, 0.5))}`
  const most = `${formatCount(writesAhead.most)} writes, ${formatMs(msAhead.most)}`
  return `${counted(writes, 'write is', 'writes are')} missing behind a later one that survived: half by at most ${half}, the furthest ${most}`
}
