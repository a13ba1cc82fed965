/**
 * Small histories as the reference sees them: what an agent did to three sectors, as far as its log tells. Nothing of src/ is
 * used here: the reference shares no code with what it checks.
 *
 * A history is a skeleton (events in the order of the log, which is a prefix of what happened) and what each write covers.
 * Writes that the skeleton does not issue are announced by an intent window: they may have been issued after the log's end.
 */

export const SECTORS = 3

export type Event =
  { readonly kind: 'issue' | 'complete'; readonly write: number } | { readonly kind: 'flush-issue' | 'flush-complete' }

/** Events over writes 1 … `writes`. */
export interface Skeleton {
  readonly writes: number
  readonly events: readonly Event[]
  /** Bit w: write w is FUA. */
  readonly fua: number
}

/** A run of sectors. */
export interface Extent {
  readonly from: number
  readonly sectors: number
}

/** Write w covers `extents[w - 1]`. */
export interface SmallHistory {
  readonly skeleton: Skeleton
  readonly extents: readonly Extent[]
}

/** Every run of the three sectors: six. */
export const EXTENTS: readonly Extent[] = [1, 2, 3].flatMap((sectors) =>
  Array.from({ length: SECTORS - sectors + 1 }, (_, from) => ({ from, sectors })),
)

export const covers = ({ from, sectors }: Extent, sector: number): boolean => from <= sector && sector < from + sectors

/** Every log of up to `writes` writes and `flushes` flushes, cut anywhere; at most one flush is in flight, as in the agent. */
export function* eventsOf(writes: number, flushes: number): Iterable<readonly Event[]> {
  function* more(
    events: readonly Event[],
    next: number,
    inFlight: readonly number[],
    left: number,
    flushing: boolean,
  ): Iterable<readonly Event[]> {
    yield events
    if (left > 0 && !flushing) yield* more([...events, { kind: 'flush-issue' }], next, inFlight, left - 1, true)
    if (next <= writes)
      yield* more([...events, { kind: 'issue', write: next }], next + 1, [...inFlight, next], left, flushing)
    for (const write of inFlight) {
      const others = inFlight.filter((other) => other !== write)
      yield* more([...events, { kind: 'complete', write }], next, others, left, flushing)
    }
    if (flushing) yield* more([...events, { kind: 'flush-complete' }], next, inFlight, left, false)
  }
  yield* more([], 1, [], flushes, false)
}

/** Every way to be FUA or not. */
export const fuaMasks = (writes: number): readonly number[] =>
  Array.from({ length: 1 << writes }, (_, mask) => mask << 1)

/** Every way to lay `writes` writes over the sectors. */
export function* layouts(writes: number): Iterable<readonly Extent[]> {
  if (writes === 0) yield []
  else for (const rest of layouts(writes - 1)) for (const extent of EXTENTS) yield [...rest, extent]
}

/**
 * What the model can tell about a skeleton: who is before whom, what completed, what is stable on a volatile device. Two of one
 * class differ only in what no rule speaks of, such as the order of two completions with nothing between them.
 */
export function classOf(skeleton: Skeleton): number {
  const { complete, stable, isBefore } = factsOf(skeleton)
  let before = 0
  for (let a = 1; a <= skeleton.writes; a++)
    for (let b = 1; b <= skeleton.writes; b++) before = before * 2 + (isBefore(a, b) ? 1 : 0)
  return (before * 16 + (complete >> 1)) * 16 + (stable >> 1)
}

/** Where an event is that the log does not tell: after all that it does. */
const NEVER = 99

/** The plain facts of a log. */
export interface Facts {
  /** Bit w: write w completed / is stable on a device with a volatile cache. */
  readonly complete: number
  readonly stable: number
  /** The completion of a is recorded, and the issue of b comes after it or is not recorded. */
  readonly isBefore: (a: number, b: number) => boolean
}

export function factsOf({ events, fua }: Skeleton): Facts {
  const issuedAt = [NEVER, NEVER, NEVER, NEVER, NEVER]
  const completeAt = [NEVER, NEVER, NEVER, NEVER, NEVER]
  let complete = 0
  let stable = 0
  let covered = 0
  for (let place = 0; place < events.length; place++) {
    const event = events[place]
    switch (event?.kind) {
      case undefined:
        break
      case 'issue':
        issuedAt[event.write] = place
        break
      case 'complete':
        completeAt[event.write] = place
        complete |= 1 << event.write
        stable |= fua & (1 << event.write)
        break
      case 'flush-issue':
        covered = complete
        break
      case 'flush-complete':
        stable |= covered
        break
    }
  }
  const isBefore = (a: number, b: number): boolean => (completeAt[a] ?? NEVER) < (issuedAt[b] ?? NEVER)
  return { complete, stable, isBefore }
}

/** `i1@0+2 f c1! d i2@1+1 | w3@0+1`: how a history is told in messages; after the bar what is only announced. */
export function describeHistory({ skeleton, extents }: SmallHistory): string {
  const place = (write: number): string => {
    const extent = extents[write - 1]
    return `@${extent?.from}+${extent?.sectors}${(skeleton.fua & (1 << write)) === 0 ? '' : '!'}`
  }
  let issued = 0
  const told = skeleton.events.map((event) => {
    switch (event.kind) {
      case 'issue':
        issued = event.write
        return `i${event.write}${place(event.write)}`
      case 'complete':
        return `c${event.write}`
      case 'flush-issue':
        return 'f'
      case 'flush-complete':
        return 'd'
    }
  })
  const announced = Array.from(
    { length: skeleton.writes - issued },
    (_, i) => `w${issued + i + 1}${place(issued + i + 1)}`,
  )
  return announced.length === 0 ? told.join(' ') : `${told.join(' ')} | ${announced.join(' ')}`
}
