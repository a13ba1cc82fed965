/** What a webhook tells: schema `plugpull.webhook/1`. Additions are welcome, removals are not. */
import { type RunFacts, factsOf } from '../../core/campaign/facts.ts'
import type { RunView } from '../../core/campaign/campaign.ts'
import type { Finding } from '../../core/finding.ts'
import type { Verdict, VerdictWord } from '../../core/verdict.ts'

export const WEBHOOK_SCHEMA = 'plugpull.webhook/1'

export const WEBHOOK_WORDS = ['violation', 'inconclusive'] as const
export type WebhookWord = (typeof WEBHOOK_WORDS)[number]

/** A verdict that somebody wants to hear of. */
export interface Notice {
  /** Wall clock, ISO 8601, UTC: when the verdict came. */
  readonly at: string
  readonly campaign: string
  readonly run: string
  /** What the run was: rig, cache mode, image, cut, host and the like; empty where its manifest does not tell. */
  readonly setup: RunFacts
  readonly number: number
  readonly verdict: VerdictWord
  readonly inconclusiveBecause: readonly string[]
  readonly contract: string
  readonly violations: Verdict['violations']
  readonly hazards: Verdict['hazards']
  readonly liedFlushes: number
  readonly lostBytes: number
  readonly worst?: Worst
}

/** The finding to look at first. */
export interface Worst extends Pick<Finding, 'kind' | 'severity' | 'lba' | 'sectors' | 'write' | 'explanation'> {
  /** Its place in the verdict, counted from 1. */
  readonly finding: number
}

export interface WebhookBody extends Notice {
  readonly schema: typeof WEBHOOK_SCHEMA
  /** The same however often it is sent: what a receiver knows a repetition by. */
  readonly id: string
  /** The run in the collector's page; absent where the collector was not told its public address. */
  readonly link?: string
  /** How many verdicts this stands for, by word, since the message before. The one told in full is the worst of them. */
  readonly stands: {
    readonly verdicts: number
    readonly violation: number
    readonly inconclusive: number
    /** When the first and the last of them came. */
    readonly from: string
    readonly to: string
  }
}

/** Violations before what is permitted, then in the order in which reports list them. */
export function worstOf(findings: readonly Finding[]): Worst | undefined {
  const violation = findings.findIndex(({ severity }) => severity === 'violation')
  const index = Math.max(0, violation)
  const found = findings[index]
  if (found === undefined) return undefined
  const { kind, severity, lba, sectors, write, explanation } = found
  return { finding: index + 1, kind, severity, lba, sectors, ...(write === undefined ? {} : { write }), explanation }
}

export function noticeOf(
  at: string,
  { campaign, manifest, cut }: Pick<RunView, 'campaign' | 'manifest' | 'cut'>,
  number: number,
  verdict: Verdict,
): Notice {
  const { run, inconclusiveBecause, contract, violations, hazards, liedFlushes, exposure, findings } = verdict
  const worst = worstOf(findings)
  return {
    at,
    campaign,
    run,
    setup: factsOf(manifest, cut),
    number,
    verdict: verdict.verdict,
    inconclusiveBecause,
    contract,
    violations,
    hazards,
    liedFlushes,
    lostBytes: exposure.lostBytes,
    ...(worst === undefined ? {} : { worst }),
  }
}

/** The message for the notices of one campaign, at least one, in the order in which they came. */
export function bodyOf(
  notices: readonly [Notice, ...Notice[]],
  counts: Readonly<Record<WebhookWord, number>>,
  publicUrl: string | undefined,
): WebhookBody {
  const [first] = notices
  const told = notices.find(({ verdict }) => verdict === 'violation') ?? first
  const last = notices.at(-1) ?? first
  const { violation, inconclusive } = counts
  return {
    schema: WEBHOOK_SCHEMA,
    id: `${told.run}-${told.number}`,
    ...told,
    ...(publicUrl === undefined ? {} : { link: linkOf(publicUrl, told) }),
    stands: { verdicts: violation + inconclusive, violation, inconclusive, from: first.at, to: last.at },
  }
}

function linkOf(publicUrl: string, { run, worst }: Notice): string {
  const finding = worst === undefined ? '' : `?finding=${worst.finding}`
  return `${publicUrl.replace(/\/+$/, '')}/runs/${run}${finding}`
}
