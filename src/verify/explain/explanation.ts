/** `plugpull explain`: the telling of a finding (io/tell-finding), with the target to read the bytes from where one is given. */
import type { SectorRun } from '../../core/finding.ts'
import type { History } from '../../core/history.ts'
import type { Explanation, FindingPlace, Look } from '../../core/telling/explanation.ts'
import type { NamedFinding } from '../../core/telling/finding-name.ts'
import type { RunEvidence } from '../../io/run-evidence.ts'
import { tellFinding } from '../../io/tell-finding.ts'
import { type TargetFormat, openTarget } from '../open-target.ts'
import { readTarget } from './target.ts'

export interface ExplainRequest extends NamedFinding {
  readonly evidence: RunEvidence
  readonly target?: string
  readonly format?: TargetFormat
  readonly signal: AbortSignal
}

/** Explains one finding. Throws what telling it throws, and what reading the target throws. */
export function explain(request: ExplainRequest): Promise<Explanation> {
  const { evidence, target, signal, number, finding, also } = request
  const told = { named: { number, finding, also }, evidence, signal }
  if (target === undefined) return tellFinding(told)
  return tellFinding({ ...told, look: (history, at, runs) => lookAt(request, target, history, at, runs) })
}

async function lookAt(
  { finding, format, signal }: ExplainRequest,
  target: string,
  history: History,
  at: FindingPlace,
  runs: readonly SectorRun[],
): Promise<Look> {
  const opening = await openTarget(target, format, signal)
  if (opening.kind === 'unopenable')
    return { from: 'none', bytes: new Map(), runs, notes: [`--target ${target} does not open: ${opening.why}`] }
  try {
    return await readTarget(opening.target, { history, ...at, runs, finding, signal })
  } finally {
    await opening.target.close()
  }
}
