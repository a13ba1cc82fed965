/** The sectors in which something was found, as flat numbers: what the map lays over the states of the blocks. */
import type { Finding } from '../finding.ts'
import type { Verdict } from '../verdict.ts'
import { foundCodeOf } from './block-state.ts'
import type { FoundAt } from './found-at.ts'

/** Three numbers a stretch: address, sectors, code (`foundCodeOf`). */
export type Stretches = Float64Array

/** Of all that was found, where the verdict says where that is; else of what it lists. */
export const stretchesOfVerdict = ({ findings, foundAt }: Pick<Verdict, 'findings' | 'foundAt'>): Stretches =>
  foundAt === undefined ? stretchesOf(findings) : stretchesOfFoundAt(foundAt)

function stretchesOfFoundAt({ grainSectors, lba, runs }: FoundAt): Stretches {
  const numbers: number[] = []
  let at = lba
  for (const [grains, code] of runs) {
    const sectors = grains * grainSectors
    if (code > 0) numbers.push(at, sectors, code)
    at += sectors
  }
  return Float64Array.from(numbers)
}

/** Of a lost or torn write the sectors that lack it; of the rest all of its place. */
export function stretchesOf(findings: readonly Finding[]): Stretches {
  const numbers: number[] = []
  for (const finding of findings) {
    const code = foundCodeOf(finding)
    const telling = tellsMissing(finding) ? lackingIn(finding) : []
    if (telling.length === 0) numbers.push(finding.lba, finding.sectors, code)
    for (const { index, sectors } of telling) numbers.push(finding.lba + index, sectors, code)
  }
  return Float64Array.from(numbers)
}

const tellsMissing = ({ kind }: Finding): boolean => kind === 'lost' || kind === 'torn'

/** A finding has a bounded number of runs: what lies behind the last may lack the write, too. */
function lackingIn({ runs, sectors }: Finding): readonly { readonly index: number; readonly sectors: number }[] {
  const lacking = runs.filter(({ state }) => state === 'missing' || state === 'partial')
  const last = runs.at(-1)
  const told = last === undefined ? sectors : last.index + last.sectors
  return told < sectors ? [...lacking, { index: told, sectors: sectors - told }] : lacking
}
