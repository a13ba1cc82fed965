/** Whether judge and oracle say the same of a simulated run; where they do not, what to do about it. */
import type { Finding } from '../../../src/core/finding.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { type Expectation, expectationOf } from '../../../src/rig/sim/oracle.ts'
import type { Simulation } from '../../../src/rig/sim/simulation.ts'
import { differenceOf, placesOf } from './judged.ts'

/** What is wrong with judge or simulator. A false accusation: an honest disk convicted, or said to break what it kept. */
export interface Problem {
  readonly kind: 'false-accusation' | 'disagreement' | 'simulator' | 'misnamed' | 'misplaced'
  readonly text: string
}

export const ofSeverity = (verdict: Verdict, severity: Finding['severity']): readonly Finding[] =>
  verdict.findings.filter((finding) => finding.severity === severity)

/** The difference with what a person needs to look into it. */
export function told({ contract, disk, options }: Simulation, verdict: Verdict, difference: string): string {
  return [
    difference,
    `contract ${JSON.stringify(contract)}, workload ${options.plan.workload}, queue depth ${options.queueDepth}, ${options.flushMode}`,
    `injected: ${JSON.stringify(disk.injections.slice(0, 4))}`,
    ...ofSeverity(verdict, 'violation')
      .slice(0, 4)
      .map(({ explanation }) => explanation),
  ].join('\n')
}

/** What the oracle expects, and where the judge differs: in any violation, or in a write lost or torn without one. */
export function agreement(
  simulation: Simulation,
  verdict: Verdict,
): { readonly expected: Expectation; readonly problems: readonly Problem[] } {
  const expected = expectationOf(simulation)
  const ofWrites = ofSeverity(verdict, 'hazard').filter(({ kind }) => kind === 'lost' || kind === 'torn')
  const differences = {
    violations: differenceOf(expected.violations, placesOf(ofSeverity(verdict, 'violation'))),
    hazards: differenceOf(expected.hazards, placesOf(ofWrites)),
  }
  const problems = Object.entries(differences).flatMap(([what, difference]): Problem[] =>
    difference === ''
      ? []
      : [{ kind: 'disagreement', text: told(simulation, verdict, `judge and oracle, ${what}: ${difference}`) }],
  )
  return { expected, problems }
}
