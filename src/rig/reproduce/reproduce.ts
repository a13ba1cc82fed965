/**
 * From a finding to the shortest script that shows it again on its rig: candidates from the model, delta debugging with real
 * cuts, then a count of how often the result shows it. Every trial is a `plugpull loop` of its own (trial.ts).
 */
import { parseContract } from '../../core/contract.ts'
import { ProbeError } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import { type Proportion, proportion } from '../../core/statistics.ts'
import { type StripCell, coveringWrites, runsFoundFor, stripOf } from '../../core/telling/strip.ts'
import { WRITE_SECTORS_MAX } from '../../core/plan.ts'
import { loadHistory } from '../../io/load-history.ts'
import { collectorLog } from '../../io/log-source.ts'
import { type Candidate } from '../../core/reproduce/candidates.ts'
import { ddmin } from './ddmin.ts'
import { isAsGood, isRare } from './rate.ts'
import { canShow, isBesideWrites, otherScript } from '../../core/reproduce/goal.ts'
import { type Statement, scriptText, withoutIdleFlushes } from '../../core/reproduce/statement.ts'
import {
  Budget,
  type Example,
  type Showing,
  TIME_IS_UP,
  type TrialContext,
  showsWithin,
  tryScript,
  withOtherSeed,
} from './trial.ts'

/** The count at the end takes other seeds than the trials did: what was chosen for showing must not count itself. */
const COUNT_SEED = 0xc0

/** Cycles that a shorter script gets for each one that the longer needed. */
const PATIENCE = 3

export interface Bounds {
  readonly trialsMax: number
  readonly limitMs: number
  /** Cycles of a trial before it counts as "does not show". */
  readonly trialCycles: number
  /** Cycles of the count at the end. */
  readonly cycles: number
}

/** What a trial came to, for those who watch. */
export interface TrialNews {
  readonly number: number
  readonly statements: number
  readonly script: string
  readonly showing: Showing
}

export interface Listener {
  onCandidate(candidate: Candidate): void
  onTrial(news: TrialNews): void
  /** A shorter script shows it. */
  onShorter(statements: readonly Statement[]): void
}

/** A finding of the final count, with its sectors as the model sees them. */
export interface ShownAgain {
  readonly run: string
  readonly finding: Finding
  readonly cells: readonly StripCell[]
}

export interface Reproduction {
  /** The shortest script that showed it; where none did, the shortest that the model suggests. */
  readonly statements: readonly Statement[]
  readonly outcome: 'shown' | 'not-shown'
  /** Where the finding comes from a script of so many statements. */
  readonly from: number
  readonly trials: number
  /** Whether taking away any one statement hides it, as far as the trials tell. */
  readonly isMinimal: boolean
  /** Statements that were left out in a trial of the rest, which then did not show it. */
  readonly triedWithout: number
  /** Out of the judged cycles of the count at the end, none of which chose the script. */
  readonly shows: Proportion
  /** Seed of that count, where the rig follows one. */
  readonly countSeed?: string
  /** Where the script touches no sector of the finding: another script, and what it showed of the same. */
  readonly other?: { readonly script: string; readonly shown: number; readonly cycles: number }
  /** In the trial that found the script. */
  readonly inTrial?: { readonly shown: number; readonly cycles: number; readonly seed: string }
  readonly example?: ShownAgain
  /** Why cycles could not be judged. */
  readonly problems: readonly string[]
}

/** Shrinks and counts. Throws INTERRUPTED, and what ended a loop in error. */
export async function reproduce(
  candidates: readonly Candidate[],
  context: TrialContext,
  bounds: Bounds,
  listener: Listener,
): Promise<Reproduction> {
  const [shortest] = candidates
  if (shortest === undefined)
    throw new ProbeError('BAD_OPTION', 'the log of the run holds no write: there is nothing to shrink')
  const search = new Search(context, bounds, listener)
  const start = await search.firstThatShows(candidates)
  const from = candidates.at(-1)?.statements.length ?? 0
  if (start === undefined) {
    const { trials, problems } = search
    return {
      statements: shortest.statements,
      outcome: 'not-shown',
      from,
      trials,
      isMinimal: false,
      triedWithout: 0,
      shows: proportion(0, search.cycles),
      problems,
    }
  }
  const { items, isMinimal } = await ddmin(start.statements, (statements) =>
    search.shows(withoutIdleFlushes(statements)),
  )
  const statements = withoutIdleFlushes(items)
  const triedWithout = statements.filter((_, at) =>
    search.hides(withoutIdleFlushes(statements.toSpliced(at, 1))),
  ).length
  const counted = await countOf(context, statements, search.showingOf(statements), bounds)
  return {
    ...counted,
    statements,
    // What one trial showed and no cycle of the count did is nothing that anybody could show again.
    outcome: counted.shows.count === 0 && counted.shows.of > 0 ? 'not-shown' : 'shown',
    from,
    trials: search.trials,
    isMinimal,
    triedWithout,
    problems: [...search.problems, ...counted.problems],
  }
}

type Counted = Pick<Reproduction, 'shows' | 'countSeed' | 'other' | 'inTrial' | 'example' | 'problems'>

