/** The sectors that findings are about, as flat numbers: what the map lays over the states of the blocks. */
import type { Finding } from '../finding.ts'
import { foundCodeOf } from './block-state.ts'

/** Three numbers a stretch: address, sectors, code (`foundCodeOf`). */
export type Stretches = Float64Array

/** Of a lost or torn write the sectors that lack it; of the rest all of its place. */
export function stretchesOf(findings: readonly Finding[]): Stretches {
  const numbers: number[] = []
  for (const finding of findings) {
    const code = foundCodeOf(finding)
    const telling = tellsMissing(finding)
      ? finding.runs.filter(({ state }) => state === 'missing' || state === 'partial')
      : []
    if (telling.length === 0) numbers.push(finding.lba, finding.sectors, code)
    for (const { index, sectors } of telling) numbers.push(finding.lba + index, sectors, code)
  }
  return Float64Array.from(numbers)
}

const tellsMissing = ({ kind }: Finding): boolean => kind === 'lost' || kind === 'torn'
