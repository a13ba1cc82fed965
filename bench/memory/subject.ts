/** What is weighed: one subject a file in subjects/, listed in subjects.ts, and one row of the page each. */
import type { ProcessMemory } from '../process-figures.ts'

export interface MemorySubject {
  /** One word: what `--only` takes. */
  readonly name: string
  /** The row: `collector with 1,000 idle agents`. */
  readonly title: string
  /** The peak has to stay below. */
  readonly limitBytes: number
  /** What exactly was done, one or two sentences for the page. */
  readonly how: string
  /** Starts it, lets it do what it is weighed at, asks the kernel, ends it. */
  readonly weigh: (signal: AbortSignal) => Promise<ProcessMemory>
}
