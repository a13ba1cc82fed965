/** Many cuts of a disk that lies in one way: is it convicted of exactly that, wherever that can be seen? */
import type { FindingKind } from '../../src/core/finding.ts'
import { FAULT_KINDS, type FaultKind } from '../../src/rig/sim/fault.ts'
import { ofSeverity, type Problem } from '../../test/support/simulated/agreement.ts'
import { HONEST_FAMILY, seedOf } from '../../test/support/simulated/honest.ts'
import { liarCut } from '../../test/support/simulated/liars.ts'
import { replayCommand } from '../../test/support/simulated/replay.ts'

export interface Calibration {
  readonly fault: FaultKind
  readonly cuts: number
  /** Times that the fault struck, over all cuts. */
  readonly injections: number
  /** Cuts of which the oracle says that the fault can be found in what is left. */
  readonly observable: number
  /** Cuts whose verdict is a violation. */
  readonly convicted: number
  /** Cuts with a violation of that kind. */
  readonly kinds: Readonly<Partial<Record<FindingKind, number>>>
  /** Cuts with a violation of another kind than the fault may be called. */
  readonly misnamed: number
  /** Cuts with a violation at a write or address that the fault did not befall. */
  readonly misplaced: number
  /** Cuts in which judge and oracle differ in any violation, or in a write lost or torn without one. */
  readonly disagreements: number
  /** The first of what went wrong, with the command that has it again. */
  readonly problems: readonly (Problem & { readonly replay: string })[]
}

const PROBLEMS_KEPT = 5

export function calibrate(fault: FaultKind, cuts: number): Calibration {
  const sums = { injections: 0, observable: 0, convicted: 0, misnamed: 0, misplaced: 0, disagreements: 0 }
  const kinds: Partial<Record<FindingKind, number>> = {}
  const problems: (Problem & { readonly replay: string })[] = []
  for (let number = 0; number < cuts; number++) {
    const seed = seedOf(HONEST_FAMILY + 1 + FAULT_KINDS.indexOf(fault), number)
    const cut = liarCut(fault, seed)
    sums.injections += cut.simulation.disk.injections.length
    if (cut.observable) sums.observable++
    if (cut.verdict.verdict === 'violation') sums.convicted++
    for (const kind of new Set(ofSeverity(cut.verdict, 'violation').map((finding) => finding.kind)))
      kinds[kind] = (kinds[kind] ?? 0) + 1
    const has = (kind: Problem['kind']): number => (cut.problems.some((problem) => problem.kind === kind) ? 1 : 0)
    sums.misnamed += has('misnamed')
    sums.misplaced += has('misplaced')
    sums.disagreements += has('disagreement')
    problems.push(...cut.problems.map((problem) => ({ ...problem, replay: replayCommand(seed, fault) })))
  }
  return { fault, cuts, ...sums, kinds, problems: problems.slice(0, PROBLEMS_KEPT) }
}

/** Whether the liar was convicted of exactly its fault each time it could be. */
export const isExact = ({ observable, convicted, misnamed, misplaced, disagreements }: Calibration): boolean =>
  observable > 0 && convicted === observable && misnamed + misplaced + disagreements === 0
