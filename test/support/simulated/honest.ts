/** One cut of an honest simulated disk, and what the judge got wrong about it. */
import type { ContractName } from '../../../src/core/contract.ts'
import { hexOf } from '../../../src/core/prng.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { runSimulation } from '../../../src/rig/sim/run.ts'
import type { Simulation } from '../../../src/rig/sim/simulation.ts'
import { agreement, type Problem, told } from './agreement.ts'
import { judged } from './judged.ts'

export interface HonestCut {
  readonly simulation: Simulation
  readonly verdict: Verdict
  readonly problems: readonly Problem[]
}

/** Contracts that a disk keeps which keeps this one. */
const WEAKER: Readonly<Record<ContractName, readonly ContractName[]>> = {
  'write-through': ['volatile', 'virtio-strict'],
  ordered: ['volatile', 'virtio-strict'],
  volatile: ['virtio-strict'],
  'virtio-strict': [],
}

/** First half of the seeds of honest cuts where nobody asks for another: those that continuous integration runs. */
export const HONEST_FAMILY = 0x5eed0000
/** Every so many-th cut is judged by the weaker contracts too. */
const WEAKER_EVERY = 4

/** Seed of cut `number` of a family: 16 hexadecimal digits. */
export const seedOf = (family: number, number: number): string => hexOf({ hi: family, lo: number })

/** Whether cut `number` of a family is judged by the weaker contracts too. */
export const isJudgedWeaker = (number: number): boolean => number % WEAKER_EVERY === 0

/** Runs and judges the cut of that seed; `weakerToo`: by every weaker contract as well. */
export function honestCut(seed: string, weakerToo: boolean): HonestCut {
  const simulation = runSimulation(seed)
  const verdict = judged(simulation)
  const { expected, problems: differences } = agreement(simulation, verdict)
  const problems = [...differences]
  const accuse = (what: string, by: Verdict = verdict): void => {
    problems.push({ kind: 'false-accusation', text: told(simulation, by, what) })
  }
  if (expected.violations.size > 0)
    problems.push({ kind: 'simulator', text: `it broke its own contract: ${[...expected.violations].join(', ')}` })
  if (verdict.verdict === 'violation') accuse('an honest disk convicted')
  const { name } = simulation.contract
  for (const kept of [name, ...WEAKER[name]])
    if (!verdict.consistentWith.includes(kept)) accuse(`an honest disk that is said not to be ${kept}`)
  for (const weaker of weakerToo ? WEAKER[name] : []) {
    const again = judged(simulation, { ...simulation.contract, name: weaker })
    if (again.verdict === 'violation') accuse(`convicted under the weaker ${weaker}`, again)
  }
  return { simulation, verdict, problems }
}
