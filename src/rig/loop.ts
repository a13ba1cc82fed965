/**
 * The kill loop: cycle after cycle of one configuration, with a liar before them where a positive control is asked for.
 * What a cycle is, is cycle.ts; what the cycles say together, campaign.ts.
 */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type CampaignResult, type ControlResult, type CycleResult, campaignOf } from './campaign.ts'
import type { Collector } from './children.ts'
import { type CycleContext, runCycle } from './cycle.ts'
import { type LoopConfig, controlOf, reportedNames } from './loop-options.ts'
import { sideBySide } from './side-by-side.ts'

/** A liar is caught by its first cycle unless the cut came before anything was flushed: so few more chances are enough. */
export const CONTROL_TRIES_MAX = 3

export interface LoopContext {
  readonly collector: Collector
  readonly signal: AbortSignal
  /** Called with each cycle's result; `control` tells those of the positive control. */
  readonly onCycle?: (result: CycleResult, config: LoopConfig, control: boolean) => void
  /** Called where the campaign is stopped, with what the cycles that were finished say, if any was. */
  readonly onStop?: (result: CampaignResult) => void
  readonly inspect?: CycleContext['inspect']
}

/** Runs a campaign. Throws INTERRUPTED, RIG_UNAVAILABLE, and what no cycle could change; everything else is in the result. */
export async function runCampaign(config: LoopConfig, context: LoopContext): Promise<CampaignResult> {
  config.rig.require(config.rigOptions)
  const control = config.positiveControl ? await runControl(config, context) : undefined
  const cycles: CycleResult[] = []
  const numbers = Array.from({ length: config.cycles }, (_, index) => index + 1)
  const soFar = (): CampaignResult => resultOf(config, cycles, control)
  try {
    await sideBySide(numbers, config.jobs, context.signal, async (cycle, signal) => {
      const result = await runCycle(cycleContext(config, { ...context, signal }), cycle)
      context.onCycle?.(result, config, false)
      cycles[cycle - 1] = result
    })
  } catch (error) {
    if (context.signal.aborted && cycles.length > 0) context.onStop?.(soFar())
    throw error
  }
  return soFar()
}

/** `cycles` has holes where one was stopped while others beside it were finished. */
function resultOf(config: LoopConfig, cycles: readonly CycleResult[], control?: ControlResult): CampaignResult {
  return campaignOf(
    {
      campaign: config.campaign,
      rig: config.rig.name,
      ...reportedNames(config),
      cut: config.cut,
      ...(config.fault === undefined ? {} : { fault: config.fault }),
      seed: config.seed,
    },
    cycles.filter((cycle) => cycle !== undefined),
    control,
  )
}

async function runControl(config: LoopConfig, context: LoopContext): Promise<ControlResult> {
  const liar = { ...controlOf(config), cycles: CONTROL_TRIES_MAX }
  liar.rig.require(liar.rigOptions)
  const cycles: CycleResult[] = []
  while (cycles.length < CONTROL_TRIES_MAX && !cycles.some(isCaught)) {
    const result = await runCycle(cycleContext(liar, context), cycles.length + 1)
    context.onCycle?.(result, liar, true)
    cycles.push(result)
  }
  return {
    rig: liar.rig.name,
    image: liar.image,
    cut: liar.cut,
    cache: liar.cache,
    ...(liar.fault === undefined ? {} : { fault: liar.fault }),
    why: config.rig.positiveControl?.why ?? '',
    caught: cycles.some(isCaught),
    cycles,
  }
}

/** Caught is more than convicted: it must be for what the liar does, losing what was stable. */
export const isCaught = ({ word, verdict }: CycleResult): boolean =>
  word === 'violation' && (verdict?.violations.lost ?? 0) > 0

/** Where the cycles of a campaign run: a directory of its own, with a short name, since the path of a socket in it has room for 107 bytes. */
export function cycleContext(config: LoopConfig, { collector, signal, inspect }: LoopContext): CycleContext {
  const name = createHash('sha256').update(config.campaign).digest('hex').slice(0, 8)
  const directory = join(collector.scratch.path, name)
  mkdirSync(directory, { recursive: true })
  return { config, collector, directory, signal, ...(inspect === undefined ? {} : { inspect }) }
}
