/** What both sides are given alike, and the agent's words for a job. */
import type { Job, Ours } from './jobs.ts'

/** What is written over again and again, on every target. */
export const REGION_BYTES = 256 * 2 ** 20
/** Of each run; what comes before is not counted. */
export const MEASURED_MS = 1500

/** Before the agent is looked at: each of its threads compiles its code for itself, and they share the processors. */
export const warmUpMs = (depth: number): number => 800 + 80 * depth

export const workloadOf = (job: Job, { args }: Ours, target: string): readonly string[] => [
  `--destroy-data-on=${target}`,
  `--workload=${job.pattern}`,
  `--write-size=${job.writeBytes}`,
  `--region=0..${REGION_BYTES}`,
  `--queue-depth=${job.depth}`,
  ...(job.flushEvery === 0 ? ['--flush-never'] : [`--flush-every=${job.flushEvery}`]),
  ...args,
]
