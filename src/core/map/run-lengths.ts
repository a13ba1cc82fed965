/** A map as run lengths, for JSON: neighbouring blocks of one state as one entry. */
import { stateText } from './block-state.ts'

/** `[blocks, state]`; the state is the byte of the binary form. */
export type RunLength = readonly [blocks: number, state: number]

export function runLengthsOf(states: Uint8Array, from = 0, to = states.length): readonly RunLength[] {
  const runs: RunLength[] = []
  let start = from
  for (let at = from + 1; at <= to; at++) {
    if (at < to && states[at] === states[start]) continue
    runs.push([at - start, states[start] ?? 0])
    start = at
  }
  return runs
}

/** How many blocks have each state that occurs, by its byte, with its words. */
export function stateCounts(
  states: Uint8Array,
): readonly { readonly state: number; readonly text: string; readonly blocks: number }[] {
  const counts = new Float64Array(256)
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return [...counts].flatMap((blocks, state) => (blocks === 0 ? [] : [{ state, text: stateText(state), blocks }]))
}
