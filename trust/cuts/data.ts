/** What the simulated cuts of honest disks came to: docs/trust/cuts.json. */
import assert from 'node:assert/strict'
import { type CornerCounts, Corners } from '../../test/support/simulated/corners.ts'
import { replayCommand } from '../../test/support/simulated/replay.ts'
import type { Problem } from '../../test/support/simulated/agreement.ts'
import type { Block, BlockResult } from './block.ts'

export const CUTS_SCHEMA = 'plugpull.trust.cuts/1'
const PROBLEMS_KEPT = 20

export interface CutsData {
  readonly schema: typeof CUTS_SCHEMA
  /** First half of the seeds, in hexadecimal; the second half counts from 0. */
  readonly seed: string
  readonly cuts: number
  /** Cuts that were judged by every weaker contract too. */
  readonly weaker: number
  readonly writes: number
  readonly stableSectors: number
  /** Honest disks convicted, or said to break what they kept. */
  readonly falseAccusations: number
  /** Cuts about which judge and oracle differ. */
  readonly disagreements: number
  /** Cuts where the simulator broke its own contract, or failed. */
  readonly simulatorFaults: number
  /** Of one worker in its fastest block, by the wall clock: that where least else ran beside it. */
  readonly cutsPerSecond: number
  readonly node: string
  readonly corners: CornerCounts
  /** The first of them, each with the command that has it again. */
  readonly problems: readonly (Problem & { readonly seed: string; readonly replay: string })[]
}

/** What docs/trust/cuts.json holds, if that is what it is. */
export function checkCutsData(data: unknown): CutsData {
  assert(isCutsData(data), `docs/trust/cuts.json is ${CUTS_SCHEMA}`)
  return data
}

const isCutsData = (data: unknown): data is CutsData =>
  typeof data === 'object' && data !== null && 'schema' in data && data.schema === CUTS_SCHEMA

export interface DoneBlock {
  readonly block: Block
  readonly result: BlockResult
}

export function cutsData(seed: string, done: readonly DoneBlock[]): CutsData {
  const corners = new Corners()
  for (const { result } of done) corners.merge(result.corners)
  const problems = done.flatMap(({ result }) => result.problems)
  const sum = (of: (block: DoneBlock) => number): number => done.reduce((total, block) => total + of(block), 0)
  const cutsWith = (kind: Problem['kind']): number =>
    new Set(problems.filter((problem) => problem.kind === kind).map((problem) => problem.seed)).size
  const cuts = sum(({ block }) => block.cuts)
  return {
    schema: CUTS_SCHEMA,
    seed,
    cuts,
    weaker: sum(({ result }) => result.weaker),
    writes: sum(({ result }) => result.writes),
    stableSectors: sum(({ result }) => result.stableSectors),
    falseAccusations: cutsWith('false-accusation'),
    disagreements: cutsWith('disagreement'),
    simulatorFaults: cutsWith('simulator'),
    cutsPerSecond: Math.round(Math.max(...done.map(({ block, result }) => block.cuts / (result.ms / 1000)))),
    node: process.version,
    corners: corners.counts(),
    problems: problems.slice(0, PROBLEMS_KEPT).map((problem) => ({ ...problem, replay: replayCommand(problem.seed) })),
  }
}
