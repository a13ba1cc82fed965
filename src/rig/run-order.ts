/** What every run of a campaign is told, whatever machine it is on. */
import { type LoopConfig, reportedNames } from './loop-options.ts'
import type { Machine } from './rig.ts'

export const labelsOf = (config: LoopConfig, machine: Machine): Record<string, string> => ({
  ...machine.labels,
  rig: config.rig.name,
  ...reportedNames(config),
  cut: config.cut,
  ...(config.fault === undefined ? {} : { fault: config.fault }),
})

/** Workload options of a cycle: the loop's, with the cycle's seed, and clusters as large as the image's. */
export const workloadOf = (config: LoopConfig, seed: string): LoopConfig['workload'] => ({
  ...config.workload,
  seed,
  ...(config.clusterBytes === undefined ? {} : { clusterSize: String(config.clusterBytes) }),
})
