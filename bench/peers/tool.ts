/** What a tool for crash tests is to this benchmark: it writes until the power goes, and then says what it holds against the disk. */
import type { Scratch } from '../../src/io/scratch.ts'
import type { Victim } from '../../src/rig/rig.ts'

/** What a verification said counts, not how it ended: fio ends with 0 although it reported errors that it was to go on after. */
export const ANY_STATUS: readonly number[] = Array.from({ length: 256 }, (_, status) => status)

/** How a tool is told to write. */
export interface Setting {
  /** Writes between two flushes. */
  readonly flushEvery: number
  /** Whether blocks are written again and again, or each at most once. */
  readonly overwrites: boolean
}

export interface Job {
  /** The disk, as a file. */
  readonly disk: string
  readonly sizeBytes: number
  /** Outlives the cut: state, logs. */
  readonly directory: string
  readonly scratch: Scratch
  readonly seed: number
  /** What the cut kills first. */
  readonly hostVictims: readonly [Victim, Victim]
  /** Ends a verification at once. */
  readonly signal: AbortSignal
}

export interface Working {
  /** Its processes that lose their power together with the disk; none where it runs on a machine that does not. */
  readonly victims: readonly Victim[]
  /** Resolves with its last words when it ends. */
  readonly ended: Promise<string>
  /** Where the tool takes the power away by itself: asks it to. */
  readonly cutByItself?: () => void
  /** After the cut: waits until its records are complete, and makes sure that nothing of it is left. */
  finish(): Promise<void>
  /** Makes sure that nothing of it is left, at once. */
  abandon(): Promise<void>
}

/** One thing that a tool holds against the disk, in its own words without the numbers. */
export interface Accusation {
  readonly text: string
  readonly offset: number
  readonly bytes: number
  /** Whether it says which write is concerned. */
  readonly namesWrite: boolean
}

export interface Report {
  /** Whether it comes to a result at all. */
  readonly word: 'faulty' | 'sound' | 'cannot tell'
  readonly accusations: readonly Accusation[]
  /** Where it comes to none, why. */
  readonly said?: string
  readonly ms: number
}

export interface Tool {
  /** Names the row. */
  readonly name: string
  readonly version: string
  readonly setting: Setting
  /** What happens to it when the disk loses its power, for the page. */
  readonly fate: string
  /** Its command lines, for the page. */
  readonly commands: readonly string[]
  start(job: Job): Promise<Working>
  verify(job: Job, image: string): Promise<Report>
}
