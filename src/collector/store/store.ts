/**
 * The store PORT: what the collector keeps, and what it may promise because of it.
 *
 * One conformance suite (test/contract/store.ts) holds every implementation to the MUSTs below. Expected outcomes are
 * values; what the store cannot do at all is thrown: STORE_FULL, STORE_UNAVAILABLE. The store has no clock and no
 * opinion on what the bytes of a log mean.
 */
import type {
  CampaignCounts,
  CutRecord,
  RunHead,
  RunProgress,
  RunSummary,
  RunView,
  VerifiedRun,
} from '../../core/campaign/campaign.ts'
import type { CellCounts, Facet, FactsFilter, RunLine } from '../../core/campaign/facts.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { CampaignSetup } from '../../core/campaign/setup.ts'
import type { Verdict, VerdictWord } from '../../core/verdict.ts'

export interface NewRun {
  readonly run: string
  readonly campaign: string
  /** Wall clock, ISO 8601, UTC. Not part of what makes two runs the same. */
  readonly createdAt: string
  readonly manifest: Manifest
  /** SHA-256 in hex of the key that appends to this run must carry; absent where no key is asked for. */
  readonly keyHash?: string
  /** Of a run that comes from elsewhere without its log, which was pruned there: when, and how long it was. */
  readonly logPruned?: { readonly at: string; readonly bytes: number }
}

export interface Append {
  readonly run: string
  /** Where in the log `bytes` begin. */
  readonly offset: number
  /** May be empty: then only the progress is kept. */
  readonly bytes: Uint8Array
  readonly progress?: RunProgress
  /** Wall clock, ISO 8601, UTC: when it came. */
  readonly at: string
}

export type AppendOutcome =
  /** The log is on stable storage up to `offset`, the end of these bytes; there may be more behind it. */
  | { readonly kind: 'stored'; readonly offset: number }
  /** The bytes begin beyond the end of the log, which is at `offset`; nothing was kept. */
  | { readonly kind: 'gap'; readonly offset: number }
  /** The log holds another byte at `offset`; nothing was kept. */
  | { readonly kind: 'conflict'; readonly offset: number }
  | { readonly kind: 'run-unknown' }
  /** The log was pruned; nothing was kept. */
  | { readonly kind: 'pruned' }

