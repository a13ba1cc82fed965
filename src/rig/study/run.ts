/** Runs the campaigns of a study, one after another, and keeps of each what the study needs. */
import { ProbeError } from '../../core/errors.ts'
import { formatMs } from '../../core/size.ts'
import { monotonicMs } from '../../io/clock.ts'
import { cycleLine } from '../campaign-report.ts'
import type { Collector } from '../children.ts'
import { type LoopConfig, parseLoopOptions } from '../loop-options.ts'
import { runCampaign } from '../loop.ts'
import { type PointData, condense } from './data.ts'
import type { Study, StudyPoint } from './study.ts'

export interface StudyContext {
  readonly collector: Collector
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

export interface StudyPlan {
  readonly cycles: number
  readonly jobs: number
  readonly campaigns: readonly { readonly panel: number; readonly point: StudyPoint; readonly config: LoopConfig }[]
}

/** Checks every campaign before the first one is started. Throws what an option, or a rig that cannot run here, throws. */
export function planOf(
  study: Study,
  { quick, cycles, jobs }: { readonly quick: boolean; readonly cycles: number; readonly jobs: number },
): StudyPlan {
  const campaigns = study.panels.flatMap((panel, index) =>
    panel.points
      .filter(({ slow }) => !(quick && slow === true))
      .map((point) => {
        const options = { ...point.options, cycles: String(cycles), jobs: String(Math.min(jobs, cycles)) }
        return { panel: index, point, config: parseLoopOptions(options) }
      }),
  )
  for (const { config } of campaigns) config.rig.require(config.rigOptions)
  return { cycles, jobs, campaigns }
}

/** Runs them all. Throws INTERRUPTED, and what no campaign could change. */
export async function runStudy(plan: StudyPlan, context: StudyContext): Promise<readonly PointData[]> {
  const { say } = context
  const points: PointData[] = []
  const started = monotonicMs()
  for (const { panel, point, config } of plan.campaigns) {
    const number = points.length + 1
    say(`${number}/${plan.campaigns.length} ${point.series}, ${point.label}${remaining(plan, points.length, started)}`)
    const campaign = await runCampaign(config, {
      collector: context.collector,
      signal: context.signal,
      onCycle: (result, { cycles }) => say(`  ${cycleLine(result, cycles)}`),
    })
    points.push(condense({ panel, ...point }, campaign))
  }
  if (points.length === 0) throw new ProbeError('INTERNAL', 'a study has points')
  return points
}

/** By the mean of the points that are done; points differ, so this is a rough guess. */
function remaining({ campaigns }: StudyPlan, done: number, started: number): string {
  if (done === 0) return ''
  const perPoint = (monotonicMs() - started) / done
  return `, about ${formatMs(perPoint * (campaigns.length - done))} to go`
}
