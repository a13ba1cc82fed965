/** A block of honest simulated cuts with neighbouring seeds: run, judged, counted. */
import { monotonicMs } from '../../src/io/clock.ts'
import { type CornerCounts, Corners } from '../../test/support/simulated/corners.ts'
import { honestCut, isJudgedWeaker, seedOf } from '../../test/support/simulated/honest.ts'
import type { Problem } from '../../test/support/simulated/agreement.ts'

export interface Block {
  /** First half of the seeds. */
  readonly family: number
  readonly from: number
  readonly cuts: number
}

export interface BlockResult {
  readonly ms: number
  readonly corners: CornerCounts
  /** Verdicts given: one a cut, and more where weaker contracts were asked about too. */
  readonly weaker: number
  readonly writes: number
  readonly stableSectors: number
  readonly problems: readonly (Problem & { readonly seed: string })[]
}

export function runBlock({ family, from, cuts }: Block): BlockResult {
  const startedMs = monotonicMs()
  const corners = new Corners()
  const problems: (Problem & { readonly seed: string })[] = []
  const sums = { weaker: 0, writes: 0, stableSectors: 0 }
  for (let number = from; number < from + cuts; number++) {
    const seed = seedOf(family, number)
    const weaker = isJudgedWeaker(number)
    const cut = attempt(seed, weaker)
    if (weaker) sums.weaker++
    problems.push(...cut.problems.map((problem) => ({ ...problem, seed })))
    if (cut.verdict === undefined) continue
    corners.add(cut.simulation, cut.verdict)
    sums.writes += cut.verdict.checked.issuedWrites
    sums.stableSectors += cut.verdict.checked.stableSectors
  }
  return { ms: monotonicMs() - startedMs, corners: corners.counts(), ...sums, problems }
}

type Attempt = ReturnType<typeof honestCut> | { readonly verdict: undefined; readonly problems: readonly Problem[] }

/** What throws is a problem of its seed like any other. */
function attempt(seed: string, weakerToo: boolean): Attempt {
  try {
    return honestCut(seed, weakerToo)
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { verdict: undefined, problems: [{ kind: 'simulator', text }] }
  }
}
