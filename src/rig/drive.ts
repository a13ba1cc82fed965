/**
 * A machine of each kind driven to its cut: the run started, its progress watched at the collector, the power taken away at the
 * moment that the cycle's seed says. What comes before and after is cycle.ts.
 */
import { workloadArguments } from '../core/agent-options.ts'
import { ProbeError } from '../core/errors.ts'
import { sleepMs } from '../io/clock.ts'
import { APPEND_BYTES_MAX } from '../io/collector-client.ts'
import { type AgentProcess, agentArguments, startAgent } from './children.ts'
import type { Course, CycleContext } from './cycle.ts'
import type { LoopConfig } from './loop-options.ts'
import { untilItMayBeCut, untilRunIsUnderWay } from './progress.ts'
import type {
  AgentMachine,
  CutRecord,
  GuestMachine,
  Machine,
  SelfRunningMachine,
  StandingMachine,
  StandingOrder,
} from './rig.ts'

/** Takes the machine from power on to after the cut. Throws what went wrong before it; whatever happens after it is in the record. */
export async function driveToCut(context: CycleContext, course: Course, machine: Machine): Promise<CutRecord> {
  switch (machine.kind) {
    case 'agent':
      return driveAgent(context, course, machine)
    case 'guest':
      return driveGuest(context, course, machine)
    case 'standing':
      return driveStanding(context, course, machine)
    case 'self':
      return driveSelf(context, course, machine)
  }
}

const labelsOf = (config: LoopConfig, machine: Machine): Record<string, string> => ({
  ...machine.labels,
  rig: config.rig.name,
  image: config.image,
  cache: config.cache,
  cut: config.cut,
})

/** Workload options of a cycle: the loop's, with the cycle's seed, and clusters as large as the image's. */
const workloadOf = (config: LoopConfig, course: Course): LoopConfig['workload'] => ({
  ...config.workload,
  seed: course.seed,
  ...(config.clusterBytes === undefined ? {} : { clusterSize: String(config.clusterBytes) }),
})

async function driveAgent(context: CycleContext, course: Course, machine: AgentMachine): Promise<CutRecord> {
  const { config } = context
  const agent = startAgent(context.collector, {
    target: machine.target,
    run: course.run,
    campaign: config.campaign,
    labels: labelsOf(config, machine),
    workload: workloadArguments(workloadOf(config, course)),
  })
  try {
    const death = Promise.race([deathOf(machine), endOf(agent)])
    await Promise.race([untilItMayBeCut(context, course.run), death])
    await Promise.race([sleepMs(course.cutAfterMs, context.signal), death])
    context.signal.throwIfAborted()
    return await machine.cut(config.cut, [{ what: 'agent', pid: agent.pid }])
  } finally {
    await agent.stop()
  }
}

async function driveGuest(context: CycleContext, course: Course, machine: GuestMachine): Promise<CutRecord> {
  const { config, collector } = context
  await machine.start([
    'agent',
    ...agentArguments(
      {
        target: machine.target,
        run: course.run,
        campaign: config.campaign,
        labels: labelsOf(config, machine),
        workload: workloadArguments(workloadOf(config, course)),
      },
      { url: machine.guestUrl(collector.url) },
    ),
  ])
  const death = deathOf(machine)
  const { bootLimitMs } = config
  await Promise.race([untilItMayBeCut(context, course.run, { bootLimitMs, console: () => machine.console() }), death])
  await Promise.race([sleepMs(course.cutAfterMs, context.signal), death])
  context.signal.throwIfAborted()
  return machine.cut(config.cut, [])
}

/** What a standing machine is told in this cycle. */
export const standingOrder = (context: CycleContext, course: Course, machine: StandingMachine): StandingOrder => ({
  collectorUrl: context.collector.url,
  ...(context.collector.tokenFile === undefined ? {} : { tokenFile: context.collector.tokenFile }),
  campaign: context.config.campaign,
  run: course.run,
  workload: workloadArguments(workloadOf(context.config, course)),
  labels: labelsOf(context.config, machine),
})

async function driveStanding(context: CycleContext, course: Course, machine: StandingMachine): Promise<CutRecord> {
  const { config } = context
  await machine.start(standingOrder(context, course, machine))
  const waiting = { bootLimitMs: config.bootLimitMs, console: () => machine.console() }
  // Perhaps begun by the recovery of the cycle before this one.
  course.run = await untilRunIsUnderWay(context, waiting)
  await untilItMayBeCut(context, course.run, waiting)
  await sleepMs(course.cutAfterMs, context.signal)
  context.signal.throwIfAborted()
  return machine.cut(config.cut, [])
}

async function deathOf(machine: AgentMachine | GuestMachine): Promise<never> {
  throw new ProbeError('RIG_FAILED', `${await machine.died}, before the cut`)
}

/** Rejects when the agent ends before the cut. */
async function endOf(agent: AgentProcess): Promise<never> {
  throw await agent.ended
}

async function driveSelf(context: CycleContext, course: Course, machine: SelfRunningMachine): Promise<CutRecord> {
  const { config, collector } = context
  const own = await machine.run({
    run: course.run,
    campaign: config.campaign,
    options: workloadOf(config, course),
    labels: labelsOf(config, machine),
    cutAfterMs: course.cutAfterMs,
  })
  course.note = own.note
  await collector.client.createRun(course.run, config.campaign, own.manifest)
  let offset = 0
  for await (const bytes of own.log) {
    context.signal.throwIfAborted()
    for (let at = 0; at < bytes.length; at += APPEND_BYTES_MAX) {
      const { offset: end } = await collector.client.append(
        course.run,
        offset,
        bytes.subarray(at, at + APPEND_BYTES_MAX),
      )
      offset = end
    }
  }
  return machine.cut(config.cut, [])
}