/** How often the script that was found shows it, and what else is to be said of it; `found`: what its trial showed. */
async function countOf(
  context: TrialContext,
  statements: readonly Statement[],
  found: Showing | undefined,
  bounds: Bounds,
): Promise<Counted> {
  const anew = withOtherSeed(context, COUNT_SEED)
  const { shown, cycles, example: counted, problems } = await tryScript(anew, statements, bounds.cycles)
  const seed = anew.options.get('seed')
  const example = counted ?? found?.example
  const isBeside = example !== undefined && isBesideWrites(example.finding, statements)
  return {
    shows: proportion(shown, cycles),
    ...(typeof seed === 'string' ? { countSeed: seed } : {}),
    ...(isBeside ? { other: await otherShowing(context, example.finding, statements, bounds.trialCycles) } : {}),
    ...(found?.example === undefined
      ? {}
      : { inTrial: { shown: found.shown, cycles: found.cycles, seed: found.example.seed } }),
    ...(example === undefined ? {} : { example: await lookAt(example, context) }),
    problems,
  }
}

/** What a script shows of the finding that writes elsewhere altogether: whether the finding hangs on what was written. */
async function otherShowing(
  context: TrialContext,
  found: Finding,
  statements: readonly Statement[],
  cyclesMax: number,
): Promise<NonNullable<Reproduction['other']>> {
  const other = otherScript(context.goal, found, statements)
  const { shown, cycles } = await showsWithin(context, other, cyclesMax)
  return { script: scriptText(other), shown, cycles }
}

/** The trials so far. A script is tried once; what it showed is remembered. */
class Search {
  /** Judged cycles of all trials. */
  cycles = 0
  readonly problems: string[] = []
  readonly #context: TrialContext
  readonly #bounds: Bounds
  readonly #listener: Listener
  readonly #budget: Budget
  readonly #known = new Map<string, Showing>()
  /** What the script showed that is being shortened. */
  #taken: Showing | undefined
  /** Cycles of the next trial: a shorter script must not show the finding much more rarely than the one it is taken from. */
  #patience: number

  constructor(context: TrialContext, bounds: Bounds, listener: Listener) {
    this.#context = context
    this.#bounds = bounds
    this.#listener = listener
    this.#patience = bounds.trialCycles
    this.#budget = new Budget(bounds.trialsMax, bounds.limitMs)
  }

  get trials(): number {
    return this.#budget.trials
  }

  /** What the trial of a script came to, where it was tried. */
  showingOf(statements: readonly Statement[]): Showing | undefined {
    return this.#known.get(scriptText(statements))
  }

  /** Whether the script was tried, judged, and did not show it, or much more rarely than what was taken. */
  hides(statements: readonly Statement[]): boolean {
    const showing = this.showingOf(statements)
    return showing !== undefined && showing.cycles > 0 && !isAsGood(showing, this.#taken)
  }

  async firstThatShows(candidates: readonly Candidate[]): Promise<Candidate | undefined> {
    let rare: Candidate | undefined
    for (const candidate of candidates) {
      this.#listener.onCandidate(candidate)
      const shows = await this.shows(candidate.statements)
      if (shows === undefined) break
      if (!shows) continue
      if (!isRare(this.showingOf(candidate.statements))) return candidate
      // A longer one may show it reliably: that is then what is shortened.
      rare ??= candidate
      this.#taken = undefined
      this.#patience = this.#bounds.trialCycles
    }
    this.#taken = rare === undefined ? undefined : this.showingOf(rare.statements)
    return rare
  }

  /** Whether the script shows the finding; `undefined` where trials or time are spent. */
  async shows(statements: readonly Statement[]): Promise<boolean | undefined> {
    if (!canShow(this.#context.goal, statements)) return false
    const script = scriptText(statements)
    const known = this.#known.get(script)
    if (known !== undefined) return isAsGood(known, this.#taken)
    if (!this.#budget.take()) return undefined
    const showing = await this.#try(statements)
    if (showing === undefined) return undefined
    this.cycles += showing.cycles
    this.problems.push(...showing.problems)
    const shows = isAsGood(showing, this.#taken)
    if (shows) {
      this.#taken = showing
      this.#patience = Math.min(this.#bounds.trialCycles, PATIENCE * Math.ceil(showing.cycles / showing.shown))
    }
    this.#known.set(script, showing)
    this.#listener.onTrial({ number: this.trials, statements: statements.length, script, showing })
    if (shows) this.#listener.onShorter(statements)
    return shows
  }

  async #try(statements: readonly Statement[]): Promise<Showing | undefined> {
    const { signal, done } = this.#budget.deadline(this.#context.signal)
    try {
      return await showsWithin({ ...this.#context, signal }, statements, this.#patience)
    } catch (error) {
      if (error === TIME_IS_UP) return undefined
      throw error
    } finally {
      done()
    }
  }
}

/** The finding's sectors, from the log that the trial left at the collector. */
async function lookAt({ run, finding }: Example, { collector, signal }: TrialContext): Promise<ShownAgain> {
  const { verdict } = await collector.client.run(run)
  const history = await loadHistory(await collectorLog(collector.client, run), signal)
  const contract = parseContract(verdict?.contract ?? history.manifest.contract)
  const place = { lba: finding.lba, sectors: Math.min(finding.sectors, WRITE_SECTORS_MAX) }
  const covering = coveringWrites(history, contract, place)
  const runs = runsFoundFor(finding, verdict?.findings ?? [])
  return { run, finding, cells: stripOf(history, place, covering, runs) }
}
