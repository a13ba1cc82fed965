/** The documents behind the run view, as docs/HTTP-API.md has them, and their addresses. */
import type { Finding, FindingKind, Severity } from '../../../src/core/finding.ts'
import type { Explanation } from '../../../src/core/telling/explanation.ts'

/** `/v1/runs/RUN` and what follows. */
export const runPath = (run: string, rest = ''): string => `/v1/runs/${encodeURIComponent(run)}${rest}`

export type BriefFinding = Pick<
  Finding,
  'kind' | 'severity' | 'write' | 'lba' | 'sectors' | 'stableBy' | 'ageMs' | 'survivor' | 'rule' | 'explanation'
> & { readonly number: number }

export interface FindingsPage {
  readonly run: string
  readonly verdict: number
  readonly listed: number
  readonly findingsOmitted: number
  readonly counts: readonly { readonly kind: FindingKind; readonly severity: Severity; readonly count: number }[]
  readonly matching: number
  readonly offset: number
  readonly findings: readonly BriefFinding[]
}

export interface Story extends Explanation {
  readonly reproduction: {
    readonly command: string
    readonly start?: { readonly what: string; readonly statements: number; readonly script: string }
  }
}
