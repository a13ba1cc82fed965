/** The findings of a verdict as a list: filtered, counted, one page at a time, each in brief. The story of one is elsewhere. */
import { FINDING_KINDS, type Finding, type FindingKind, type Severity } from '../../../core/finding.ts'
import type { Verdict } from '../../../core/verdict.ts'

export const FINDINGS_SCHEMA = 'plugpull.findings/1'
export const FINDINGS_PAGE_DEFAULT = 100
export const FINDINGS_PAGE_MAX = 1000

/** A finding without its sectors and bytes. `number` counts from 1 in the verdict's list, and names it in addresses. */
export type BriefFinding = Omit<
  Finding,
  'runs' | 'exhibits' | 'missingSectors' | 'boundaries' | 'boundaryAlignments'
> & { readonly number: number }

export interface FindingsQuery {
  readonly kind?: FindingKind
  readonly severity?: Severity
  /** Only findings that touch sectors from `lba` on, up to `lba + sectors`. */
  readonly lba?: number
  readonly sectors?: number
  readonly offset: number
  readonly limit: number
}

export interface FindingsPage {
  readonly schema: typeof FINDINGS_SCHEMA
  readonly run: string
  readonly verdict: number
  /** Listed in the verdict, and counted beyond those. */
  readonly listed: number
  readonly findingsOmitted: number
  /** Of the listed ones, by kind and severity: only what there is. */
  readonly counts: readonly { readonly kind: FindingKind; readonly severity: Severity; readonly count: number }[]
  /** How many the filter lets through. */
  readonly matching: number
  readonly offset: number
  readonly findings: readonly BriefFinding[]
}

export function findingsPage(verdict: Verdict, number: number, query: FindingsQuery): FindingsPage {
  const { findings, findingsOmitted, run } = verdict
  const matching = findings.flatMap((finding, i) => (matches(finding, query) ? [i] : []))
  const page = matching.slice(query.offset, query.offset + query.limit)
  return {
    schema: FINDINGS_SCHEMA,
    run,
    verdict: number,
    listed: findings.length,
    findingsOmitted,
    counts: countsOf(findings),
    matching: matching.length,
    offset: query.offset,
    findings: page.flatMap((i) => {
      const finding = findings[i]
      return finding === undefined ? [] : [briefOf(finding, i + 1)]
    }),
  }
}

function matches(finding: Finding, { kind, severity, lba, sectors = 1 }: FindingsQuery): boolean {
  if (kind !== undefined && finding.kind !== kind) return false
  if (severity !== undefined && finding.severity !== severity) return false
  return lba === undefined || (finding.lba < lba + sectors && lba < finding.lba + finding.sectors)
}

function briefOf(finding: Finding, number: number): BriefFinding {
  const { kind, severity, write, lba, sectors, issuedMs, completedMs, stableBy, ageMs, survivor, rule } = finding
  return {
    number,
    kind,
    severity,
    lba,
    sectors,
    ...(write === undefined ? {} : { write }),
    ...(issuedMs === undefined ? {} : { issuedMs }),
    ...(completedMs === undefined ? {} : { completedMs }),
    ...(stableBy === undefined ? {} : { stableBy }),
    ...(ageMs === undefined ? {} : { ageMs }),
    ...(survivor === undefined ? {} : { survivor }),
    ...(rule === undefined ? {} : { rule }),
    explanation: finding.explanation,
  }
}

function countsOf(findings: readonly Finding[]): FindingsPage['counts'] {
  const severities = ['violation', 'hazard'] as const
  const counts = new Map<string, number>()
  for (const { kind, severity } of findings) {
    const name = `${kind} ${severity}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return severities.flatMap((severity) =>
    FINDING_KINDS.flatMap((kind) => {
      const count = counts.get(`${kind} ${severity}`) ?? 0
      return count === 0 ? [] : [{ kind, severity, count }]
    }),
  )
}
