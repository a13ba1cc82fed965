/**
 * The sectors in and around the findings that are told in full: read once more, and held against the plan.
 *
 * One pass over the plan serves all of them. What the judge said of a sector is kept where it said something.
 */
import type { Contract } from '../core/contract.ts'
import type { Content, Finding } from '../core/finding.ts'
import type { History } from '../core/history.ts'
import { Observations, RANGE_SECTORS } from '../core/observations.ts'
import { Observer } from '../core/observe.ts'
import { WRITE_SECTORS_MAX } from '../core/plan.ts'
import type { SectorBuffer } from '../core/stamp.ts'
import type { RangeReader } from './reading/range-reader.ts'
import type { Neighbourhood, WriteStory } from './report/report.ts'

const BLOCK_SECTORS = 8
/** Blocks shown on either side of a finding, at most as many as it has itself. */
const CONTEXT_BLOCKS_MAX = 2
const NO_WRITES: readonly number[] = []

/** The part of the region that is drawn for a finding: its blocks and a few around them. */
export function windowOf(
  finding: Finding,
  region: { readonly lba: number; readonly sectors: number },
): { readonly lba: number; readonly sectors: number } {
  const length = Math.min(finding.sectors, WRITE_SECTORS_MAX)
  const first = Math.floor(finding.lba / BLOCK_SECTORS)
  const end = Math.ceil((finding.lba + length) / BLOCK_SECTORS)
  const context = Math.min(CONTEXT_BLOCKS_MAX, end - first)
  const from = Math.max(region.lba, (first - context) * BLOCK_SECTORS)
  const to = Math.min(region.lba + region.sectors, (end + context) * BLOCK_SECTORS)
  return { lba: from, sectors: to - from }
}

/** Issue, completion and stability of write n under the contract. */
export function storyOf(history: History, contract: Contract, n: number): WriteStory {
  const { lba, sectors, fua } = history.plan.write(n)
  const times = history.timesOf(n)
  const story = { write: n, lba, sectors, fua, ...times }
  if (times.completedMs === undefined) return story
  if (fua) return { ...story, stableBy: { by: 'fua' } }
  if (contract.name === 'write-through') return { ...story, stableBy: { by: 'write-through' } }
  const flush = history.flushThatMadeStable(n)
  return flush === 0 ? story : { ...story, stableBy: { by: 'flush', ...history.flushTimes(flush) } }
}

interface Window {
  readonly finding: Finding
  readonly lba: number
  readonly sectors: number
  readonly planned: number[]
}

/** Newest issued write of every sector of every window, in one pass over the plan. */
function planWindows(windows: readonly Window[], history: History): void {
  for (let n = 1; n <= history.issued; n++) {
    const { lba, sectors } = history.plan.write(n)
    for (const window of windows) {
      const from = Math.max(lba, window.lba) - window.lba
      const to = Math.min(lba + sectors, window.lba + window.sectors) - window.lba
      if (from < to) window.planned.fill(n, from, to)
    }
  }
}

/** What the judge found in the sectors of the window, by sector of the window. */
function* judged(window: Window, findings: readonly Finding[]): Iterable<readonly [i: number, found: Content]> {
  for (const finding of findings) {
    if (finding.lba >= window.lba + window.sectors || finding.lba + finding.sectors <= window.lba) continue
    for (const run of finding.runs) {
      if (run.state === 'superseded' || run.state === 'overwritten') continue
      const start = finding.lba + run.index - window.lba
      for (let i = Math.max(0, start); i < Math.min(window.sectors, start + run.sectors); i++) yield [i, run.found]
    }
  }
}

export interface Surroundings {
  readonly history: History
  readonly contract: Contract
  readonly reader: RangeReader
  /** At least a range long. */
  readonly buffer: SectorBuffer
}

/** Neighbourhoods of `told`; `findings` are all that are listed. */
export async function neighbourhoodsOf(
  told: readonly Finding[],
  findings: readonly Finding[],
  around: Surroundings,
): Promise<ReadonlyMap<Finding, Neighbourhood>> {
  const { history } = around
  const windows = told.map((finding): Window => {
    const { lba, sectors } = windowOf(finding, history.plan.spec.region)
    return { finding, lba, sectors, planned: Array.from({ length: sectors }, () => 0) }
  })
  planWindows(windows, history)
  const observer = new Observer(history)
  const seen = new Observations()
  const places = new Map<Finding, Neighbourhood>()
  for (const window of windows) {
    const errors = await around.reader.read(window.lba, Math.min(window.sectors, RANGE_SECTORS), around.buffer)
    observer.observe(seen, window.lba, window.sectors, around.buffer, errors, () => NO_WRITES)
    const found = window.planned.map((_, i) => seen.contentOf(i))
    for (const [i, content] of judged(window, findings)) found[i] = content
    places.set(window.finding, {
      lba: window.lba,
      planned: window.planned,
      found,
      writes: storiesOf(window, found, around),
    })
  }
  return places
}

function storiesOf(
  { finding, planned }: Window,
  found: readonly Content[],
  { history, contract }: Surroundings,
): ReadonlyMap<number, WriteStory> {
  const writes = new Set(planned)
  for (const content of found) if (content.kind === 'version') writes.add(content.write)
  const own = ownWrite(finding, history)
  if (own !== undefined) writes.add(own)
  writes.delete(0)
  return new Map([...writes].map((write) => [write, storyOf(history, contract, write)]))
}

/** The write of this run that the finding names; a stamp of another run, or of no write at all, names none. */
function ownWrite({ kind, write, runs }: Finding, { manifest, plan }: History): number | undefined {
  const found = runs[0]?.found
  const isForeign = kind === 'phantom' || (found?.kind === 'elsewhere' && found.run !== manifest.run)
  return write === undefined || write > plan.length || isForeign ? undefined : write
}
