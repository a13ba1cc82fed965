/** One recorded run, cut at every point of its write log: what the judge says of each state, held against what it has to say. */
import { parseContract } from '../../src/core/contract.ts'
import { HistoryBuilder } from '../../src/core/history.ts'
import { Judge } from '../../src/core/judge.ts'
import { Prng, hexOf, keyOf, randomBits } from '../../src/core/prng.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { LogDecoder } from '../../src/core/wire.ts'
import { type AgentLog, prefixOf } from './agent-log.ts'
import type { BlockHistory } from './block-history.ts'
import { pointsOfRecords, prefixLength } from './cut-points.ts'
import { type DeviceState, HONEST, type HonestName, LIARS, type LiarName, type Rule } from './device-state.ts'
import { brokenSectors, stableWrites } from './expected.ts'

export interface Recording {
  readonly log: AgentLog
  readonly blocks: BlockHistory
}

/** What the judge said of the states of one rule. */
export interface RuleResult {
  readonly rule: HonestName | LiarName
  readonly honest: boolean
  /** States made; at some points a liar finds nothing to do. */
  readonly states: number
  readonly held: number
  readonly inconclusive: number
  readonly violation: number
  /** States in which a hazard was found. */
  readonly withHazards: number
  /** States that break the contract, by the write log alone. */
  readonly broken: number
  readonly missed: number
  readonly falselyAccused: number
}

export interface ReplayResult {
  /** Requests in the write log. */
  readonly entries: number
  readonly points: number
  /** Flushes that the agent's log says were done, and those of them that go with the last point: fewer, and the logs do not fit. */
  readonly flushes: number
  readonly flushesReached: number
  readonly rules: readonly RuleResult[]
  /** The first few states on which the judge and the write log disagree: none is what there has to be. */
  readonly disagreements: readonly string[]
}

export interface ReplayOptions {
  /** 16 hexadecimal digits: every random choice follows from it. */
  readonly seed: string
  readonly signal: AbortSignal
  /** Every how manieth point; 1 is all of them. */
  readonly stride?: number
  readonly onPoint?: (done: number, of: number) => void
}

const FINDINGS_MAX = 20
const DISAGREEMENTS_MAX = 10

/** Cuts the recording at its points under every rule. */
export async function replay(recording: Recording, options: ReplayOptions): Promise<ReplayResult> {
  const { log, blocks } = recording
  const prefixes = pointsOfRecords(log, blocks)
  const points = pointsOf(blocks, options.stride ?? 1)
  const tallies = [...rulesOf(HONEST, true), ...rulesOf(LIARS, false)].map((rule) => new RuleTally(rule))
  const disagreements: string[] = []
  for (const [done, point] of points.entries()) {
    const count = prefixLength(prefixes, point)
    const prefix = { bytes: prefixOf(log, count), stable: stableWrites(log, count) }
    for (const tally of tallies) {
      const wrong = tally.judgeAt(recording, point, prefix, options.seed)
      if (wrong !== undefined && disagreements.length < DISAGREEMENTS_MAX) disagreements.push(wrong)
    }
    options.onPoint?.(done + 1, points.length)
    // Between two points Ctrl-C is heard.
    await new Promise((resolve) => setImmediate(resolve))
    options.signal.throwIfAborted()
  }
  return {
    entries: blocks.entries.length,
    points: points.length,
    flushes: flushesIn(log, log.records.length),
    flushesReached: flushesIn(log, prefixLength(prefixes, blocks.entries.length)),
    rules: tallies.map((tally) => tally.result()),
    disagreements,
  }
}

const flushesIn = ({ records }: AgentLog, count: number): number =>
  records.slice(0, count).filter(({ kind }) => kind === 'flush-complete').length

function pointsOf({ ready, entries }: BlockHistory, stride: number): readonly number[] {
  const count = Math.floor((entries.length - ready) / stride) + 1
  return Array.from({ length: Math.max(0, count) }, (_, i) => ready + i * stride)
}

interface NamedRule {
  readonly name: HonestName | LiarName
  readonly honest: boolean
  readonly make: Rule
  /** Tells its random choices from those of the other rules. */
  readonly lane: number
}

const rulesOf = <Name extends HonestName | LiarName>(
  rules: Readonly<Record<Name, Rule>>,
  honest: boolean,
): readonly NamedRule[] =>
  namesOf(rules).map((name, i) => ({ name, honest, make: rules[name], lane: i + (honest ? 0 : 16) }))

function namesOf<Name extends string>(rules: Readonly<Record<Name, Rule>>): readonly Name[] {
  const isName = (name: string): name is Name => Object.hasOwn(rules, name)
  return Object.keys(rules).filter(isName)
}

interface Prefix {
  readonly bytes: Uint8Array
  readonly stable: ReadonlySet<number>
}

class RuleTally {
  readonly #rule: NamedRule
  readonly #counts = {
    states: 0,
    held: 0,
    inconclusive: 0,
    violation: 0,
    withHazards: 0,
    broken: 0,
    missed: 0,
    falselyAccused: 0,
  }

  constructor(rule: NamedRule) {
    this.#rule = rule
  }

  /** Makes and judges the state at that point; a sentence where judge and write log disagree. */
  judgeAt({ log, blocks }: Recording, point: number, prefix: Prefix, seed: string): string | undefined {
    const { region } = log.manifest.plan
    const random = new Prng({ ...keyOf(seed), lo: randomBits(keyOf(seed), point, this.#rule.lane) })
    const state = this.#rule.make(blocks, point, region, random)
    if (state === undefined) return undefined
    const broken = brokenSectors(state, region, blocks, prefix.stable).length > 0
    const verdict = judged(state, prefix.bytes, log.manifest.contract)
    const accused = verdict.verdict === 'violation'
    this.#count(verdict, broken)
    if (accused === broken) return undefined
    const found = verdict.findings.map(({ explanation }) => explanation).slice(0, 3)
    return `point ${point}, ${this.#rule.name}, seed ${hexOf(keyOf(seed))}: ${broken ? 'broken and not accused' : `accused and not broken: ${found.join('; ')}`}`
  }

  #count({ verdict, hazards }: Verdict, broken: boolean): void {
    const counts = this.#counts
    counts.states++
    counts[verdict]++
    if (Object.values(hazards).some((count) => count > 0)) counts.withHazards++
    if (broken) counts.broken++
    if (broken && verdict !== 'violation') counts.missed++
    if (!broken && verdict === 'violation') counts.falselyAccused++
  }

  result(): RuleResult {
    return { rule: this.#rule.name, honest: this.#rule.honest, ...this.#counts }
  }
}

/** The verdict on a state, from its bytes and the log alone. */
export function judged(state: DeviceState, log: Uint8Array, contract: string): Verdict {
  const builder = new HistoryBuilder(log.length)
  const decoder = new LogDecoder(builder)
  decoder.push(log)
  const judge = new Judge(builder.finish(decoder.end()), parseContract(contract), { findingsMax: FINDINGS_MAX })
  const [range, ...more] = judge.ranges()
  if (range === undefined || more.length > 0) throw new Error('a replayed region is one range of the judge')
  judge.range(range.lba, range.sectors, state.buffer)
  return judge.finish()
}
