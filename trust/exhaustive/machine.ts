/**
 * The machine that one sector of a disk is, run through every execution. It does what its contract allows and no more
 * (docs/MODEL.md):
 *
 * - A write may land on the medium at any time from its issue on. The log's instants are taken for the disk's own: an issue is
 *   recorded before the disk has the write and a completion after, so the true instants leave the disk less freedom, not more.
 * - a → b: a completed before b was issued. Where b landed, a never lands any more.
 * - Where the promise says that a write is stable, it is then on the medium, or something not before it is. That overtook it, so
 *   the write counts as landed just below, and what is before it never lands any more either.
 * - After the log's end the agent may go on: what the window announced may be issued, in order, before the power goes.
 *
 * All of that is explored by brute force: a set of states, moved through the events one by one. A landing is only tried where
 * something depends on it (a promise, the cut): until then, to wait is to keep every choice.
 *
 * A disk is three such sectors, each for itself; what binds them (all or nothing, one prefix) is reference.ts's.
 */
import { type Skeleton, factsOf } from './history.ts'

/** What must be on the medium when: `flush` at flushes and FUA completions, `complete` at every completion, `nothing` never. */
export type Promised = 'nothing' | 'flush' | 'complete'

/** One state: bit w of `landed` where write w landed, and what stands there: a write, or 0 for the baseline. */
export interface SectorState {
  readonly landed: number
  readonly content: number
}

/** Contents fit a digit. */
const CONTENTS = 5

/**
 * Every state in which the cut may find a sector that the writes of `covering` (bits) cover. `atEnd`: the power went when the last
 * event had happened; else the agent may have gone on.
 */
export function sectorStates(
  skeleton: Skeleton,
  promised: Promised,
  covering: number,
  atEnd = false,
): readonly SectorState[] {
  return new Sector(skeleton, promised, covering).run(atEnd)
}

class Sector {
  readonly #skeleton: Skeleton
  readonly #promised: Promised
  readonly #covering: number
  readonly #isBefore: (a: number, b: number) => boolean
  #issued = 0
  /** `landed × CONTENTS + content`. */
  #states = new Set<number>([0])

  constructor(skeleton: Skeleton, promised: Promised, covering: number) {
    this.#skeleton = skeleton
    this.#promised = promised
    this.#covering = covering
    this.#isBefore = factsOf(skeleton).isBefore
  }

  run(atEnd: boolean): readonly SectorState[] {
    let complete = 0
    let covered = 0
    for (const event of this.#skeleton.events) {
      switch (event.kind) {
        case 'issue':
          this.#issued |= 1 << event.write
          break
        case 'complete':
          complete |= 1 << event.write
          if (this.#isPromisedAtCompletion(event.write)) this.#demand(1 << event.write)
          break
        case 'flush-issue':
          covered = complete
          break
        case 'flush-complete':
          if (this.#promised !== 'nothing') this.#demand(covered)
          break
      }
    }
    if (!atEnd) this.#issued = this.#covering
    this.#land()
    return Array.from(this.#states, (code) => ({ landed: Math.floor(code / CONTENTS), content: code % CONTENTS }))
  }

  #isPromisedAtCompletion(write: number): boolean {
    if (this.#promised === 'complete') return true
    return this.#promised === 'flush' && (this.#skeleton.fua & (1 << write)) !== 0
  }

  /** Every landing, and every landing after that. */
  #land(): void {
    const waiting = [...this.#states]
    for (let code = waiting.pop(); code !== undefined; code = waiting.pop()) {
      const landed = Math.floor(code / CONTENTS)
      for (const write of bitsOf(this.#covering & this.#issued & ~landed)) {
        if (bitsOf(landed).some((other) => this.#isBefore(write, other))) continue
        const next = (landed | (1 << write)) * CONTENTS + write
        if (this.#states.has(next)) continue
        this.#states.add(next)
        waiting.push(next)
      }
    }
  }

  /** The writes of `mask` are promised to be on the medium now, or something not before them. */
  #demand(mask: number): void {
    const demanded = mask & this.#covering
    if (demanded === 0) return
    this.#land()
    const next = new Set<number>()
    for (const code of this.#states) {
      const content = code % CONTENTS
      const isKept = bitsOf(demanded).every(
        (write) => content === write || (content !== 0 && !this.#isBefore(content, write)),
      )
      if (isKept) next.add((Math.floor(code / CONTENTS) | demanded) * CONTENTS + content)
    }
    this.#states = next
  }
}

const BITS: readonly (readonly number[])[] = Array.from({ length: 16 }, (_, set) =>
  [1, 2, 3, 4].filter((write) => ((set << 1) & (1 << write)) !== 0),
)

/** The writes of a set. */
const bitsOf = (mask: number): readonly number[] => BITS[mask >> 1] ?? []
