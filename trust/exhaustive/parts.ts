/**
 * Which histories are compared. Up to two writes every log is taken as it is. Up to four, one log of each class with every
 * layout: two logs of one class are the same to every rule of the model (history.ts, `classOf`). That the others of a class are
 * judged alike is sampled.
 */
import { Prng, keyOf } from '../../src/core/prng.ts'
import type { CheckOptions } from './check.ts'
import { EXTENTS, type Event, type Extent, type Skeleton, classOf, eventsOf, fuaMasks, layouts } from './history.ts'

const WRITES_MAX = 4
const FLUSHES_MAX = 2
const BYTES_EVERY = 200
/** With the classes of four writes atomic units are tried for one layout in so many; elsewhere for all. */
export const ATOMIC_EVERY = 4
/** Layouts that a drawn log is tried with. */
const LAYOUTS_A_SAMPLE = 8

/** The parts of the comparison, as the page names them. */
export const PARTS = {
  raw: 'every log of up to 2 writes, as it is',
  classes3: 'a log of every class of 3 writes',
  classes4: 'a log of every class of 4 writes',
  sample: 'logs of 4 writes drawn at random',
} as const
export type PartName = keyof typeof PARTS

/** Histories that share a skeleton, and what is compared of them. */
export interface Batch {
  readonly part: PartName
  readonly skeleton: Skeleton
  readonly layouts: () => Iterable<readonly Extent[]>
  readonly options: Omit<CheckOptions, 'atomic'>
  /** Atomic units are tried with one layout in so many. */
  readonly atomicEvery: number
}

/** Of the layouts of each log of a part one in so many, the next log taking the next ones. */
export type LayoutsEvery = Readonly<Record<Exclude<PartName, 'sample'>, number>>

/** Everything. */
export const ALL_LAYOUTS: LayoutsEvery = { raw: 1, classes3: 1, classes4: 1 }

export interface BatchesOptions {
  readonly layoutsEvery: LayoutsEvery
  /** Logs to draw, and 16 hexadecimal digits that they follow from. */
  readonly samples: number
  readonly seed: string
}

/** All of it, in an order that never changes. */
export function* batches({ layoutsEvery, samples, seed }: BatchesOptions): Iterable<Batch> {
  const options = { odd: false, bytesEvery: BYTES_EVERY }
  const always = { options, atomicEvery: 1 }
  for (const writes of [1, 2]) {
    const isFirst = firstOfItsClass()
    let number = 0
    for (const skeleton of skeletons(writes)) {
      const offset = number++
      yield {
        ...always,
        part: 'raw',
        skeleton,
        layouts: () => oneIn(layoutsEvery.raw, offset, layouts(writes)),
        options: { ...options, odd: isFirst(skeleton) },
      }
    }
  }
  for (const [writes, part] of [
    [3, 'classes3'],
    [WRITES_MAX, 'classes4'],
  ] as const) {
    const atomicEvery = writes === WRITES_MAX ? ATOMIC_EVERY : 1
    for (const [number, skeleton] of [...representatives(writes)].entries())
      yield { part, skeleton, layouts: () => oneIn(layoutsEvery[part], number, layouts(writes)), options, atomicEvery }
  }
  const random = new Prng(keyOf(seed))
  for (let i = 0; i < samples; i++) {
    const drawn = Array.from({ length: LAYOUTS_A_SAMPLE }, () =>
      Array.from({ length: WRITES_MAX }, () => random.pick(EXTENTS)),
    )
    yield { part: 'sample', skeleton: drawSkeleton(random), layouts: () => drawn, ...always }
  }
}

function* skeletons(writes: number): Iterable<Skeleton> {
  for (const events of eventsOf(writes, FLUSHES_MAX)) for (const fua of fuaMasks(writes)) yield { writes, events, fua }
}

/** The first log of each class. */
function* representatives(writes: number): Iterable<Skeleton> {
  const isFirst = firstOfItsClass()
  for (const skeleton of skeletons(writes)) if (isFirst(skeleton)) yield skeleton
}

function firstOfItsClass(): (skeleton: Skeleton) => boolean {
  const known = new Set<number>()
  return (skeleton) => known.size < known.add(classOf(skeleton)).size
}

function* oneIn<T>(every: number, offset: number, items: Iterable<T>): Iterable<T> {
  let index = offset
  for (const item of items) if (index++ % every === 0) yield item
}

/** How many logs there are, and how many classes: what one log of each class stands for. */
export function countLogs(writes: number): { readonly logs: number; readonly classes: number } {
  const isFirst = firstOfItsClass()
  let logs = 0
  let classes = 0
  for (const skeleton of skeletons(writes)) {
    logs++
    if (isFirst(skeleton)) classes++
  }
  return { logs, classes }
}

/** A log of four writes and up to two flushes, event by event at random, cut at random. */
function drawSkeleton(random: Prng): Skeleton {
  const events: Event[] = []
  const inFlight: number[] = []
  let issued = 0
  let flushes = 0
  let flushing = false
  const length = random.below(2 * (WRITES_MAX + FLUSHES_MAX) + 1)
  while (events.length < length) {
    const possible: readonly Event[] = [
      ...(issued < WRITES_MAX ? [{ kind: 'issue', write: issued + 1 } as const] : []),
      ...inFlight.map((write) => ({ kind: 'complete', write }) as const),
      ...(flushing ? [{ kind: 'flush-complete' } as const] : []),
      ...(!flushing && flushes < FLUSHES_MAX ? [{ kind: 'flush-issue' } as const] : []),
    ]
    if (possible.length === 0) break
    const event = random.pick(possible)
    events.push(event)
    if (event.kind === 'issue') inFlight.push(++issued)
    if (event.kind === 'complete') inFlight.splice(inFlight.indexOf(event.write), 1)
    if (event.kind === 'flush-issue') flushes++
    flushing = event.kind === 'flush-issue' || (flushing && event.kind !== 'flush-complete')
  }
  return { writes: WRITES_MAX, events, fua: random.pick(fuaMasks(WRITES_MAX)) }
}
