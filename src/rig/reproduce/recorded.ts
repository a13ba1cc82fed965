/** How a run's machine is made again: the loop's options out of what the run's manifest has on record. */
import {
  type RawOptions,
  WORKLOAD_OPTIONS,
  optionKey,
  planSpecOf,
  parseWorkloadOptions,
} from '../../core/agent-options.ts'
import { ProbeError } from '../../core/errors.ts'
import type { Manifest } from '../../core/manifest.ts'
import { sizeArgument } from '../../core/size.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import type { Verdict } from '../../core/verdict.ts'
import { parseLoopOptions } from '../loop-options.ts'
import { RIGS } from '../registry.ts'
import { LOOP_LABEL } from '../../core/campaign/setup.ts'

/** Options by their names without dashes (`cluster-size`), in the order in which a person would give them. */
export type LoopOptions = ReadonlyMap<string, string | true>

export type Recorded =
  /** Options of `plugpull loop`, all but the script and the cycles. */
  | { readonly kind: 'rig'; readonly options: LoopOptions }
  /** Nobody here can make that machine again. `options` are those of `plugpull agent`. */
  | { readonly kind: 'own-machine'; readonly why: string; readonly options: LoopOptions }

/** What is on record of a run. */
export function recordedOf(manifest: Manifest, verdict: Verdict): Recorded {
  const { labels } = manifest.environment
  const agent = agentOptions(manifest)
  const rig = RIGS.find(({ name }) => name === labels['rig'])
  if (rig === undefined) {
    const why =
      labels['rig'] === undefined ? 'no rig of plugpull made its machine' : `there is no rig ${labels['rig']} here`
    return { kind: 'own-machine', why, options: agent }
  }
  const options = new Map([...rigOptions(manifest, verdict), ...agent])
  const raw = rawOf(options)
  if (rig.foreign?.(raw) === true)
    return { kind: 'own-machine', why: `--rig ${rig.name} drove a machine that was there already`, options: agent }
  try {
    parseLoopOptions({ ...raw, workload: 'script', script: 'w 0+1' })
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error
    return { kind: 'own-machine', why: `its machine cannot be made here: ${error.message}`, options: agent }
  }
  return { kind: 'rig', options }
}

function rigOptions({ environment, plan, contract, target }: Manifest, verdict: Verdict): Map<string, string | true> {
  const { labels } = environment
  const options = new Map<string, string | true>()
  for (const name of ['rig', 'image', 'cache', 'cut', 'fault'] as const) {
    const value = labels[name]
    if (value !== undefined) options.set(name, value)
  }
  options.set('size', sizeArgument(target.sizeSectors * SECTOR_BYTES))
  if (labels['cluster'] !== undefined) options.set('cluster-size', sizeArgument(plan.clusterSectors * SECTOR_BYTES))
  for (const [name, value] of Object.entries(labels)) {
    if (name.startsWith(LOOP_LABEL)) options.set(name.slice(LOOP_LABEL.length), value === 'true' ? true : value)
  }
  if (verdict.contract !== contract) options.set('contract', verdict.contract)
  options.set('seed', plan.seed)
  return options
}

/** What the agent was told beyond its workload, where it is not the default; a script says the workload itself. */
function agentOptions(manifest: Manifest): Map<string, string | true> {
  const { io, queueDepth, flushMode, commit, baseline, overlapInFlight } = manifest
  const defaults = new Map(WORKLOAD_OPTIONS.map(({ flags, default: value }) => [optionKey(flags), value]))
  const given = [
    ['io', io],
    ['queue-depth', String(queueDepth)],
    ['flush-mode', flushMode],
    ['commit', commit],
    ['baseline', baseline],
  ] as const
  const options = new Map<string, string | true>(
    given.filter(([name, value]) => defaults.get(optionKey(`--${name}`)) !== value),
  )
  if (overlapInFlight) options.set('overlap-in-flight', true)
  const region = regionOf(manifest)
  if (region !== undefined) options.set('region', region)
  return options
}

/** The region where it is not the one that the agent takes by itself. */
function regionOf({ plan, target }: Manifest): string | undefined {
  const { lba, sectors } = plan.region
  const byItself = planSpecOf(parseWorkloadOptions({}), plan.seed, target).region
  return byItself.lba === lba && byItself.sectors === sectors
    ? undefined
    : `${sizeArgument(lba * SECTOR_BYTES)}..${sizeArgument((lba + sectors) * SECTOR_BYTES)}`
}

/** As commander would hand them over. */
export const rawOf = (options: LoopOptions): RawOptions =>
  Object.fromEntries([...options].map(([name, value]) => [optionKey(`--${name}`), value]))

/** As words of a command line. */
export const argumentsOf = (options: LoopOptions): readonly string[] =>
  [...options].flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]))
