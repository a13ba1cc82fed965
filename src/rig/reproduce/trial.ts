/** A script tried on the rig: `plugpull loop` as a user runs it, a process of its own with its result on stdout. */
import { EXIT, ProbeError } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import { sizeArgument } from '../../core/size.ts'
import type { Extent } from '../../core/telling/strip.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import { monotonicMs } from '../../io/clock.ts'
import { startProcess } from '../../io/process.ts'
import { errorSaid } from '../../io/self.ts'
import { CAMPAIGN_SCHEMA, type CampaignResult, type CycleResult } from '../campaign.ts'
import type { Collector } from '../children.ts'
import { cycleSeed } from '../loop-options.ts'
import { isSameFinding } from '../../core/reproduce/goal.ts'
import { type LoopOptions, argumentsOf } from './recorded.ts'
import { type Statement, scriptText, writesOf } from '../../core/reproduce/statement.ts'

/** For the loop to give everything back once it was told to stop. */
const STOP_LIMIT_MS = 30_000

/** A run that showed the finding. */
export interface Example {
  readonly run: string
  /** Given as `--seed`, the loop's first cycle is this one again, as far as it hangs on the seed. */
  readonly seed: string
  readonly finding: Finding
}

/** How often a script showed the finding. */
export interface Showing {
  /** Cycles that were judged; others prove nothing. */
  readonly cycles: number
  readonly shown: number
  /** The first run that showed it, with what it showed. */
  readonly example?: Example
  /** Why cycles were not judged. */
  readonly problems: readonly string[]
}

export interface TrialContext {
  readonly goal: Finding
  readonly options: LoopOptions
  readonly collector: Collector
  /** Name under which the collector keeps the runs. */
  readonly campaign: string
  readonly signal: AbortSignal
}

/** The words of `plugpull loop` for a script, and for so many cycles; nothing in them says where runs are kept. */
export function loopWords(
  { goal, options }: Pick<TrialContext, 'goal' | 'options'>,
  statements: readonly Statement[],
  cycles: number,
): readonly string[] {
  const script = ['--workload', 'script', '--script', scriptText(statements), '--cycles', String(cycles)]
  return ['loop', ...argumentsOf(withNarrowRegion(goal, options, statements)), ...script]
}

/** What strikes anywhere in the region is to strike where the finding was: the region is then just what the script touches. */
const STRIKES_ANYWHERE: ReadonlySet<Finding['kind']> = new Set(['collateral', 'corrupt', 'unreadable'])
/** Whole writes of the default size, on any logical block. */
const REGION_GRAIN_SECTORS = 8

function withNarrowRegion(goal: Finding, options: LoopOptions, statements: readonly Statement[]): LoopOptions {
  if (!STRIKES_ANYWHERE.has(goal.kind)) return options
  const places: readonly Extent[] = [goal, ...writesOf(statements)]
  const grain = REGION_GRAIN_SECTORS
  const from = Math.floor(Math.min(...places.map(({ lba }) => lba)) / grain) * grain
  const to = Math.ceil(Math.max(...places.map(({ lba, sectors }) => lba + sectors)) / grain) * grain
  return new Map([...options, ['region', `${sizeArgument(from * SECTOR_BYTES)}..${sizeArgument(to * SECTOR_BYTES)}`]])
}

/** Runs so many cycles of the script. Throws INTERRUPTED, and what ended the loop in error. */
export async function tryScript(
  context: TrialContext,
  statements: readonly Statement[],
  cycles: number,
): Promise<Showing> {
  const { cycles: results } = await runLoop(context, loopWords(context, statements, cycles))
  return showingOf(context.goal, statements, results)
}

/**
 * Whether the script shows the finding in one of at most `cyclesMax` cycles: first one, for what shows always; the rest of them,
 * with another seed, only where that did not.
 */
