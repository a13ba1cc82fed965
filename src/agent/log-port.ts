/**
 * Where a run's log goes: one small port, and the error for when it takes no more. Implementations: file-log, collector-log.
 */
import type { RunProgress } from '../core/campaign/campaign.ts'

/** How far a log is after an append. */
export interface AppendOutcome {
  /** Every byte before this is on stable storage. */
  readonly stable: number
  /** The next append MUST begin here. */
  readonly next: number
}

/**
 * An append-only log on the other side.
 *
 * An implementation
 * - MUST report as stable only what survives the loss of this machine (collector) or of its power (file);
 * - MUST keep the bytes in the order of their offsets, each once, however often an append is repeated;
 * - MAY leave bytes not yet stable unless `urgent`, but for a bounded time only as long as appends go on;
 * - MUST retry by itself what may pass by itself, and reject with a ProbeError what does not.
 */
export interface LogPort {
  append(offset: number, bytes: Uint8Array, urgent: boolean, progress: RunProgress): Promise<AppendOutcome>
  close(): Promise<void>
}
