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
import { guestCollector } from './guest/guest-collector.ts'
import { untilItMayBeCut } from './progress.ts'
import type { AgentMachine, CutRecord, GuestMachine, Machine, SelfRunningMachine } from './rig.ts'
import { labelsOf, workloadOf } from './run-order.ts'
import { driveStanding } from './standing.ts'

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

async function driveAgent(context: CycleContext, course: Course, machine: AgentMachine): Promise<CutRecord> {
  const { config } = context
  const agent = startAgent(context.collector, {
    target: machine.target,
    run: course.run,
    campaign: config.campaign,
    labels: labelsOf(config, machine),
    workload: workloadArguments(workloadOf(config, course.seed)),
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
  const { address, files } = guestCollector(collector, machine)
  const order = {
    target: machine.target,
    run: course.run,
    campaign: config.campaign,
    labels: labelsOf(config, machine),
    workload: workloadArguments(workloadOf(config, course.seed)),
  }
  await machine.start(['agent', ...agentArguments(order, address)], files)
  const death = deathOf(machine)
  const { bootLimitMs } = config
  await Promise.race([untilItMayBeCut(context, course.run, { bootLimitMs, console: () => machine.console() }), death])
  await Promise.race([sleepMs(course.cutAfterMs, context.signal), death])
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
    options: workloadOf(config, course.seed),
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
