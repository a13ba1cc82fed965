/**
 * Where everything was found, whether a finding of it is listed or not: the worst of every sector, as run lengths. What a verdict
 * lists is bounded by a number of findings, and this by a number of runs: where there were more, neighbours are told as one
 * grain that has the worst of them, so that nothing that was found is ever shown as clean.
 *
 * Stretches are taken in as they come, as two events each, in a buffer that is folded when it is full: sorted, overlaid, merged.
 */

/** Runs that a verdict has at most. */
export const FOUND_RUNS_MAX = 16_384

export interface FoundAt {
  /** Sectors of a grain, a power of two: 1 unless that made more than 16,384 runs. */
  readonly grainSectors: number
  /** Address on the target of the first sector that is told of, a multiple of the grain. */
  readonly lba: number
  /**
   * From there on, one after the other: so many grains, and the worst found there as `foundCodeOf` has it; 0 for nothing. The
   * last one is of something; behind it nothing was found.
   */
  readonly runs: readonly FoundRun[]
}

export type FoundRun = readonly [grains: number, found: number]

/** From `first` up to `end`, in sectors of the target. */
interface Stretch {
  readonly first: number
  end: number
  readonly code: number
}

/** An event is its address × 16, and in the lowest bits what begins or ends there: numbers sort by themselves. */
const EVENT = 16
const CODES = EVENT / 2
const BEGINS = 0
const ENDS = 1
const eventOf = (lba: number, code: number, what: number): number => lba * EVENT + (code - 1) * 2 + what

/** Events that are made room for at first. */
const EVENTS_FIRST = 256

export class FoundPlaces {
  readonly #runsMax: number
  readonly #eventsMax: number
  #grain = 1
  #events = new Float64Array(0)
  #count = 0
  /** The newest stretch, which its neighbour may carry on. */
  #last: Stretch | undefined

  constructor(runsMax = FOUND_RUNS_MAX) {
    this.#runsMax = runsMax
    this.#eventsMax = runsMax * 8
  }

  add(lba: number, sectors: number, code: number): void {
    const first = Math.floor(lba / this.#grain) * this.#grain
    const end = Math.ceil((lba + sectors) / this.#grain) * this.#grain
    const last = this.#last
    if (last !== undefined && last.code === code && first >= last.first && first <= last.end) {
      if (end <= last.end) return
      last.end = end
      this.#events[this.#count - 1] = eventOf(end, code, ENDS)
      return
    }
    if (this.#count + 2 <= this.#eventsMax) return this.#push({ first, end, code })
    this.#fold()
    // The grain may be another one now.
    this.add(lba, sectors, code)
  }

  /** Nothing where nothing was added. */
  foundAt(): FoundAt | undefined {
    let stretches = this.#swept()
    let grain = this.#grain
    let runs = runsOf(stretches, grain)
    while (runs.length > this.#runsMax) {
      grain *= 2
      stretches = coarsened(stretches, grain)
      runs = runsOf(stretches, grain)
    }
    const [earliest] = stretches
    return earliest === undefined ? undefined : { grainSectors: grain, lba: earliest.first, runs }
  }

  /** Makes at least half of the buffer free. */
  #fold(): void {
    let stretches = this.#swept()
    while (stretches.length > this.#runsMax * 2) {
      this.#grain *= 2
      stretches = coarsened(stretches, this.#grain)
    }
    this.#count = 0
    this.#last = undefined
    for (const stretch of stretches) this.#push(stretch)
  }

  #push(stretch: Stretch): void {
    const { first, end, code } = stretch
    if (this.#count + 2 > this.#events.length) {
      const more = new Float64Array(Math.max(EVENTS_FIRST, this.#events.length * 2))
      more.set(this.#events)
      this.#events = more
    }
    this.#events[this.#count++] = eventOf(first, code, BEGINS)
    this.#events[this.#count++] = eventOf(end, code, ENDS)
    this.#last = stretch
  }

  /** What was added, without overlaps, in the order of addresses: of two that overlap the worse. */
  #swept(): readonly Stretch[] {
    const events = this.#events.subarray(0, this.#count).toSorted()
    const open = new Int32Array(CODES + 1)
    const stretches: Stretch[] = []
    let worst = 0
    let from = 0
    for (let i = 0; i < events.length;) {
      const at = Math.floor((events[i] ?? 0) / EVENT)
      if (worst > 0) lay(stretches, { first: from, end: at, code: worst })
      i = openedAt(events, i, open)
      worst = open.findLastIndex((count) => count > 0)
      from = at
    }
    return stretches
  }
}

/** Takes in all events of one address; the index of the next one. */
function openedAt(events: Float64Array, from: number, open: Int32Array): number {
  const at = Math.floor((events[from] ?? 0) / EVENT)
  let i = from
  for (; i < events.length && Math.floor((events[i] ?? 0) / EVENT) === at; i++) {
    const low = (events[i] ?? 0) % EVENT
    const code = (low >> 1) + 1
    open[code] = (open[code] ?? 0) + (low % 2 === ENDS ? -1 : 1)
  }
  return i
}

function lay(stretches: Stretch[], next: Stretch): void {
  const last = stretches.at(-1)
  if (last !== undefined && last.end === next.first && last.code === next.code) last.end = next.end
  else stretches.push(next)
}

/**
 * The same at a larger grain. Each grows to whole grains, so two neighbours overlap by one grain at most: the worse keeps it.
 */
function coarsened(stretches: readonly Stretch[], grain: number): readonly Stretch[] {
  const coarse: Stretch[] = []
  for (const { first, end, code } of stretches) {
    let from = Math.floor(first / grain) * grain
    const to = Math.ceil(end / grain) * grain
    const last = coarse.at(-1)
    if (last !== undefined && last.end > from) {
      if (last.code >= code) from = last.end
      else last.end = from
      if (last.end === last.first) coarse.pop()
    }
    if (from < to) lay(coarse, { first: from, end: to, code })
  }
  return coarse
}

function runsOf(stretches: readonly Stretch[], grain: number): readonly FoundRun[] {
  const runs: FoundRun[] = []
  let at = stretches[0]?.first ?? 0
  for (const { first, end, code } of stretches) {
    if (first > at) runs.push([(first - at) / grain, 0])
    runs.push([(end - first) / grain, code])
    at = end
  }
  return runs
}
