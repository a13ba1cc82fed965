/** The workloads there are: a new one is one new file and one line here. */
import { ProbeError } from '../errors.ts'
import { firstTouch } from './first-touch.ts'
import { hotspot } from './hotspot.ts'
import { overlap } from './overlap.ts'
import { random } from './random.ts'
import { script } from './script.ts'
import { sequential } from './sequential.ts'
import { straddle } from './straddle.ts'
import { wal } from './wal.ts'
import type { WorkloadKind } from './workload.ts'

export const WORKLOADS: readonly WorkloadKind[] = [
  sequential,
  random,
  hotspot,
  overlap,
  straddle,
  firstTouch,
  wal,
  script,
]

/** The workload of that name; throws BAD_OPTION naming those there are. */
export function workloadNamed(name: string): WorkloadKind {
  const found = WORKLOADS.find((workload) => workload.name === name)
  if (found === undefined) {
    throw new ProbeError(
      'BAD_OPTION',
      `--workload got ${JSON.stringify(name)}; it takes ${WORKLOADS.map((workload) => workload.name).join(', ')}`,
    )
  }
  return found
}
