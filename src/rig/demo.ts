/** The demo: the steps of demo-steps.ts through the loop, told to people as they go, each held against what is expected of it. */
import { EXIT } from '../core/errors.ts'
import type { Finding } from '../core/finding.ts'
import { formatMs } from '../core/size.ts'
import type { CampaignResult } from './campaign.ts'
import { controlText, cycleLine } from './campaign-report.ts'
import { BLOCK_BYTES, completedBlocks, survivingBlocks } from './block-picture.ts'
import type { Collector } from './children.ts'
import type { DemoStep } from './demo-steps.ts'
import { parseLoopOptions } from './loop-options.ts'
import { runCampaign } from './loop.ts'

const PICTURE_BLOCKS = 4

/** What the first blocks held, as letters of the writes. */
export interface BlockPicture {
  readonly blockBytes: number
  readonly completed: readonly string[]
  readonly survived: readonly string[]
}

export interface StepResult {
  readonly title: string
  readonly row: string
  readonly asExpected: boolean
  readonly campaign: CampaignResult
  readonly picture?: BlockPicture
}

export interface DemoContext {
  readonly collector: Collector
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** Runs one step and tells of it. */
export async function runStep(step: DemoStep, number: number, context: DemoContext): Promise<StepResult> {
  const { say } = context
  say(`\n${number}. ${step.title}`)
  for (const line of step.why.split('\n')) say(`   ${line}`)
  let picture: BlockPicture | undefined
  const config = parseLoopOptions(step.options)
  const campaign = await runCampaign(config, {
    collector: context.collector,
    signal: context.signal,
    onCycle: (result, { cycles }, control) => say(`   ${control ? 'liar ' : ''}${cycleLine(result, cycles)}`),
    inspect: async (machine, { run, cut }) => {
      const { script } = step.options
      if (machine.kind === 'standing' || !step.picture || typeof script !== 'string' || cut?.died !== true) return
      picture = {
        blockBytes: BLOCK_BYTES,
        completed: completedBlocks(script, PICTURE_BLOCKS),
        survived: await survivingBlocks(machine, run, PICTURE_BLOCKS, context.collector.scratch.path),
      }
    },
  })
  if (picture !== undefined) for (const line of pictureLines(picture)) say(line)
  for (const line of storyLines(campaign)) say(line)
  const asExpected = campaign.verdict === step.expected && campaign.positiveControl?.caught !== false
  if (!asExpected) say(`   NOT AS EXPECTED: ${campaign.verdict} instead of ${step.expected}`)
  return { title: step.title, row: step.row, asExpected, campaign, ...(picture === undefined ? {} : { picture }) }
}

const cells = (names: readonly string[]): string => names.map((name) => name.padEnd(4)).join(' ')

function pictureLines({ blockBytes, completed, survived }: BlockPicture): readonly string[] {
  return [
    `   blocks of ${blockBytes} bytes     ${cells(completed.map((_, index) => String(index)))}`,
    `   completed before the cut ${cells(completed)}`,
    `   found after the cut      ${cells(survived)}      "${completed.join(' ')}" became "${survived.join(' ')}"`,
  ]
}

/** The worst finding in words, and what the control says. */
function storyLines(campaign: CampaignResult): readonly string[] {
  const worst = worstOf(campaign.cycles.flatMap(({ verdict }) => verdict?.findings ?? []))
  return [
    ...(worst === undefined
      ? []
      : [`   ${worst.kind} (${worst.severity === 'hazard' ? 'permitted' : 'forbidden'}): ${worst.explanation}`]),
    ...(campaign.positiveControl === undefined ? [] : [`   ${controlText(campaign.positiveControl)}`]),
  ]
}

/** Violations before hazards, a flush that lied before its writes, completed writes before those in flight, tears before losses, old before young. */
const rankOf = ({ severity, rule, kind, completedMs, ageMs }: Finding): readonly number[] => [
  severity === 'violation' ? 1 : 0,
  rule === 'flush-lie' ? 1 : 0,
  completedMs === undefined ? 0 : 1,
  kind === 'torn' ? 1 : 0,
  ageMs ?? 0,
]

const worstOf = (findings: readonly Finding[]): Finding | undefined =>
  findings.toSorted((a, b) => compare(rankOf(b), rankOf(a)))[0]

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

const COLUMNS = ['experiment', 'cycles', 'verdict', 'lost', 'torn', 'reordered', 'oldest loss'] as const

/** The closing table: writes lost, torn and reordered over all cycles of each step. */
export function closingTable(steps: readonly StepResult[]): string {
  const rows = [COLUMNS, ...steps.map(rowOf)]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(COLUMNS), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.slice(1).map(line)].join('\n')
}

function rowOf({ row, campaign }: StepResult): readonly string[] {
  const { violations, hazards, exposure, cycles } = campaign.summary
  const cell = (kind: 'lost' | 'torn' | 'reordered'): string => {
    if (violations[kind] > 0) return `${violations[kind]} FORBIDDEN`
    return hazards[kind] > 0 ? `${hazards[kind]} permitted` : '0'
  }
  const age = exposure.lostWrites === 0 ? '' : formatMs(exposure.oldestLostMs)
  return [row, String(cycles), campaign.verdict, cell('lost'), cell('torn'), cell('reordered'), age]
}

/** 0 where everything came out as expected. */
export const demoExitStatus = (steps: readonly StepResult[]): number =>
  steps.every(({ asExpected }) => asExpected) ? EXIT.held : EXIT.inconclusive
