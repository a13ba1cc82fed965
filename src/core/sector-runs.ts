/** The sectors of one write as a reader of a finding wants them: runs that say the same, what is missing, where it tears. */
import type { Content, SectorRun, SectorState } from './finding.ts'
import { STATE, type SectorNote, type WriteView } from './sector-state.ts'
import { SECTOR_BYTES } from './units.ts'

/** What stands in a sector of the write at hand, by its index. */
export type NoteAt = (index: number) => SectorNote | undefined

const RUNS_MAX = 256
const MISSING_MAX = 4096

const NAMES: readonly SectorState[] = [
  'unknown',
  'present',
  'missing',
  'superseded',
  'overwritten',
  'partial',
  'unknown',
]

/** Indexes of the sectors that are missing, at most 4096. */
export function missingOf(view: WriteView): readonly number[] {
  const missing: number[] = []
  for (let i = 0; i < view.sectors && missing.length < MISSING_MAX; i++)
    if (view.state[i] === STATE.missing) missing.push(i)
  return missing
}

/** The stretches that lack the write or a part of it, as index and sectors of each: all of them. */
export function lackingOf(view: WriteView): readonly (readonly [index: number, sectors: number])[] {
  const lacking: [number, number][] = []
  for (let i = 0; i < view.sectors; i++) {
    if (view.state[i] !== STATE.missing && view.state[i] !== STATE.partial) continue
    const last = lacking.at(-1)
    if (last !== undefined && last[0] + last[1] === i) last[1]++
    else lacking.push([i, 1])
  }
  return lacking
}

/** Byte offsets from the start of the write at which a missing sector and one that is there meet, and tears inside sectors. */
export function boundariesOf(view: WriteView, noteAt: NoteAt): readonly number[] {
  const boundaries: number[] = []
  for (let i = 0; i < view.sectors; i++) {
    const state = view.state[i]
    const before = i === 0 ? undefined : view.state[i - 1]
    const meets =
      (before === STATE.present && state === STATE.missing) || (before === STATE.missing && state === STATE.present)
    if (meets) boundaries.push(i * SECTOR_BYTES)
    const found = state === STATE.partial ? noteAt(i)?.found : undefined
    if (found?.kind === 'mix') boundaries.push(i * SECTOR_BYTES + found.offset)
  }
  return boundaries
}

/** Neighbouring sectors that say the same, at most 256 runs. */
export function runsOf(view: WriteView, noteAt: NoteAt): readonly SectorRun[] {
  const runs: SectorRun[] = []
  let key = ''
  for (let index = 0; index < view.sectors && runs.length <= RUNS_MAX; index++) {
    const note = noteAt(index)
    const state = NAMES[view.state[index] ?? 0] ?? 'unknown'
    const found: Content = note?.found ?? { kind: 'baseline' }
    const floor = note?.floor ?? 0
    const nextKey = `${state} ${floor} ${JSON.stringify(found)}`
    const last = runs.at(-1)
    if (nextKey === key && last !== undefined) runs[runs.length - 1] = { ...last, sectors: last.sectors + 1 }
    else runs.push({ index, sectors: 1, state, found, ...(floor === 0 ? {} : { floor }) })
    key = nextKey
  }
  return runs.slice(0, RUNS_MAX)
}

/** The largest power of two that divides a byte address, at most 1 GiB. */
export function alignmentOf(bytes: number): number {
  let alignment = 1
  while (alignment < 2 ** 30 && bytes % (alignment * 2) === 0) alignment *= 2
  return alignment
}
