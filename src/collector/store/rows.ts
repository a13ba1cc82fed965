/** Rows of the store's tables, and what they are as values of ours. No statement is here. */
import type { RunSummary } from '../../core/campaign/campaign.ts'
import { FACETS, type RunFacts, type RunLine, type RunOutcome } from '../../core/campaign/facts.ts'
import type { VerdictWord } from '../../core/verdict.ts'
import type { SqlValue } from './database.ts'
import type { Role, TokenRecord } from './store.ts'

export interface RunRow {
  readonly run: string
  readonly campaign: string
  readonly created_at: string
  readonly cut: string | null
  readonly bytes: number
  readonly progress: string | null
  readonly pruned_at: string | null
  readonly verdict_number: number
  readonly summary: string | null
}

export interface OutcomeRow {
  readonly word: VerdictWord | null
  readonly was_cut: number
  readonly shows_all: number
  readonly lost: number
  readonly torn: number
  readonly reordered: number
  readonly other: number
  readonly lied_flushes: number
  readonly lost_writes: number
  readonly lost_bytes: number
  readonly oldest_lost_ms: number
}

export interface LineRow extends RunFacts, OutcomeRow {
  readonly run: string
  readonly campaign: string
  readonly created_at: string
  readonly changed_at: string
  readonly heard_at: string
  readonly bytes: number
  readonly progress: string | null
  readonly cut_record: string | null
}

export interface TokenRow {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly hash: string
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

/** What is left of a value once it has been JSON: compared with what is stored, which has been. */
export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

export function summaryOf(row: RunRow): RunSummary {
  return {
    run: row.run,
    campaign: row.campaign,
    createdAt: row.created_at,
    bytes: row.bytes,
    ...(row.pruned_at === null ? {} : { logPruned: row.pruned_at }),
    ...(row.progress === null ? {} : { progress: JSON.parse(row.progress) }),
    ...(row.cut === null ? {} : { cut: JSON.parse(row.cut) }),
    ...(row.summary === null ? {} : { verdict: JSON.parse(row.summary) }),
  }
}

/** PostgreSQL's text holds no NUL; what turns the direction of text around would turn the rest of a sentence around. */
const UNFIT = /[\0\u202a-\u202e\u2066-\u2069]/g

/** Values of FACT_COLUMNS. */
export const factValues = (facts: RunFacts): readonly string[] =>
  [...FACETS, 'target' as const, 'flush' as const].map((name) =>
    facts[name].replaceAll(UNFIT, '').slice(0, FACT_LENGTH_MAX),
  )

/** Longer ones are cut: they are for filters and lists, the manifest has them whole. */
const FACT_LENGTH_MAX = 300

/** Values of OUTCOME_COLUMNS. */
export function outcomeValues(number: number, outcome: RunOutcome): readonly SqlValue[] {
  return [
    number,
    outcome.word,
    outcome.wasCut ? 1 : 0,
    outcome.showsAll ? 1 : 0,
    outcome.lost,
    outcome.torn,
    outcome.reordered,
    outcome.other,
    outcome.liedFlushes,
    outcome.lostWrites,
    outcome.lostBytes,
    outcome.oldestLostMs,
  ]
}

export function lineOf(row: LineRow): RunLine {
  const outcome = outcomeOfRow(row)
  return {
    ...factsOfRow(row),
    run: row.run,
    campaign: row.campaign,
    createdAt: row.created_at,
    changedAt: row.changed_at > row.heard_at ? row.changed_at : row.heard_at,
    heardAt: row.heard_at,
    bytes: row.bytes,
    ...(row.progress === null ? {} : { progress: JSON.parse(row.progress) }),
    ...(row.cut_record === null ? {} : { cutRecord: JSON.parse(row.cut_record) }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

const factsOfRow = (row: LineRow): RunFacts => ({
  rig: row.rig,
  cache: row.cache,
  image: row.image,
  cut: row.cut,
  bus: row.bus,
  fault: row.fault,
  control: row.control,
  qemu: row.qemu,
  kernel: row.kernel,
  host: row.host,
  workload: row.workload,
  contract: row.contract,
  target: row.target,
  flush: row.flush,
})

function outcomeOfRow(row: OutcomeRow): RunOutcome | undefined {
  if (row.word === null) return undefined
  return {
    word: row.word,
    wasCut: row.was_cut === 1,
    showsAll: row.shows_all === 1,
    lost: row.lost,
    torn: row.torn,
    reordered: row.reordered,
    other: row.other,
    liedFlushes: row.lied_flushes,
    lostWrites: row.lost_writes,
    lostBytes: row.lost_bytes,
    oldestLostMs: row.oldest_lost_ms,
  }
}

export const tokenOf = (row: TokenRow): TokenRecord => ({
  id: row.id,
  name: row.name,
  role: row.role,
  hash: row.hash,
  createdAt: row.created_at,
  ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
})
