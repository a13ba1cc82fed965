/**
 * What a campaign of the loop is as data: its cycles, its positive control, and the one word for all of it.
 * The arithmetic over verdicts is core/campaign/campaign.ts; wording is campaign-report.ts.
 */
import { type CampaignSummary, type CutRecord, summarise } from '../core/campaign/campaign.ts'
import { type CampaignEvidence, evidenceOf } from '../core/campaign/evidence.ts'
import type { Manifest, TargetFacts } from '../core/manifest.ts'
import { type RunSetup, countSetups } from '../core/campaign/setup.ts'
import { EXIT } from '../core/errors.ts'
import { type Proportion, proportion } from '../core/statistics.ts'
import { type Verdict, type VerdictWord, exitStatusOf } from '../core/verdict.ts'

export const CAMPAIGN_SCHEMA = 'plugpull.campaign/1'

/** What the guest was told about the disk's cache: the ground of the contract, to be held against the documents. */
export type Told = Pick<TargetFacts, 'kind' | 'writeCache' | 'fua' | 'logicalBlockBytes' | 'driver'>

/** The part of a manifest that says what the guest was told. */
export function toldOf({ target }: Manifest): Told {
  const { kind, writeCache, fua, logicalBlockBytes, driver } = target
  return {
    kind,
    logicalBlockBytes,
    ...(writeCache === undefined ? {} : { writeCache }),
    ...(fua === undefined ? {} : { fua }),
    ...(driver === undefined ? {} : { driver }),
  }
}

/** One run, cut and verification. */
export interface CycleResult {
  readonly cycle: number
  readonly run: string
  /** Given as `--seed`, the loop's first cycle has this very workload and moment of the cut. */
  readonly seed: string
  readonly cutAfterMs: number
  readonly word: VerdictWord
  readonly cut?: CutRecord
  readonly told?: Told
  /** What the run was, facet by facet; absent in records of an earlier version. */
  readonly setup?: RunSetup
  readonly verdict?: Verdict
  /** Why there is no verdict, or why it must not be relied on; with the last words of whatever failed. */
  readonly problem?: string
  readonly note?: string
  /** Where `--keep` put image, log and verdict. */
  readonly keptIn?: string
}

/** The liar that had to be caught, and whether it was. */
export interface ControlResult {
  readonly rig: string
  readonly image: string
  readonly cut: string
  readonly cache: string
  readonly fault?: string
  readonly why: string
  readonly caught: boolean
  readonly cycles: readonly CycleResult[]
}

export interface LoopSummary extends Omit<CampaignSummary, 'runs' | 'verified' | 'rates'> {
  readonly cycles: number
  readonly verified: number
  readonly rates: CampaignSummary['rates'] & { readonly inconclusive: Proportion }
}

/** A campaign of the loop: schema `plugpull.campaign/1`. Additions are welcome, removals are not. */
export interface CampaignResult {
  readonly schema: typeof CAMPAIGN_SCHEMA
  readonly campaign: string
  readonly verdict: VerdictWord
  /** Why the campaign proves nothing; empty unless `inconclusive`. */
  readonly inconclusiveBecause: readonly string[]
  readonly rig: string
  readonly image: string
  readonly cache: string
  readonly cut: string
  /** The lie that the rig was asked for, if any. */
  readonly fault?: string
  readonly seed: string
  readonly cycles: readonly CycleResult[]
  readonly summary: LoopSummary
  /** What the figures support. */
  readonly evidence: CampaignEvidence
  readonly positiveControl?: ControlResult
}

/** The head of a campaign: what was asked for. */
export type CampaignHead = Pick<CampaignResult, 'campaign' | 'rig' | 'image' | 'cache' | 'cut' | 'fault' | 'seed'>

/** Cycles and control to the campaign's result. A violation outweighs all; a control that was not caught undoes an acquittal. */
export function campaignOf(
  head: CampaignHead,
  cycles: readonly CycleResult[],
  control?: ControlResult,
): CampaignResult {
  const reasons: string[] = []
  const unclear = cycles.filter(({ word }) => word === 'inconclusive').length
  if (cycles.length === 0) reasons.push('no cycle was run')
  if (unclear > 0) reasons.push(`${unclear} of ${cycles.length} cycles are inconclusive`)
  if (control?.caught === false) reasons.push(`the positive control was not caught: ${control.why}`)
  const violated = cycles.some(({ word }) => word === 'violation')
  const summary = summaryOf(cycles)
  const verdict = violated ? 'violation' : reasons.length > 0 ? 'inconclusive' : 'held'
  return {
    schema: CAMPAIGN_SCHEMA,
    ...head,
    verdict,
    inconclusiveBecause: verdict === 'inconclusive' ? reasons : [],
    cycles,
    summary,
    evidence: evidenceOf(
      summary,
      countSetups(cycles.filter(isTrusted).flatMap(({ setup }) => (setup === undefined ? [] : [setup]))),
    ),
    ...(control === undefined ? {} : { positiveControl: control }),
  }
}

const isTrusted = ({ problem }: CycleResult): boolean => problem === undefined

function summaryOf(cycles: readonly CycleResult[]): LoopSummary {
  const trusted = cycles
    .filter(isTrusted)
    .flatMap(({ verdict, cut }) => (verdict === undefined ? [] : [{ ...verdict, cut }]))
  const { runs, ...rest } = summarise(cycles.length, trusted)
  const inconclusive = cycles.filter(({ word }) => word === 'inconclusive').length
  return { cycles: runs, ...rest, inconclusive, rates: { ...rest.rates, inconclusive: proportion(inconclusive, runs) } }
}

/** Exit status of the loop: the worst of all. */
export const campaignExitStatus = (result: CampaignResult): number =>
  result.verdict === 'held' ? EXIT.held : exitStatusOf(result.verdict)
