/** The campaigns: each liar's and each twin's, cut by cut, as figures. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type RawOptions, optionKey } from '../../src/core/agent-options.ts'
import type { VerdictWord } from '../../src/core/verdict.ts'
import type { CycleResult } from '../../src/rig/campaign.ts'
import { cycleLine } from '../../src/rig/campaign-report.ts'
import type { Collector } from '../../src/rig/children.ts'
import { parseLoopOptions } from '../../src/rig/loop-options.ts'
import { isCaught, runCampaign } from '../../src/rig/loop.ts'
import { verifyImage } from './edited.ts'
import { LIARS, type LiarPlan, needsGuest } from './liars.ts'

/** What the cuts of one campaign came to. */
export interface Figures {
  readonly cuts: number
  readonly held: number
  readonly violation: number
  readonly inconclusive: number
  /** Cuts in which a stable write was found lost, and a flush named as the lie. */
  readonly caught: number
  readonly lost: number
  readonly torn: number
  /** Violations of any other kind. */
  readonly others: number
  readonly liedFlushes: number
  readonly flushes: number
  /** Cuts before which the agent had ended by itself; and what `plugpull verify` said of the disk then. */
  readonly ended: number
  readonly endedVerdicts: Readonly<Record<VerdictWord, number>>
}

export interface LiarData extends LiarPlan {
  readonly figures: Figures
  readonly twinFigures: Figures
}

export interface CampaignContext {
  readonly collector: Collector
  readonly signal: AbortSignal
  readonly seed: string
  /** Cuts of each campaign: without a guest, and with one. */
  readonly cuts: { readonly host: number; readonly guest: number }
  readonly say: (line: string) => void
}

/** Runs every liar and every twin once. */
export async function runLiars(context: CampaignContext): Promise<readonly LiarData[]> {
  const known = new Map<string, Figures>()
  const figuresOf = async (options: string): Promise<Figures> => {
    const figures = known.get(options) ?? (await campaign(options, context))
    known.set(options, figures)
    return figures
  }
  const all: LiarData[] = []
  for (const plan of LIARS) {
    context.say(`${plan.name}: plugpull loop ${plan.options}`)
    const figures = await figuresOf(plan.options)
    context.say(`its honest twin: plugpull loop ${plan.twin}`)
    all.push({ ...plan, figures, twinFigures: await figuresOf(plan.twin) })
  }
  return all
}

async function campaign(options: string, { collector, signal, seed, cuts, say }: CampaignContext): Promise<Figures> {
  const keep = join(collector.scratch.path, 'kept')
  mkdirSync(keep, { recursive: true })
  const cycles = needsGuest(options) ? cuts.guest : cuts.host
  const config = parseLoopOptions({ ...rawOptionsOf(options), cycles: String(cycles), seed, keep })
  const result = await runCampaign(config, {
    collector,
    signal,
    onCycle: (cycle) => say(`  ${cycleLine(cycle, cycles)}`),
  })
  const endedVerdicts = { held: 0, violation: 0, inconclusive: 0 }
  const ended = result.cycles.filter(({ cut, problem }) => cut === undefined && /before the cut/.test(problem ?? ''))
  for (const { keptIn = '' } of ended) endedVerdicts[await verdictOn(keptIn, signal)]++
  rmSync(keep, { recursive: true, force: true })
  return { ...sumOf(result.cycles), ended: ended.length, endedVerdicts }
}

/** `--cache none`: `{ cache: 'none' }`. */
function rawOptionsOf(options: string): RawOptions {
  const words = options.split(' ')
  return Object.fromEntries(
    words.flatMap((word, at) => (word.startsWith('--') ? [[optionKey(word), words[at + 1] ?? '']] : [])),
  )
}

async function verdictOn(folder: string, signal: AbortSignal): Promise<VerdictWord> {
  const { code } = await verifyImage(join(folder, 'disk.qcow2'), join(folder, 'run.log'), [], signal)
  if (code === 0) return 'held'
  return code === 10 ? 'violation' : 'inconclusive'
}

const violationsOf = ({ verdict }: CycleResult): number =>
  Object.values(verdict?.violations ?? {}).reduce((a, b) => a + b, 0)

function sumOf(cycles: readonly CycleResult[]): Omit<Figures, 'ended' | 'endedVerdicts'> {
  const count = (of: (cycle: CycleResult) => boolean): number => cycles.filter(of).length
  const sum = (of: (cycle: CycleResult) => number | undefined): number =>
    cycles.reduce((total, cycle) => total + (of(cycle) ?? 0), 0)
  const lost = sum(({ verdict }) => verdict?.violations.lost)
  const torn = sum(({ verdict }) => verdict?.violations.torn)
  return {
    cuts: cycles.length,
    held: count(({ word }) => word === 'held'),
    violation: count(({ word }) => word === 'violation'),
    inconclusive: count(({ word }) => word === 'inconclusive'),
    caught: count((cycle) => isCaught(cycle) && (cycle.verdict?.liedFlushes ?? 0) > 0),
    lost,
    torn,
    others: sum(violationsOf) - lost - torn,
    liedFlushes: sum(({ verdict }) => verdict?.liedFlushes),
    flushes: sum(({ verdict }) => verdict?.checked.flushes),
  }
}

/** What did not come out as it has to. */
export function troubleOfLiar({ name, expected, figures, twinFigures }: LiarData): readonly string[] {
  const { cuts, caught, violation, others, ended, endedVerdicts } = figures
  const accused = violation + endedVerdicts.violation
  return [
    ...(expected === 'convicted' && caught < cuts ? [`${name}: caught in ${caught} of ${cuts} cuts`] : []),
    ...(others > 0 ? [`${name}: ${others} violations of a kind that it does not commit`] : []),
    ...(expected === 'ends, not accused' && ended < cuts
      ? [`${name}: the agent ended before ${ended} of ${cuts} cuts`]
      : []),
    ...(expected !== 'convicted' && accused > 0 ? [`${name}: accused in ${accused} of ${cuts} cuts`] : []),
    ...(twinFigures.held < twinFigures.cuts
      ? [`the honest twin of ${name}: held in ${twinFigures.held} of ${twinFigures.cuts} cuts`]
      : []),
  ]
}
