/** Which states of the three sectors some execution leaves, on a disk that keeps a contract: one byte a state. */
import { type SmallContract, isAtomic } from './contract.ts'
import { type Extent, SECTORS, covers } from './history.ts'
import type { SectorState } from './machine.ts'
import { CONTENTS, POWERS, STATES, contentAt } from './state.ts'
import type { SectorTable, SkeletonTables } from './tables.ts'

/** A set of states. */
export type States = Uint8Array

/** A history's layout: what each write covers, and which writes (bits) cover each sector. */
export interface Layout {
  readonly extents: readonly Extent[]
  readonly covering: readonly number[]
}

export const layoutOf = (extents: readonly Extent[]): Layout => ({
  extents,
  covering: POWERS.map((_, sector) =>
    extents.reduce((bits, extent, i) => (covers(extent, sector) ? bits | (2 << i) : bits), 0),
  ),
})

/** States in which each sector holds one of its contents (bits). */
export function product(masks: readonly number[]): States {
  const states = new Uint8Array(STATES)
  for (let state = 0; state < STATES; state++)
    states[state] = masks.every((mask, sector) => (mask & (1 << contentAt(state, sector))) !== 0) ? 1 : 0
  return states
}

/** Contents (bits) that the contract allows each sector by itself. */
export function allowedContents(
  tables: SkeletonTables,
  { covering }: Layout,
  contract: SmallContract,
): readonly number[] {
  const { contents } = tableFor(tables, contract)
  return covering.map((writes) => contents[writes >> 1] ?? 0)
}

const tableFor = (tables: SkeletonTables, { base }: SmallContract): SectorTable =>
  base === 'write-through' ? tables.writeThrough : tables.volatile

/** virtio-strict leaves a sector undefined below a write that is not stable and may still land there, unless that is all or nothing. */
export function undefinedSectors(tables: SkeletonTables, layout: Layout, contract: SmallContract): readonly boolean[] {
  if (contract.base !== 'virtio-strict') return layout.covering.map(() => false)
  const allowed = allowedContents(tables, layout, contract)
  return allowed.map((mask, sector) =>
    layout.extents.some(
      (extent, i) => covers(extent, sector) && (mask & ~tables.stable & (2 << i)) !== 0 && !isAtomic(contract, extent),
    ),
  )
}

/** All states that the contract allows. */
export function reachable(tables: SkeletonTables, layout: Layout, contract: SmallContract): States {
  const kept = keptStates(tables, layout, contract)
  switch (contract.base) {
    case 'volatile':
    case 'write-through':
      return kept
    case 'ordered':
      return both(kept, explainedByAPrefix(tables, layout))
    case 'virtio-strict':
      return blurred(kept, undefinedSectors(tables, layout, contract))
  }
}

/** What is promised to be there is there, and what is all or nothing is all there or not at all. */
function keptStates(tables: SkeletonTables, layout: Layout, contract: SmallContract): States {
  const atomic = layout.extents.reduce(
    (bits, extent, i) => (extent.sectors > 1 && isAtomic(contract, extent) ? bits | (2 << i) : bits),
    0,
  )
  const { contents, states } = tableFor(tables, contract)
  if (atomic === 0) return product(layout.covering.map((writes) => contents[writes >> 1] ?? 0))
  return allOrNothing(
    layout.covering.map((writes) => states[writes >> 1] ?? []),
    layout.covering,
    atomic,
  )
}

/** Of the sectors' states those in which each write of `atomic` landed in every sector that it covers, or in none. */
function allOrNothing(
  states: readonly (readonly SectorState[])[],
  covering: readonly number[],
  atomic: number,
): States {
  const [first = [], second = [], third = []] = states.map((each) => distinct(each, atomic))
  const [a = 0, b = 0, c = 0] = covering
  const firstPair = a & b & atomic
  const secondPair = b & c & atomic
  const reached = new Uint8Array(STATES)
  for (const middle of second) {
    const left = first.filter(({ landed }) => ((landed ^ middle.landed) & firstPair) === 0)
    const right = third.filter(({ landed }) => ((landed ^ middle.landed) & secondPair) === 0)
    for (const { content: zero } of left)
      for (const { content: two } of right) reached[zero + middle.content * CONTENTS + two * CONTENTS * CONTENTS] = 1
  }
  return reached
}

function distinct(states: readonly SectorState[], atomic: number): readonly SectorState[] {
  const known = new Map<number, SectorState>()
  for (const { landed, content } of states)
    known.set((landed & atomic) * CONTENTS + content, { landed: landed & atomic, content })
  return [...known.values()]
}

/** States that the disk would hold if it had done everything up to some moment, and nothing after. */
function explainedByAPrefix(tables: SkeletonTables, { covering }: Layout): States {
  const explained = new Uint8Array(STATES)
  for (const contents of tables.prefixes) {
    const here = product(covering.map((writes) => contents[writes >> 1] ?? 0))
    for (let state = 0; state < STATES; state++) if (here[state] === 1) explained[state] = 1
  }
  return explained
}

const both = (a: States, b: States): States => a.map((is, state) => is & (b[state] ?? 0))

/** Anything may stand in an undefined sector. */
function blurred(states: States, isUndefined: readonly boolean[]): States {
  let result = states
  for (let sector = 0; sector < SECTORS; sector++) {
    if (isUndefined[sector] !== true) continue
    const step = POWERS[sector] ?? 1
    const wider = new Uint8Array(STATES)
    for (let state = 0; state < STATES; state++) {
      if (result[state] !== 1) continue
      const bare = state - contentAt(state, sector) * step
      for (let content = 0; content < CONTENTS; content++) wider[bare + content * step] = 1
    }
    result = wider
  }
  return result
}
