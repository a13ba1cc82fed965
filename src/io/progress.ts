/**
 * Progress of something long, on stderr: a bar that redraws itself at a terminal, a plain line every few seconds
 * elsewhere, nothing where it is not wanted. Never on stdout, which belongs to results.
 */
import { formatMs } from '../core/size.ts'
import { monotonicMs } from './clock.ts'

/** As much of a terminal as is used. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressOptions {
  /** What is going on: `reading /dev/vdb`. */
  readonly label: string
  /** Where 100 % is; absent where nobody knows. */
  readonly total?: number
  /** How amounts are written; plain numbers by default. */
  readonly format?: (amount: number) => string
  readonly quiet?: boolean
  readonly stream?: ProgressStream
}

export interface Progress {
  /** The amount done so far, and something to say beside it. Cheap: draws a few times a second at most. */
  update(done: number, note?: string): void
  /** Removes the bar, or ends with a line. MUST be called, also on failure. */
  finish(note?: string): void
}

const REDRAW_MS = 100
const LINE_EVERY_MS = 5000
const BAR_CELLS = 24

const SILENT: Progress = { update: () => undefined, finish: () => undefined }

class Meter implements Progress {
  readonly #options: ProgressOptions
  readonly #stream: ProgressStream
  readonly #everyMs: number
  readonly #startedMs = monotonicMs()
  #drawnMs: number
  #drawn = false

  constructor(options: ProgressOptions, stream: ProgressStream) {
    this.#options = options
    this.#stream = stream
    this.#everyMs = stream.isTTY === true ? REDRAW_MS : LINE_EVERY_MS
    // The first line comes after one interval: what is quick says nothing.
    this.#drawnMs = this.#startedMs
  }

  update(done: number, note = ''): void {
    const now = monotonicMs()
    if (now - this.#drawnMs < this.#everyMs) return
    this.#drawnMs = now
    this.#drawn = true
    const text = this.#text(done, now - this.#startedMs, note)
    this.#stream.write(
      this.#stream.isTTY === true
        ? `\r\x1b[K${text.slice(0, Math.max(20, (this.#stream.columns || 80) - 1))}`
        : `${text}\n`,
    )
  }

  finish(note?: string): void {
    if (this.#stream.isTTY === true && this.#drawn) this.#stream.write('\r\x1b[K')
    if (note !== undefined) this.#stream.write(`${note}\n`)
  }

  #text(done: number, elapsedMs: number, note: string): string {
    const { label, total, format = String } = this.#options
    const tail = note === '' ? '' : `  ${note}`
    if (total === undefined || total <= 0) return `${label}  ${format(done)}  ${formatMs(elapsedMs)}${tail}`
    const share = Math.min(1, done / total)
    const cells = Math.floor(share * BAR_CELLS)
    const bar = this.#stream.isTTY === true ? `[${'█'.repeat(cells)}${'·'.repeat(BAR_CELLS - cells)}] ` : ''
    const left = share > 0.02 && share < 1 ? `, ${formatMs((elapsedMs / share) * (1 - share))} left` : ''
    return `${label}  ${bar}${Math.floor(share * 100)} %  ${format(done)} of ${format(total)}${left}${tail}`
  }
}

/** A progress display; silent with `quiet`. */
export function createProgress(options: ProgressOptions): Progress {
  return options.quiet === true ? SILENT : new Meter(options, options.stream ?? process.stderr)
}
