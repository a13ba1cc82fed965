/**
 * The state of a block of the target in one byte: how far what was written there had got when the log ends, and the worst
 * that was found there. Both are ordered by how much they ask for attention, so that of many blocks that fall into one
 * pixel, or sectors into one block, the greatest byte is the one to show.
 */
import type { Finding, FindingKind, Severity } from '../finding.ts'

/** How far the newest write had got, least attention first; the place in the list is the value of the lowest three bits. */
export const LIVES = ['untouched', 'stable', 'superseded', 'at-risk', 'announced', 'in-flight'] as const
export type BlockLife = (typeof LIVES)[number]

/** What each means, in one sentence. */
export const LIFE_MEANINGS: Readonly<Record<BlockLife, string>> = {
  untouched: 'no write that may be on the target covers it',
  stable: 'the newest write is stable: it must be there',
  superseded: 'a stable write was overwritten by one that is not stable: either may be there',
  'at-risk': 'written and completed, but not flushed: it may be lost',
  announced: 'a write was announced, its issue is not in the log: it may be there',
  'in-flight': 'a write was issued and had not completed when the log ends',
}

/** What was found, as the map tells it apart. `other`: misdirected, collateral, corrupt, phantom, unreadable. */
export const FOUND_CLASSES = ['other', 'reordered', 'torn', 'lost'] as const
export type FoundClass = (typeof FOUND_CLASSES)[number]

export interface Found {
  readonly kind: FoundClass
  readonly severity: Severity
}

const LIFE_BITS = 3
const LIFE_MASK = 0b111

/** Values of the bits above the life: 0 nothing found, 1 to 4 hazards, 5 to 8 violations. */
export const FOUND_CODES = FOUND_CLASSES.length * 2

export const stateByte = (life: BlockLife, found = 0): number => LIVES.indexOf(life) | (found << LIFE_BITS)

export const lifeOf = (state: number): BlockLife => LIVES[state & LIFE_MASK] ?? 'untouched'

/** 0 where nothing was found. */
export const foundCode = (state: number): number => state >> LIFE_BITS

export function foundOf(code: number): Found | undefined {
  const kind = FOUND_CLASSES[(code - 1) % FOUND_CLASSES.length]
  if (code < 1 || kind === undefined) return undefined
  return { kind, severity: code > FOUND_CLASSES.length ? 'violation' : 'hazard' }
}

export function foundClassOf(kind: FindingKind): FoundClass {
  return kind === 'lost' || kind === 'torn' || kind === 'reordered' ? kind : 'other'
}

/** Any violation is worse than any hazard; of one severity the class that comes later in the list. */
export function foundCodeOf({ kind, severity }: Pick<Finding, 'kind' | 'severity'>): number {
  const rank = FOUND_CLASSES.indexOf(foundClassOf(kind)) + 1
  return severity === 'violation' ? rank + FOUND_CLASSES.length : rank
}

/** `lost, violation; at-risk`, as the JSON form and text alternatives have it. */
export function stateText(state: number): string {
  const found = foundOf(foundCode(state))
  const life = lifeOf(state)
  return found === undefined ? life : `${found.kind}, ${found.severity}; ${life}`
}
