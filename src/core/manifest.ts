/**
 * The head of every log: who wrote what where, and all that is needed to recompute the plan and every byte of it.
 * JSON, schema `plugpull.run/1`; additions are allowed, meanings never change (docs/FORMAT.md).
 */
import type { PlanSpec } from './plan.ts'

export const MANIFEST_SCHEMA = 'plugpull.run/1'

/** What the guest is told about the target, as far as it is told anything. Absent where the kernel does not say. */
export interface TargetFacts {
  readonly path: string
  readonly kind: 'block' | 'file'
  readonly sizeSectors: number
  readonly logicalBlockBytes: number
  readonly physicalBlockBytes?: number
  readonly dmaAlignment?: number
  readonly writeCache?: 'write back' | 'write through'
  readonly fua?: boolean
  readonly atomicWriteUnitMaxBytes?: number
  readonly rotational?: boolean
  readonly driver?: string
  readonly model?: string
  readonly serial?: string
  /** For a file: the type of the file system it lies on. */
  readonly fileSystem?: string
}

export interface Environment {
  readonly hostname: string
  readonly kernel: string
  readonly arch: string
  readonly node: string
  readonly agent: string
  readonly cpus: number
  /** Whatever the orchestrator knows that the guest cannot: cache mode, image format, QEMU version. */
  readonly labels: Readonly<Record<string, string>>
}

/** How requests are handed to the kernel: by threads with one each (pwrite), or by one with many (io_submit). */
export type IoEngine = 'psync' | 'aio'

export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA
  /** The run key: 16 hexadecimal digits, new for every run, in every stamp. */
  readonly run: string
  readonly campaign: string
  /** Identity of the target, the same for every run on it: 16 hexadecimal digits. */
  readonly device: string
  /** Wall clock at time 0 of the records, ISO 8601, UTC. */
  readonly startedAt: string
  readonly plan: PlanSpec
  readonly io: 'direct' | 'buffered' | 'dsync'
  /** Absent in logs of before there was a choice. */
  readonly ioEngine?: IoEngine
  readonly queueDepth: number
  readonly flushMode: 'barrier' | 'concurrent'
  readonly commit: 'stream' | 'wait'
  readonly baseline: 'format' | 'scan'
  /** True where the agent was told to issue writes that overlap one in flight. */
  readonly overlapInFlight: boolean
  /** The contract that follows from what the guest was told, as on the command line. */
  readonly contract: string
  readonly target: TargetFacts
  readonly environment: Environment
}
