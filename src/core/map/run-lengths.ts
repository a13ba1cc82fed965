/** A map as run lengths, for JSON: neighbouring blocks of one state as one entry. */
import { stateText } from './block-state.ts'

/** The state is the byte of the binary form. */
export type RunLength = readonly [blocks: number, state: number]

/** At most so many entries from a block on; `next` is the block after the last, where the map goes on. */
export function runLengthsFrom(
  states: Uint8Array,
  from: number,
  entriesMax: number,
): { readonly runs: readonly RunLength[]; readonly next?: number } {
  const runs: RunLength[] = []
  let start = Math.min(from, states.length)
  while (start < states.length && runs.length < entriesMax) {
    const state = states[start] ?? 0
    let end = start + 1
    while (end < states.length && states[end] === state) end++
    runs.push([end - start, state])
    start = end
  }
  return start < states.length ? { runs, next: start } : { runs }
}

export interface StateCount {
  readonly state: number
  readonly text: string
  readonly blocks: number
}

/** How many blocks have each state that occurs, by its byte, with its words. */
export function stateCounts(states: Uint8Array): readonly StateCount[] {
  const counts = new Float64Array(256)
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return [...counts].flatMap((blocks, state) => (blocks === 0 ? [] : [{ state, text: stateText(state), blocks }]))
}
