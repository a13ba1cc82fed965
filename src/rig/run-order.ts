/** What every run of a campaign is told, whatever machine it is on. */
import { optionKey } from '../core/agent-options.ts'
import { CONTROL_LABEL, IS_CONTROL } from '../core/campaign/control.ts'
import { LOOP_LABEL } from '../core/campaign/setup.ts'
import { sizeArgument } from '../core/size.ts'
import { type LoopConfig, reportedNames } from './loop-options.ts'
import type { Machine } from './rig.ts'

export const labelsOf = (config: LoopConfig, machine: Pick<Machine, 'labels'>): Record<string, string> => ({
  ...machine.labels,
  rig: config.rig.name,
  ...reportedNames(config),
  cut: config.cut,
  ...(config.fault === undefined ? {} : { fault: config.fault }),
  ...(config.isControl === true ? { [CONTROL_LABEL]: IS_CONTROL } : {}),
  ...loopLabels(config),
})

/** With these a run says how its machine is made again (reproduce/). Nothing of a machine that was there already: nobody can make that again. */
function loopLabels(config: LoopConfig): Record<string, string> {
  const { sizeBytes, chainLength, fault, verifyIn, rig, rigOptions, reported } = config
  if (reported !== undefined) return {}
  const own = (rig.options ?? []).flatMap(({ flags }) => {
    const value = rigOptions[optionKey(flags)]
    return value === undefined ? [] : [[flagOf(flags), String(value)] as const]
  })
  const common = [
    ['size', sizeArgument(sizeBytes)],
    ...(chainLength === undefined ? [] : [['backing-chain', String(chainLength)] as const]),
    ...(fault === undefined ? [] : [['fault', fault] as const]),
    ...(verifyIn === 'host' ? [] : [['verify-in', verifyIn] as const]),
  ] as const
  return Object.fromEntries([...common, ...own].map(([name, value]) => [LOOP_LABEL + name, value]))
}

/** `--bus <name>` → `bus`. */
const flagOf = (flags: string): string => (flags.split(' ')[0] ?? '').replace(/^--/, '')

/** Workload options of a cycle: the loop's, with the cycle's seed, and clusters as large as the image's. */
export const workloadOf = (config: LoopConfig, seed: string): LoopConfig['workload'] => ({
  ...config.workload,
  seed,
  ...(config.clusterBytes === undefined ? {} : { clusterSize: String(config.clusterBytes) }),
})
