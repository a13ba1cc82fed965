/**
 * Delta debugging (Zeller and Hildebrandt, 2002): takes parts of a list away for as long as the rest still shows the thing.
 * What is left is 1-minimal, taking away any one item hides it, unless the trials ran out first.
 */

export interface Minimised<Item> {
  readonly items: readonly Item[]
  /** False where the search was ended before every single item had been tried. */
  readonly isMinimal: boolean
}

/** Says whether a list shows the thing; `undefined` ends the search. */
export type Shows<Item> = (items: readonly Item[]) => Promise<boolean | undefined>

/** `items` MUST show the thing. Lists that were tried already are the predicate's to remember. */
export async function ddmin<Item>(items: readonly Item[], shows: Shows<Item>): Promise<Minimised<Item>> {
  let shortest = items
  let parts = 2
  while (shortest.length >= 2) {
    const next = await smaller(shortest, parts, shows)
    if (next === 'ended') return { items: shortest, isMinimal: false }
    if (next !== undefined) {
      shortest = next
      parts = Math.max(2, parts - 1)
    } else if (parts >= shortest.length) return { items: shortest, isMinimal: true }
    else parts = Math.min(shortest.length, parts * 2)
  }
  return { items: shortest, isMinimal: true }
}

/** The list without one of its parts, where that still shows the thing. */
async function smaller<Item>(
  items: readonly Item[],
  parts: number,
  shows: Shows<Item>,
): Promise<readonly Item[] | 'ended' | undefined> {
  const length = items.length / parts
  for (let part = 0; part < parts; part++) {
    const rest = [...items.slice(0, Math.round(part * length)), ...items.slice(Math.round((part + 1) * length))]
    if (rest.length === items.length) continue
    const answer = await shows(rest)
    if (answer === undefined) return 'ended'
    if (answer) return rest
  }
  return undefined
}
