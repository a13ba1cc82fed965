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
  RunProgress,
  RunSummary,
  RunView,
  VerifiedRun,
} from '../../core/campaign/campaign.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { CampaignSetup } from '../../core/campaign/setup.ts'
import type { Verdict } from '../../core/verdict.ts'

export interface NewRun {
  readonly run: string
  readonly campaign: string
  /** Wall clock, ISO 8601, UTC. Not part of what makes two runs the same. */
  readonly createdAt: string
  readonly manifest: Manifest
}

export interface Append {
  readonly run: string
  /** Where in the log `bytes` begin. */
  readonly offset: number
  /** May be empty: then only the progress is kept. */
  readonly bytes: Uint8Array
  readonly progress?: RunProgress
}

export type AppendOutcome =
  /** The log is on stable storage up to `offset`, the end of these bytes; there may be more behind it. */
  | { readonly kind: 'stored'; readonly offset: number }
  /** The bytes begin beyond the end of the log, which is at `offset`; nothing was kept. */
  | { readonly kind: 'gap'; readonly offset: number }
  /** The log holds another byte at `offset`; nothing was kept. */
  | { readonly kind: 'conflict'; readonly offset: number }
  | { readonly kind: 'run-unknown' }

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

export interface Store {
  /** How the store is given on the command line, without secrets. */
  readonly name: string

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

  /** The run in full, or `undefined`. */
  run(run: string): Promise<RunView | undefined>

  /**
   * The bytes of the log from `from` to `to`, in order, in pieces. MUST hold only one piece in memory, however long the
   * log, and MUST throw STORE_UNAVAILABLE rather than leave out a byte. `to` MUST NOT lie beyond the end of the log.
   */
  readLog(run: string, from: number, to: number): AsyncIterable<Uint8Array>

  /** MUST be on stable storage when it resolves. A run has one cut: telling the same again is `same`, another one `different`. */
  recordCut(run: string, cut: CutRecord): Promise<'recorded' | 'same' | 'different' | 'run-unknown'>

  /**
   * MUST be on stable storage when it resolves. Resolves to the verdict's number; where it is equal to the newest one
   * nothing is added and the number is that one's.
   */
  addVerdict(run: string, at: string, verdict: Verdict): Promise<number | 'run-unknown'>

  /** One verdict with its findings, or `undefined`. */
  verdict(run: string, number: number): Promise<Verdict | undefined>

  /** Runs, newest first; `next` is there where older ones follow. `run-unknown` where `after` is not a run. */
  runs(query: RunQuery): Promise<{ readonly runs: readonly RunSummary[]; readonly next?: string } | 'run-unknown'>

  /** Campaigns, the one with the newest run first. */
  campaigns(): Promise<readonly CampaignCounts[]>

  /** What the store has of a campaign, or `undefined` where there is no run of it. */
  campaign(name: string): Promise<CampaignRecords | undefined>

  /** Throws STORE_UNAVAILABLE where the store can no longer be trusted to keep what it is given. */
  check(): Promise<void>

  close(): Promise<void>
}
