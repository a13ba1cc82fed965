/** The finding's place, read from the target now: contents for the strip, bytes of the first sectors that disagree. */
import type { Finding, SectorRun } from '../../core/finding.ts'
import type { History } from '../../core/history.ts'
import { Observations } from '../../core/observations.ts'
import { Observer } from '../../core/observe.ts'
import type { CoveringWrite, Extent } from '../../core/telling/strip.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import { alignedBuffer } from '../../io/device.ts'
import { exhibitPlaces } from '../../core/telling/exhibit-places.ts'
import { readSectors } from '../exhibits.ts'
import type { OpenTarget } from '../open-target.ts'
import { RangeReader } from '../reading/range-reader.ts'
import type { Look } from '../../core/telling/explanation.ts'

export interface TargetQuestion {
  readonly history: History
  readonly place: Extent
  readonly covering: readonly CoveringWrite[]
  /** As the verdict has it. */
  readonly runs: readonly SectorRun[]
  readonly finding: Finding
  readonly signal: AbortSignal
}

/** Reads the place. A target that no longer holds what the verdict speaks of is said to, in the notes. */
export async function readTarget(target: OpenTarget, question: TargetQuestion): Promise<Look> {
  const { unitSectors } = target
  const { history, place, covering, finding, signal } = question
  const reader = new RangeReader(target.device, { unitSectors, signal })
  const start = Math.floor(place.lba / unitSectors) * unitSectors
  const sectors = Math.ceil((place.lba + place.sectors - start) / unitSectors) * unitSectors
  const buffer = alignedBuffer(sectors * SECTOR_BYTES)
  const errors = await reader.read(start, sectors, buffer)
  target.assertServed()
  const seen = new Observations()
  new Observer(history).observe(seen, start, sectors, buffer, errors, (i) =>
    covering
      .filter(({ lba, sectors: length }) => lba <= start + i && start + i < lba + length)
      .map(({ write }) => write),
  )
  const runs = seenRuns(seen, place, start, question.runs)
  const bytes = await readSectors(exhibitPlaces({ ...finding, runs }), { reader, buffer, unitSectors })
  return { from: bytes.size === 0 ? 'none' : 'target', bytes, runs, notes: differences(runs, question.runs) }
}

/** Runs of equal contents; what they say about the finding's write is the verdict's to tell, where it does. */
function seenRuns(
  seen: Observations,
  place: Extent,
  start: number,
  judged: readonly SectorRun[],
): readonly SectorRun[] {
  const runs: SectorRun[] = []
  for (let index = 0; index < place.sectors; index++) {
    const found = seen.contentOf(place.lba + index - start)
    const verdict = judged.find((run) => run.index <= index && index < run.index + run.sectors)
    const run: SectorRun = { index, sectors: 1, state: verdict?.state ?? 'unknown', found }
    const last = runs.at(-1)
    if (last?.state === run.state && JSON.stringify(last.found) === JSON.stringify(found))
      runs[runs.length - 1] = { ...last, sectors: last.sectors + 1 }
    else runs.push(run)
  }
  return runs
}

function differences(now: readonly SectorRun[], judged: readonly SectorRun[]): readonly string[] {
  const changed = judged.some(({ index, found }) => {
    const there = now.find((run) => run.index <= index && index < run.index + run.sectors)
    return JSON.stringify(there?.found) !== JSON.stringify(found)
  })
  return changed
    ? ['the target does not hold any more what the verdict speaks of: it was written since, or it is another one']
    : []
}
