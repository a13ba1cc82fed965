/** docs/trust/exhaustive.json: what was compared, part by part. */
import { type Counts, noCounts } from './check.ts'
import { type BatchesOptions, PARTS, type PartName, countLogs } from './parts.ts'
import type { TaskResult } from './worker.ts'

export interface ExhaustiveData {
  readonly command: string
  /** Of the layouts of each class of four writes, one in so many was compared. */
  readonly layoutsEvery: number
  readonly parts: readonly (Counts & { readonly part: PartName })[]
  /** What one log of each class stands for. */
  readonly logs: readonly { readonly writes: number; readonly logs: number; readonly classes: number }[]
  readonly disagreements: readonly string[]
  readonly seconds: number
}

const PART_NAMES = Object.keys(PARTS).filter((name): name is PartName => name in PARTS)

export function exhaustiveData(
  command: string,
  { layoutsEvery }: BatchesOptions,
  results: readonly TaskResult[],
  seconds: number,
): ExhaustiveData {
  const parts = PART_NAMES.map((part) => {
    const counts = results.flatMap((result) => result.counts[part] ?? [])
    return { part, ...counts.reduce(sum, noCounts()) }
  })
  const logs = [1, 2, 3, 4].map((writes) => ({ writes, ...countLogs(writes) }))
  const disagreements = results.flatMap((result) => result.disagreements)
  return { command, layoutsEvery: layoutsEvery.classes4, parts, logs, disagreements, seconds: Math.round(seconds) }
}

export function sum(a: Counts, b: Counts): Counts {
  return {
    histories: a.histories + b.histories,
    states: a.states + b.states,
    verdicts: a.verdicts + b.verdicts,
    violation: a.violation + b.violation,
    held: a.held + b.held,
    inconclusive: a.inconclusive + b.inconclusive,
    findings: a.findings + b.findings,
    listed: a.listed + b.listed,
    odd: a.odd + b.odd,
    throughBytes: a.throughBytes + b.throughBytes,
  }
}
