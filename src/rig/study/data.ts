/** What a study keeps of its campaigns, as data: schema `plugpull.study/1`. Everything on the page follows from it. */
import type { RawOptions } from '../../core/agent-options.ts'
import { ProbeError, messageOf } from '../../core/errors.ts'
import type { CampaignResult, CycleResult } from '../campaign.ts'

export const STUDY_SCHEMA = 'plugpull.study/1'

/** One cycle with a verdict that can be relied on. Losses, tears and reorderings count violations and hazards alike. */
export interface CycleData {
  readonly verdict: string
  readonly violations: number
  readonly lost: number
  readonly torn: number
  readonly reordered: number
  readonly completeWrites: number
  readonly lostWrites: number
  readonly lostBytes: number
  readonly oldestLostMs: number
}

export interface PointData {
  /** Index of the study's panel. */
  readonly panel: number
  readonly series: string
  readonly x: number | string
  readonly label: string
  readonly options: RawOptions
  readonly cycles: readonly CycleData[]
  /** Why the other cycles have no verdict to rely on. */
  readonly problems: readonly string[]
}

/** What it ran on. */
export interface MachineFacts {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  readonly versions: Readonly<Record<string, string>>
}

export interface StudyData {
  readonly schema: typeof STUDY_SCHEMA
  readonly study: string
  readonly command: string
  /** Day of the run, ISO 8601, UTC. */
  readonly date: string
  readonly durationMs: number
  readonly machine: MachineFacts
  readonly points: readonly PointData[]
}

/** A campaign condensed to what the study keeps. */
export function condense(
  point: Pick<PointData, 'panel' | 'series' | 'x' | 'label' | 'options'>,
  campaign: Pick<CampaignResult, 'cycles'>,
): PointData {
  const { panel, series, x, label, options } = point
  const problems = campaign.cycles.flatMap(({ problem, verdict }) =>
    problem === undefined && verdict !== undefined ? [] : [problem ?? 'no verdict'],
  )
  return { panel, series, x, label, options, cycles: campaign.cycles.flatMap(cycleData), problems }
}

function cycleData({ verdict, problem }: CycleResult): readonly CycleData[] {
  if (verdict === undefined || problem !== undefined) return []
  const { violations, hazards, exposure, checked } = verdict
  return [
    {
      verdict: verdict.verdict,
      violations: Object.values(violations).reduce((sum: number, count: number) => sum + count, 0),
      lost: violations.lost + hazards.lost,
      torn: violations.torn + hazards.torn,
      reordered: violations.reordered + hazards.reordered,
      completeWrites: checked.completeWrites,
      ...exposure,
    },
  ]
}

/** Data as it was written; throws BAD_OPTION where it is something else. */
export function parseStudyData(text: string, path: string): StudyData {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new ProbeError('BAD_OPTION', `${path} is not JSON: ${messageOf(cause)}`, { cause })
  }
  if (isStudyData(parsed)) return parsed
  throw new ProbeError('BAD_OPTION', `${path} is not of schema ${STUDY_SCHEMA}; run the study again`)
}

/** Our own program of the same schema wrote it, so its schema says enough. */
const isStudyData = (parsed: unknown): parsed is StudyData =>
  typeof parsed === 'object' && parsed !== null && 'schema' in parsed && parsed.schema === STUDY_SCHEMA

/** The data as text: a line for each cycle, so that a change of one is seen as one. */
export function dataText(data: StudyData): string {
  const { points, ...head } = data
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "points": [\n${points.map(pointText).join(',\n')}\n  ]\n}\n`
}

const pointText = ({ cycles, ...rest }: PointData): string =>
  `    { ${JSON.stringify(rest).slice(1, -1)}, "cycles": [\n${cycles.map((cycle) => `      ${JSON.stringify(cycle)}`).join(',\n')}\n    ] }`
