/**
 * The lines of an export to where they are stored, slice by slice. A slice has the run line of every run that it speaks of
 * before the run's other lines, so it can be applied alone, and again; where the run began in an earlier one the line says so. a run that turned out to be in conflict is left out from there on.
 */
import { ProbeError } from '../../core/errors.ts'
import type { Applied, Conflict } from './apply.ts'
import { encodeLine } from './codec.ts'
import type { RunHead, RunPart } from './line.ts'
import type { CheckedLine, ExportReader } from './read-export.ts'

/** A slice is closed when it has this many bytes or lines: one answer must not take too long. */
export const SLICE_BYTES = 4 << 20
export const SLICE_LINES = 256

export interface SliceLine {
  readonly line: RunPart
  /** Without a newline. */
  readonly bytes: Buffer
}

/** The run line with which a later slice goes on with the run. */
export function continued(head: RunHead): SliceLine {
  const line: RunHead = { ...head, continued: true }
  return { line, bytes: encodeLine(line).subarray(0, -1) }
}

/** Where lines go: a store, or a collector. Applying a slice again MUST change nothing. */
export interface ImportSink {
  readonly name: string
  apply(slice: readonly SliceLine[]): Promise<Applied>
}

export interface Imported extends Applied {
  /** Lines of kinds that this version does not know. */
  readonly unknown: number
}

export interface ImportOptions {
  readonly signal: AbortSignal
  /** Told after each slice. */
  readonly onSlice: (soFar: Applied) => void
}

export const NOTHING: Applied = {
  run: { stored: 0, same: 0 },
  log: { stored: 0, same: 0 },
  cut: { stored: 0, same: 0 },
  verdict: { stored: 0, same: 0 },
  bytes: 0,
  complete: 0,
  pruned: 0,
  conflicts: [],
}

/** Imports all; what came before a line that cannot be read is kept, and the error names the line. */
export async function importLines(reader: ExportReader, sink: ImportSink, options: ImportOptions): Promise<Imported> {
  const slicer = new Slicer(sink, options)
  try {
    for await (const checked of reader.lines) await slicer.add(checked)
  } catch (error) {
    if (!(error instanceof ProbeError) || error.code !== 'EXPORT_UNREADABLE') throw error
    await slicer.send()
    const { complete } = slicer.applied
    throw new ProbeError(
      'EXPORT_UNREADABLE',
      `${error.message}; ${complete === 1 ? '1 run' : `${complete} runs`} before it ${complete === 1 ? 'is' : 'are'} imported whole; get the file anew and import it again, nothing is doubled`,
      { cause: error },
    )
  }
  await slicer.send()
  const unknown = [...reader.unknown.values()].reduce((sum, count) => sum + count, 0)
  return { ...slicer.applied, unknown }
}

class Slicer {
  readonly #sink: ImportSink
  readonly #options: ImportOptions
  readonly #refused = new Set<string>()
  #applied: Applied = NOTHING
  #head: RunHead | undefined
  #slice: SliceLine[] = []
  #bytes = 0

  constructor(sink: ImportSink, options: ImportOptions) {
    this.#sink = sink
    this.#options = options
  }

  get applied(): Applied {
    return this.#applied
  }

  async add({ line, bytes }: CheckedLine): Promise<void> {
    if (line.kind === 'header' || line.kind === 'end') return
    if (this.#slice.length >= SLICE_LINES || this.#bytes + bytes.length > SLICE_BYTES) await this.send()
    if (this.#refused.has(line.run)) return
    const part = { line, bytes }
    if (line.kind === 'run') this.#head = line
    else if (this.#slice.length === 0 && this.#head !== undefined) this.#put(continued(this.#head))
    this.#put(part)
  }

  #put(part: SliceLine): void {
    this.#slice.push(part)
    this.#bytes += part.bytes.length
  }

  async send(): Promise<void> {
    this.#options.signal.throwIfAborted()
    if (this.#slice.length === 0) return
    const slice = this.#slice
    this.#slice = []
    this.#bytes = 0
    const applied = await this.#sink.apply(slice)
    for (const { run } of applied.conflicts) this.#refused.add(run)
    this.#applied = sum(this.#applied, applied)
    this.#options.onSlice(this.#applied)
  }
}

const both = (a: Applied, b: Applied, kind: Conflict['kind']): { readonly stored: number; readonly same: number } => ({
  stored: a[kind].stored + b[kind].stored,
  same: a[kind].same + b[kind].same,
})

export const sum = (a: Applied, b: Applied): Applied => ({
  run: both(a, b, 'run'),
  log: both(a, b, 'log'),
  cut: both(a, b, 'cut'),
  verdict: both(a, b, 'verdict'),
  bytes: a.bytes + b.bytes,
  complete: a.complete + b.complete,
  pruned: a.pruned + b.pruned,
  conflicts: [...a.conflicts, ...b.conflicts],
})
