/** The verdict on an image that does not open: nothing that was promised can be read back, and no sector need be looked at. */
import type { Finding } from '../core/finding.ts'
import type { History } from '../core/history.ts'
import type { Verdict } from '../core/verdict.ts'

/** `unread` is the judge's verdict without a single range. */
export function verdictOnUnopenable(unread: Verdict, history: History, path: string, why: string): Verdict {
  const { lba, sectors } = history.plan.spec.region
  const finding: Finding = {
    kind: 'unreadable',
    severity: 'violation',
    lba,
    sectors,
    missingSectors: [],
    boundaries: [],
    boundaryAlignments: [],
    runs: [{ index: 0, sectors, state: 'unknown', found: { kind: 'unreadable', errno: 'IMAGE' } }],
    rule: 'image-does-not-open',
    explanation: `The image ${path} does not open, so nothing in it can be read: ${why}`,
  }
  return {
    ...unread,
    verdict: 'violation',
    inconclusiveBecause: [],
    consistentWith: [],
    violations: { ...unread.violations, unreadable: sectors },
    findings: [finding],
    findingsOmitted: 0,
  }
}
