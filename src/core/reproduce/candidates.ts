/**
 * What the model says can matter, before anything is tried: the writes that share sectors with the finding, then those that share
 * a cluster of the image with it (who allocates it decides what a lost table takes along), then everything.
 */
import type { Finding } from '../finding.ts'
import { upToFinding } from './goal.ts'
import { type Statement, scriptText, withoutIdleFlushes } from './statement.ts'

/** A command line holds some 128 KiB a word: this many statements are a third of that. */
const STATEMENTS_MAX = 4000

export interface Candidate {
  readonly what: string
  readonly statements: readonly Statement[]
}

/** Scripts to try, shortest first, none twice. `clusterSectors`: of the image, where it has clusters. */
export function candidatesOf(
  goal: Finding,
  statements: readonly Statement[],
  clusterSectors: number | undefined,
): readonly Candidate[] {
  const before = upToFinding(goal, statements)
  const touching = (grain: number): readonly Statement[] =>
    withoutIdleFlushes(before.filter((statement) => statement.kind === 'flush' || matters(goal, statement, grain)))
  const all: readonly Candidate[] = [
    { what: 'the writes over the same sectors, and the flushes between them', statements: touching(1) },
    ...(clusterSectors === undefined
      ? []
      : [{ what: 'the writes to the same clusters of the image', statements: touching(clusterSectors) }]),
    { what: 'all writes up to the finding', statements: withoutIdleFlushes(before) },
  ]
  const seen = new Set<string>()
  return all.flatMap(({ what, statements: list }) => {
    const newest = withoutIdleFlushes(list.slice(-STATEMENTS_MAX))
    const text = scriptText(newest)
    if (text === '' || seen.has(text)) return []
    seen.add(text)
    return [{ what, statements: newest }]
  })
}

/** Whether a write touches a stretch of `grain` sectors that the finding touches, or is named by the finding. */
function matters(goal: Finding, statement: Statement & { readonly kind: 'write' }, grain: number): boolean {
  if (statement.write === goal.write || statement.write === goal.survivor?.write) return true
  const from = Math.floor(goal.lba / grain) * grain
  const to = Math.ceil((goal.lba + goal.sectors) / grain) * grain
  return statement.lba < to && from < statement.lba + statement.sectors
}