export const ROLES = ['enrolment', 'orchestrator', 'reader', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** A token as it is kept: nobody can have it back from this. */
export interface TokenRecord {
  /** Short, public: how it is named when it is revoked. */
  readonly id: string
  /** For people. */
  readonly name: string
  readonly role: Role
  /** SHA-256 of the token, in hex. */
  readonly hash: string
  readonly createdAt: string
  readonly expiresAt?: string
  readonly revokedAt?: string
}

/** Lines of runs, newest first. */
export interface LineQuery extends FactsFilter {
  /** Only runs that changed at this time or later. */
  readonly changedSince?: string
  readonly limit: number
}

export interface StoreTotals {
  readonly runs: number
  /** Runs by the word of their newest verdict. */
  readonly verdicts: Readonly<Record<VerdictWord, number>>
  /** Bytes of log that are kept. */
  readonly logBytes: number
  /** What the store takes on its medium, as far as it can tell. */
  readonly storeBytes: number
}

export interface PruneQuery {
  /** `logs`: the log and the bytes go, verdicts and counts stay. `runs`: everything of the run goes. */
  readonly what: 'logs' | 'runs'
  /** Only runs created before this time. */
  readonly before?: string
  /** Only as many of the oldest as must go for the logs that are left to take no more than this. */
  readonly keepBytes?: number
  readonly at: string
  /** Only tell what would go. */
  readonly dryRun: boolean
  /** Aborted, it ends behind the run that is just taken, and tells what went. */
  readonly signal?: AbortSignal
}

export interface Pruned {
  readonly runs: number
  /** Bytes of log that went, or would. */
  readonly bytes: number
  /** Runs that were spared because they have no verdict, though age or size would have taken them. */
  readonly spared: number
}

export interface CampaignRecords {
  readonly runs: number
  /** The newest verdict of each run that has one, with the run's cut where one is recorded. */
  readonly verdicts: readonly VerifiedRun[]
  /** What the runs were, by their manifests and cuts (core/campaign/setup); a manifest that is not one counts for nothing. */
  readonly setup: CampaignSetup
}

export interface RunQuery {
  readonly campaign?: string
  /** Only runs on this device, by the key in their manifests. */
  readonly device?: string
  readonly limit: number
  /** Only runs that are older than this one. */
  readonly after?: string
}

/** `read` changes nothing; `update` changes what is there, and like `read` never makes a store; `write` makes one where none is. */
export type StoreAccess = 'read' | 'update' | 'write'

export interface Store {
  /** How the store is given on the command line, without secrets. */
  readonly name: string
  /** Batches of `append` that gain from being under way at once: at least 1. */
  readonly commitsAtOnce: number

  /**
   * MUST be on stable storage when it resolves to `created`. A run that is there already MUST stay as it is: `same`
   * where campaign and manifest are equal to it, else `different`.
   */
  createRun(run: NewRun): Promise<'created' | 'same' | 'different'>

  /**
   * Applies the appends in their order and resolves to one outcome each.
   * - MUST resolve only when every byte reported `stored` is on stable storage: it survives SIGKILL and power loss.
   * - MUST make the batch stable at once, not one by one: this is what makes many agents cheap.
   * - MUST NOT change a stored byte. Where bytes overlap the log they MUST be equal to it, and only what lies beyond is kept.
   * - An append that is not stored MUST NOT keep the others of the batch from being stored.
   * - When it throws, none of the batch is acknowledged, and all that was acknowledged before MUST be intact.
   */
  append(batch: readonly Append[]): Promise<readonly AppendOutcome[]>

  /** The run without its findings, or `undefined`. */
  head(run: string): Promise<RunHead | undefined>

  /** The run in full, or `undefined`. */
  run(run: string): Promise<RunView | undefined>

  /**
   * The bytes of the log from `from` to `to`, in order, in pieces. MUST hold only one piece in memory, however long the
   * log, and MUST throw rather than leave out a byte: LOG_PRUNED or RUN_UNKNOWN where log or run was pruned, also amid the
   * reading, else STORE_UNAVAILABLE. `to` MUST NOT lie beyond the end of the log.
   */
  readLog(run: string, from: number, to: number): AsyncIterable<Uint8Array>

  /** MUST be on stable storage when it resolves. A run has one cut: telling the same again is `same`, another one `different`. */
  recordCut(run: string, cut: CutRecord, at: string): Promise<'recorded' | 'same' | 'different' | 'run-unknown'>

  /**
   * MUST be on stable storage when it resolves. Resolves to the verdict's number; where it is equal to the newest one
   * nothing is added and the number is that one's.
   */
  addVerdict(run: string, at: string, verdict: Verdict): Promise<number | 'run-unknown'>

  /**
   * A verdict under the number that it has at another collector: `stored`, or `same` where it is there already. `different`
   * where that number is another verdict's, `gap` where the numbers before it are not there yet; then nothing is kept.
   */
  putVerdict(
    run: string,
    number: number,
    at: string,
    verdict: Verdict,
  ): Promise<'stored' | 'same' | 'different' | 'gap' | 'run-unknown'>

  /** One verdict with its findings, or `undefined`. */
  verdict(run: string, number: number): Promise<Verdict | undefined>

  /** Runs, newest first; `next` is there where older ones follow. `run-unknown` where `after` is not a run. */
  runs(query: RunQuery): Promise<{ readonly runs: readonly RunSummary[]; readonly next?: string } | 'run-unknown'>

  /** Campaigns, the one with the newest run first. */
  campaigns(): Promise<readonly CampaignCounts[]>

  /** What the store has of a campaign, or `undefined` where there is no run of it. */
  campaign(name: string): Promise<CampaignRecords | undefined>

  /** Runs in one line each, newest first. */
  lines(query: LineQuery): Promise<readonly RunLine[]>

  /** Runs counted by rig, cache mode, image, cut and campaign. MUST agree with `summarise` of the same runs. */
  cells(filter: FactsFilter): Promise<readonly CellCounts[]>

  /** The values that each facet has, in ascending order. */
  facets(): Promise<Readonly<Record<Facet, readonly string[]>>>

  totals(): Promise<StoreTotals>

  /** What an append to the run must prove to know, where it was created with a key; `undefined` where there is no such run. */
  keyOf(run: string): Promise<{ readonly keyHash?: string } | undefined>

  /** MUST be on stable storage when it resolves. `taken` where a token that is not revoked has that name. */
  addToken(token: TokenRecord): Promise<'added' | 'taken'>

  /** Oldest first; revoked ones too. */
  tokens(): Promise<readonly TokenRecord[]>

  tokenByHash(hash: string): Promise<TokenRecord | undefined>

  /** MUST be on stable storage when it resolves. */
  revokeToken(id: string, at: string): Promise<'revoked' | 'already' | 'unknown'>

  /**
   * MUST NOT touch a run without a verdict, whatever is asked for. Oldest first, each run or log at once for whoever looks; only
   * a run with a long log may be seen without its log before it is gone, and stay so where the collector is killed in between.
   */
  prune(query: PruneQuery): Promise<Pruned>

  /** Throws STORE_UNAVAILABLE where the store can no longer be trusted to keep what it is given. */
  check(): Promise<void>

  close(): Promise<void>
}
