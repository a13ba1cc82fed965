/**
 * A flush of which every stable write that can be checked is missing: the flush was a lie, and is said so once. One write alone
 * says nothing about the flush: it may have been lost for a reason of its own.
 */
import type { FindingList } from './finding-list.ts'
import type { History } from './history.ts'
import { STATUS } from './write-status.ts'

const HEADLINES_MAX = 16
/** Writes of a flush that have to be missing. */
const LOST_MIN = 2

/** What became of the writes that each flush made stable, by the flush's number: 12 bytes a flush. */
interface Fates {
  readonly lost: Uint32Array
  readonly kept: Uint32Array
  readonly firstWrite: Uint32Array
}

/** Counts such flushes and lists the first few as headlines. */
export function flushLies(history: History, status: Uint8Array, findings: FindingList): number {
  if (findings.counts.violation.lost === 0) return 0
  const { lost, kept, firstWrite } = fatesOf(history, status)
  let lies = 0
  for (let flush = 1; flush <= history.flushesIssued; flush++) {
    const lostHere = lost[flush] ?? 0
    if (lostHere < LOST_MIN || kept[flush] !== 0) continue
    if (++lies <= HEADLINES_MAX) listLie(history, flush, firstWrite[flush] ?? 1, lostHere, findings)
  }
  return lies
}

function fatesOf(history: History, status: Uint8Array): Fates {
  const column = (): Uint32Array => new Uint32Array(history.flushesIssued + 1)
  const fates = { lost: column(), kept: column(), firstWrite: column() }
  for (let write = history.issued; write >= 1; write--) {
    const isLost = status[write] === STATUS.lostStable
    if (!isLost && status[write] !== STATUS.intact && status[write] !== STATUS.tornStable) continue
    const flush = history.flushThatMadeStable(write)
    const counter = isLost ? fates.lost : fates.kept
    counter[flush] = (counter[flush] ?? 0) + 1
    fates.firstWrite[flush] = write
  }
  return fates
}

function listLie(history: History, flush: number, firstWrite: number, lost: number, findings: FindingList): void {
  const planned = history.plan.write(firstWrite)
  findings.headline({
    kind: 'lost',
    severity: 'violation',
    rule: 'flush-lie',
    write: firstWrite,
    lba: planned.lba,
    sectors: planned.sectors,
    missingSectors: [],
    boundaries: [],
    boundaryAlignments: [],
    runs: [],
    stableBy: { by: 'flush', ...history.flushTimes(flush) },
    explanation: `the flush was a lie: flush ${flush} completed, and all ${lost} writes it made stable that can be checked are missing`,
  })
}