export async function showsWithin(
  context: TrialContext,
  statements: readonly Statement[],
  cyclesMax: number,
): Promise<Showing> {
  const first = await tryScript(context, statements, 1)
  if (first.shown > 0 || cyclesMax === 1) return first
  const more = await tryScript(withOtherSeed(context, 2), statements, cyclesMax - 1)
  return {
    cycles: first.cycles + more.cycles,
    shown: more.shown,
    ...(more.example === undefined ? {} : { example: more.example }),
    problems: [...first.problems, ...more.problems],
  }
}

/** The same with other moments of the cut, and other chances where chance has a part in it. */
export function withOtherSeed(context: TrialContext, cycle: number): TrialContext {
  const seed = context.options.get('seed')
  if (typeof seed !== 'string') return context
  return { ...context, options: new Map([...context.options, ['seed', cycleSeed(seed, cycle)]]) }
}

function showingOf(goal: Finding, statements: readonly Statement[], results: readonly CycleResult[]): Showing {
  const judged = results.filter(({ verdict, problem }) => verdict !== undefined && problem === undefined)
  const showing = judged.flatMap(({ run, seed, verdict }) => {
    const finding = verdict?.findings.find((one) => isSameFinding(goal, one, statements))
    return finding === undefined ? [] : [{ run, seed, finding }]
  })
  const [example] = showing
  return {
    cycles: judged.length,
    shown: showing.length,
    ...(example === undefined ? {} : { example }),
    problems: results.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
  }
}

async function runLoop(context: TrialContext, words: readonly string[]): Promise<CampaignResult> {
  const { collector, campaign, signal } = context
  signal.throwIfAborted()
  const args = [...words, '--collector', collector.url, '--campaign', campaign, '--json', '--quiet']
  const child = startProcess(process.execPath, [collector.program.entry, ...args], {
    scratch: collector.scratch,
    pipeOutput: true,
  })
  let stdout = ''
  child.child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const abort = (): void => void child.stop(STOP_LIMIT_MS)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const { code } = await child.exited
    signal.throwIfAborted()
    if (code === EXIT.held || code === EXIT.violation || code === EXIT.inconclusive) return parseCampaign(stdout)
    const said = errorSaid(child.errorTail())
    throw new ProbeError(said?.code ?? 'RIG_FAILED', `the loop: ${said?.message ?? child.errorTail()}`)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function parseCampaign(text: string): CampaignResult {
  const parsed: unknown = JSON.parse(text)
  if (isCampaign(parsed)) return parsed
  throw new ProbeError('INTERNAL', `the loop's output is not of schema ${CAMPAIGN_SCHEMA}: ${text.slice(0, 200)}`)
}

/** Our own program of the same version wrote it, so its schema says enough. */
const isCampaign = (parsed: unknown): parsed is CampaignResult =>
  typeof parsed === 'object' && parsed !== null && 'schema' in parsed && parsed.schema === CAMPAIGN_SCHEMA

/** Trials and time that there are for shrinking. */
export class Budget {
  trials = 0
  readonly #trialsMax: number
  readonly #until: number

  constructor(trialsMax: number, limitMs: number) {
    this.#trialsMax = trialsMax
    this.#until = monotonicMs() + limitMs
  }

  /** Takes one trial; false where there is none left. */
  take(): boolean {
    if (this.trials >= this.#trialsMax || monotonicMs() >= this.#until) return false
    this.trials++
    return true
  }

  /** Aborts the signal it returns when the time is over; `done` takes that back. */
  deadline(signal: AbortSignal): { readonly signal: AbortSignal; readonly done: () => void } {
    const over = new AbortController()
    const timer = setTimeout(() => over.abort(TIME_IS_UP), Math.max(0, this.#until - monotonicMs()))
    return { signal: AbortSignal.any([signal, over.signal]), done: () => clearTimeout(timer) }
  }
}

/** Why a trial was stopped that ran into the limit. */
export const TIME_IS_UP = new ProbeError('TIMED_OUT', 'the limit of the shrinking is reached')
