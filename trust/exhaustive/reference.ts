/**
 * What is to be said of a small history and a state of the sectors, from what a disk can reach (reach.ts) and from the definitions
 * of docs/MODEL.md, each taken by its word. A state is to be accused exactly where no execution of a disk that keeps the
 * contract leaves it.
 */
import { BASES, type Base, type SmallContract, isAtomic } from './contract.ts'
import { type SmallHistory, covers } from './history.ts'
import { type Layout, type States, allowedContents, layoutOf, product, reachable, undefinedSectors } from './reach.ts'
import { CONTENTS, SECTOR_INDEXES, contentAt } from './state.ts'
import type { SkeletonTables } from './tables.ts'

/** What a sector says about a write. */
type Says = 'present' | 'missing' | 'nothing'

/** One history, before every contract. */
export class Reference {
  readonly #tables: SkeletonTables
  readonly #layout: Layout
  readonly #bases: readonly (readonly [Base, States])[]

  constructor(tables: SkeletonTables, { extents }: SmallHistory) {
    this.#tables = tables
    this.#layout = layoutOf(extents)
    this.#bases = BASES.map((base) => [base, reachable(tables, this.#layout, { base, atomicSectors: 0 })] as const)
  }

  /** States in which each sector holds the baseline or a write that covers it: all that can be told apart here. */
  states(): readonly number[] {
    const all = product(this.#layout.covering.map((writes) => writes | 1))
    return Array.from(all.keys()).filter((state) => all[state] === 1)
  }

  /** Base contracts that reach the state. */
  consistentWith(state: number): readonly Base[] {
    return this.#bases.flatMap(([base, states]) => (states[state] === 1 ? [base] : []))
  }

  under(contract: SmallContract): UnderContract {
    const plain = this.#bases.find(([base]) => base === contract.base)?.[1]
    const states =
      contract.atomicSectors === 0 && plain !== undefined ? plain : reachable(this.#tables, this.#layout, contract)
    return new UnderContract(this.#tables, this.#layout, contract, states)
  }
}

/** One history before one contract. */
export class UnderContract {
  readonly #tables: SkeletonTables
  readonly #layout: Layout
  readonly #contract: SmallContract
  readonly #reachable: States
  readonly #allowed: readonly number[]
  readonly #undefined: readonly boolean[]
  readonly #stable: number
  /** By write and sector: what each content says. */
  readonly #says: readonly (readonly (readonly Says[])[])[]

  constructor(tables: SkeletonTables, layout: Layout, contract: SmallContract, states: States) {
    this.#tables = tables
    this.#layout = layout
    this.#contract = contract
    this.#reachable = states
    this.#allowed = allowedContents(tables, layout, contract)
    this.#undefined = undefinedSectors(tables, layout, contract)
    this.#stable = contract.base === 'write-through' ? tables.complete : tables.stable
    this.#says = layout.extents.map((_, i) =>
      SECTOR_INDEXES.map((sector) =>
        Array.from({ length: CONTENTS }, (_unused, content) => this.#sectorSays(i + 1, sector, content)),
      ),
    )
  }

  /** Nothing where the contract no longer asks for the write, or where it may have landed and been overwritten; missing where it never landed. */
  #sectorSays(write: number, sector: number, content: number): Says {
    if (((this.#allowed[sector] ?? 0) & (1 << write)) === 0) return 'nothing'
    if (content === write) return 'present'
    const afterLanding = this.#tables.afterLanding[write]?.[(this.#layout.covering[sector] ?? 0) >> 1] ?? 0
    return (afterLanding & (1 << content)) === 0 ? 'missing' : 'nothing'
  }

  /** Whether the contract leaves the sector undefined. */
  isUndefined(sector: number): boolean {
    return this.#undefined[sector] === true
  }

  word(state: number): 'held' | 'violation' | 'inconclusive' {
    if (this.#reachable[state] !== 1) return 'violation'
    return SECTOR_INDEXES.some((sector) => this.#acquits(sector, contentAt(state, sector))) ? 'held' : 'inconclusive'
  }

  /** The sector could have convicted: something stable had to be there, and is. */
  #acquits(sector: number, content: number): boolean {
    const hasFloor = ((this.#allowed[sector] ?? 0) & 1) === 0
    return hasFloor && this.#undefined[sector] !== true && (this.#stable & (1 << content)) !== 0
  }

  /** In the words `lost! w1` (forbidden) and `torn w2` (permitted), sorted. */
  findings(state: number): readonly string[] {
    const findings: string[] = []
    for (let write = 1; write <= this.#layout.extents.length; write++) {
      const fate = this.#fate(write, state)
      if (fate === undefined) continue
      findings.push(`${fate} w${write}`)
      if (!fate.endsWith('!') && this.#hasOutlivedIt(write, state))
        findings.push(`reordered${this.#contract.base === 'ordered' ? '!' : ''} w${write}`)
    }
    return findings.toSorted()
  }

  /** Lost: complete, and nowhere to be seen. Torn: here and not there. Forbidden only where a defined sector proves it. */
  #fate(write: number, state: number): string | undefined {
    const extent = this.#layout.extents[write - 1]
    if (extent === undefined) return undefined
    const where = (what: Says): number[] =>
      SECTOR_INDEXES.filter(
        (sector) => covers(extent, sector) && this.#says[write - 1]?.[sector]?.[contentAt(state, sector)] === what,
      )
    const missing = where('missing')
    const present = where('present')
    const isComplete = (this.#tables.complete & (1 << write)) !== 0
    if (missing.length === 0 || (present.length === 0 && !isComplete)) return undefined
    const proves = (sectors: readonly number[]): boolean => sectors.some((sector) => this.#undefined[sector] !== true)
    const isStable = (this.#stable & (1 << write)) !== 0
    const isForbidden = proves(missing) && (isStable || (isAtomic(this.#contract, extent) && proves(present)))
    return `${present.length === 0 ? 'lost' : 'torn'}${isForbidden ? '!' : ''}`
  }

  /** The write was complete before another was issued, and that one is there. */
  #hasOutlivedIt(write: number, state: number): boolean {
    if ((this.#tables.complete & (1 << write)) === 0) return false
    return SECTOR_INDEXES.some((sector) => {
      const content = contentAt(state, sector)
      return content !== 0 && this.#tables.isBefore(write, content)
    })
  }
}
