/**
 * How much of a slice is sent at once. A connection that breaks again and again lets a small request through where a large one is
 * begun anew for ever: after a failure half as much is tried, down to some 256 KiB, and after a success twice as much.
 */
import { continued, SLICE_BYTES, SLICE_LINES, type SliceLine } from './import-lines.ts'
import type { RunHead } from './line.ts'

const BYTES_MIN = 256 << 10
const LINES_MIN = 8

export class Pace {
  #bytes = SLICE_BYTES
  #lines = SLICE_LINES

  /** Less would not help. */
  get isSmallest(): boolean {
    return this.#bytes === BYTES_MIN && this.#lines === LINES_MIN
  }

  /** For the next requests: half as much, or as little as there is. */
  shrink(how: 'half' | 'all'): void {
    const by = how === 'half' ? 2 : Number.MAX_SAFE_INTEGER
    this.#bytes = Math.max(BYTES_MIN, Math.floor(this.#bytes / by))
    this.#lines = Math.max(LINES_MIN, Math.floor(this.#lines / by))
  }

  grow(): void {
    this.#bytes = Math.min(SLICE_BYTES, this.#bytes * 2)
    this.#lines = Math.min(SLICE_LINES, this.#lines * 2)
  }

  /** As much of the slice as is to be sent next, and the rest, as a slice of its own. At least one line is not sent again with the rest. */
  part(slice: readonly SliceLine[]): { readonly part: readonly SliceLine[]; readonly rest: readonly SliceLine[] } {
    const least = isContinued(slice[0]) ? 2 : 1
    let bytes = 0
    const end = slice.findIndex((line, index) => {
      bytes += line.bytes.length
      return index >= least && (bytes > this.#bytes || index >= this.#lines)
    })
    if (end < 0) return { part: slice, rest: [] }
    const part = slice.slice(0, end)
    const rest = slice.slice(end)
    const head = lastHead(part)
    return { part, rest: head === undefined || rest[0]?.line.kind === 'run' ? rest : [continued(head), ...rest] }
  }
}

const isContinued = (first: SliceLine | undefined): boolean =>
  first?.line.kind === 'run' && first.line.continued === true

function lastHead(lines: readonly SliceLine[]): RunHead | undefined {
  const line = lines.findLast((one) => one.line.kind === 'run')?.line
  return line?.kind === 'run' ? line : undefined
}
