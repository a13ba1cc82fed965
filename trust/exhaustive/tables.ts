/** What follows from a skeleton alone, for every set of writes that may cover a sector: the machines are run once for all histories of it. */
import { type Skeleton, factsOf } from './history.ts'
import { type SectorState, sectorStates } from './machine.ts'

/** What one sector may hold at the end, by the writes that cover it (bits, without the lowest). */
export interface SectorTable {
  /** Every state the machine may be in. */
  readonly states: readonly (readonly SectorState[])[]
  /** Their contents, as bits. */
  readonly contents: readonly number[]
}

export class SkeletonTables {
  readonly skeleton: Skeleton
  /** Bit w: write w completed / is stable on a device with a volatile cache. */
  readonly complete: number
  readonly stable: number
  readonly isBefore: (a: number, b: number) => boolean
  readonly volatile: SectorTable
  readonly writeThrough: SectorTable
  /** Under write-through, for every prefix of what may have happened, contents as bits by the writes that cover the sector. */
  readonly prefixes: readonly (readonly number[])[]
  /** `afterLanding[w]`: contents that a sector may hold after write w landed there, whatever was promised. */
  readonly afterLanding: readonly (readonly number[])[]

  constructor(skeleton: Skeleton) {
    this.skeleton = skeleton
    const { complete, stable, isBefore } = factsOf(skeleton)
    this.complete = complete
    this.stable = stable
    this.isBefore = isBefore
    this.volatile = tableOf(skeleton, (covering) => sectorStates(skeleton, 'flush', covering))
    this.writeThrough = tableOf(skeleton, (covering) => sectorStates(skeleton, 'complete', covering))
    this.prefixes = prefixesOf(skeleton).map(
      (prefix) => tableOf(prefix, (covering) => sectorStates(prefix, 'complete', covering, true)).contents,
    )
    const free = tableOf(skeleton, (covering) => sectorStates(skeleton, 'nothing', covering)).states
    this.afterLanding = Array.from({ length: skeleton.writes + 1 }, (_, write) =>
      free.map((states) => contentsOf(states.filter(({ landed }) => (landed & (1 << write)) !== 0))),
    )
  }
}

function tableOf({ writes }: Skeleton, run: (covering: number) => readonly SectorState[]): SectorTable {
  const states = Array.from({ length: 1 << writes }, (_, bits) => run(bits << 1))
  return { states, contents: states.map(contentsOf) }
}

const contentsOf = (states: readonly SectorState[]): number =>
  states.reduce((mask, { content }) => mask | (1 << content), 0)

/** Every prefix of the log, and of the log with announced writes issued after it. */
function prefixesOf(skeleton: Skeleton): readonly Skeleton[] {
  const { events, writes } = skeleton
  const issued = events.filter(({ kind }) => kind === 'issue').length
  const beyond = Array.from({ length: writes - issued }, (_, i) => ({ kind: 'issue', write: issued + i + 1 }) as const)
  const all = [...events, ...beyond]
  return Array.from({ length: all.length + 1 }, (_, length) => ({ ...skeleton, events: all.slice(0, length) }))
}
