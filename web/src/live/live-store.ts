/**
 * What goes on, kept from the first answer and then from events. Events are states of runs: the newer one wins, and hearing
 * one twice changes nothing. Speeds follow from two successive progresses of a run, by the collector's clock.
 */
import type { CutRecord, RunProgress } from '../../../src/core/campaign/campaign.ts'
import type { RunLine, RunOutcome } from '../../../src/core/campaign/facts.ts'
import { hasEndedByItself, isUnderWay, type LiveView, type ProgressLine } from '../../../src/core/view/live-view.ts'

export interface Speed {
  readonly writesPerS: number
  readonly flushesPerS: number
}

export interface Agent {
  readonly line: RunLine
  readonly speed: Speed | undefined
}

export type Happening =
  | { readonly kind: 'cut'; readonly at: string; readonly line: RunLine; readonly cut: CutRecord }
  | { readonly kind: 'verdict'; readonly at: string; readonly line: RunLine; readonly outcome: RunOutcome }
  | { readonly kind: 'ended'; readonly at: string; readonly line: RunLine; readonly failed: boolean }

const HAPPENINGS_MAX = 100
/** How much a new measurement counts against what was known: appends come in bursts. */
const FRESH = 0.5

export class LiveStore {
  readonly #lines = new Map<string, RunLine>()
  readonly #speeds = new Map<string, Speed>()

  constructor({ agents, cuts, verdicts, ended }: Pick<LiveView, 'agents' | 'cuts' | 'verdicts' | 'ended'>) {
    for (const line of [...ended, ...verdicts, ...cuts, ...agents]) this.#lines.set(line.run, line)
  }

  /** A run as a whole. False where it is no news. */
  take(line: RunLine): boolean {
    const before = this.#lines.get(line.run)
    if (before !== undefined && before.changedAt > line.changedAt) return false
    this.#measure(before, line)
    this.#lines.set(line.run, line)
    return JSON.stringify(before) !== JSON.stringify(line)
  }

  /** Only how far a run has got. A run that is not known yet is told as a whole by its own event. */
  progress(line: ProgressLine): boolean {
    const before = this.#lines.get(line.run)
    return before !== undefined && this.take({ ...before, ...line })
  }

  agents(nowMs: number): readonly Agent[] {
    return [...this.#lines.values()]
      .filter((line) => isUnderWay(line, nowMs))
      .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : a.run < b.run ? -1 : 1))
      .map((line) => ({ line, speed: this.#speeds.get(line.run) }))
  }

  /** Cuts, verdicts and ends without either, the newest first. */
  happenings(): readonly Happening[] {
    return [...this.#lines.values()]
      .flatMap(happeningsOf)
      .toSorted((a, b) => (a.at < b.at ? 1 : -1))
      .slice(0, HAPPENINGS_MAX)
  }

  #measure(before: RunLine | undefined, after: RunLine): void {
    if (before?.progress === undefined || after.progress === undefined) return
    const seconds = (Date.parse(after.heardAt) - Date.parse(before.heardAt)) / 1000
    if (seconds <= 0) return
    const now = speedBetween(before.progress, after.progress, seconds)
    const known = this.#speeds.get(after.run)
    this.#speeds.set(after.run, known === undefined ? now : blended(known, now))
  }
}

const speedBetween = (before: RunProgress, after: RunProgress, seconds: number): Speed => ({
  writesPerS: Math.max(0, after.completed - before.completed) / seconds,
  flushesPerS: Math.max(0, after.flushes - before.flushes) / seconds,
})

const blended = (known: Speed, now: Speed): Speed => ({
  writesPerS: known.writesPerS + FRESH * (now.writesPerS - known.writesPerS),
  flushesPerS: known.flushesPerS + FRESH * (now.flushesPerS - known.flushesPerS),
})

function happeningsOf(line: RunLine): Happening[] {
  const { cutRecord, outcome, changedAt, heardAt, progress } = line
  if (hasEndedByItself(line)) return [{ kind: 'ended', at: heardAt, line, failed: progress?.state === 'failed' }]
  return [
    ...(cutRecord === undefined ? [] : [{ kind: 'cut', at: cutRecord.at, line, cut: cutRecord } as const]),
    ...(outcome === undefined ? [] : [{ kind: 'verdict', at: changedAt, line, outcome } as const]),
  ]
}
