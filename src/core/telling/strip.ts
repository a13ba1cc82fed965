/**
 * A stretch of sectors as the model sees it: which writes cover each part, what must be there (the floor), what may be
 * there (the allowed contents), what was found. docs/MODEL.md, "Order, floor, allowed contents", told rather than judged:
 * here the sets are spelled out, where the judge makes do with one number a sector.
 */
import type { Contract } from '../contract.ts'
import type { Content, Finding, SectorRun, SectorState } from '../finding.ts'
import { type History, NEVER } from '../history.ts'

/** A stretch of the target. */
export interface Extent {
  readonly lba: number
  readonly sectors: number
}

/** A write that may be on the device and covers some of the stretch. */
export interface CoveringWrite extends Extent {
  readonly write: number
  readonly fua: boolean
  readonly isStable: boolean
}

/** Neighbouring sectors of which all is the same. Write 0 is what was there before the run. */
export interface StripCell extends Extent {
  /** The newest write whose issue is recorded. */
  readonly written: number
  /** Stable versions of which one must be there. */
  readonly floor: readonly number[]
  /** Every version that may be there. */
  readonly allowed: readonly number[]
  readonly found?: Content
  /** What the sectors say about the finding's own write. */
  readonly state?: SectorState
}

const BEFORE = 0

/** Every possibly issued write that covers some of the stretch, ascending. One pass over the plan. */
export function coveringWrites(history: History, contract: Contract, { lba, sectors }: Extent): CoveringWrite[] {
  const covering: CoveringWrite[] = []
  for (let write = 1; write <= history.possibleMax; write++) {
    const planned = history.plan.write(write)
    if (planned.lba >= lba + sectors || planned.lba + planned.sectors <= lba) continue
    covering.push({ write, ...planned, isStable: isStable(history, contract, write, planned.fua) })
  }
  return covering
}

/** Whether the contract makes that write stable. */
export function isStable(history: History, contract: Contract, write: number, fua: boolean): boolean {
  if (contract.name === 'write-through') return history.completePosition(write) !== NEVER
  return history.isFlushedOrFua(write, fua)
}

/** The parts of the stretch, in order. `runs`: what was found, counted from the start of the stretch. */
export function stripOf(
  history: History,
  extent: Extent,
  covering: readonly CoveringWrite[],
  runs: readonly SectorRun[],
): StripCell[] {
  const cells: StripCell[] = []
  const edges = edgesOf(extent, covering, runs)
  for (const [i, lba] of edges.entries()) {
    const end = edges[i + 1]
    if (end === undefined) break
    const here = covering.filter((write) => write.lba <= lba && lba < write.lba + write.sectors)
    const index = lba - extent.lba
    const run = runs.find((one) => one.index <= index && index < one.index + one.sectors)
    cells.push({
      lba,
      sectors: end - lba,
      written: here.findLast(({ write }) => write <= history.issued)?.write ?? BEFORE,
      ...setsOf(history, here),
      ...(run === undefined ? {} : { found: run.found, state: run.state }),
    })
  }
  return cells
}

/** Addresses at which anything changes, and both ends. */
function edgesOf({ lba, sectors }: Extent, covering: readonly Extent[], runs: readonly SectorRun[]): number[] {
  const end = lba + sectors
  const parts = [...covering, ...runs.map((run) => ({ lba: lba + run.index, sectors: run.sectors }))]
  const inside = parts.flatMap((part) => [part.lba, part.lba + part.sectors]).filter((at) => at > lba && at < end)
  return [...new Set([lba, ...inside, end])].toSorted((a, b) => a - b)
}

/** Floor and allowed contents where these writes, ascending, cover a sector. */
function setsOf(history: History, here: readonly CoveringWrite[]): Pick<StripCell, 'floor' | 'allowed'> {
  const stable = here.filter((write) => write.isStable)
  // Issues are in the order of the numbers, so what is before any floor write is before the newest stable one.
  const newest = stable.at(-1)
  if (newest === undefined) return { floor: [], allowed: [BEFORE, ...here.map(({ write }) => write)] }
  const allowed = here.filter(({ write }) => !history.isBefore(write, newest.write))
  const floor = allowed.filter((write) => write.isStable)
  return { floor: floor.map(({ write }) => write), allowed: allowed.map(({ write }) => write) }
}

/**
 * What was found in the finding's sectors. A finding that sums up or looks at order has no sectors of its own; then it is that
 * of the same write that is listed beside it.
 */
export function runsFoundFor(finding: Finding, listed: readonly Finding[]): readonly SectorRun[] {
  if (finding.runs.length > 0) return finding.runs
  const twin = listed.find(
    ({ write, lba, sectors, runs }) =>
      runs.length > 0 && write === finding.write && lba === finding.lba && sectors === finding.sectors,
  )
  return twin?.runs ?? []
}

/** The writes that the finding and its sectors name: these are told first. */
export function namedWrites(finding: Finding, cells: readonly StripCell[], run: string): ReadonlySet<number> {
  const named = new Set<number>()
  for (const { floor, written, found } of cells) {
    for (const write of [...floor, written]) named.add(write)
    for (const write of found === undefined ? [] : writesIn(found, run)) named.add(write)
  }
  if (finding.kind !== 'phantom' && finding.kind !== 'misdirected') named.add(finding.write ?? BEFORE)
  named.add(finding.survivor?.write ?? BEFORE)
  named.delete(BEFORE)
  return named
}

/** Writes of this run that a content speaks of. */
function writesIn(content: Content, run: string): readonly number[] {
  switch (content.kind) {
    case 'version':
      return [content.write]
    case 'mix':
      return [content.head, content.tail].filter((write) => write > 0)
    case 'garbage':
      return content.nearestWrite > 0 ? [content.nearestWrite] : []
    case 'elsewhere':
      return content.run === run ? [content.write] : []
    case 'baseline':
    case 'zeros':
    case 'older-run':
    case 'phantom':
    case 'unreadable':
      return []
  }
}
