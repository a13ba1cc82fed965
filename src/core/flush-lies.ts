/** A flush of which every stable write that can be checked is missing: the flush was a lie, and is said so once. */
import type { FindingList } from './finding-list.ts'
import type { FlushTimes, History } from './history.ts'
import { STATUS } from './write-status.ts'

const HEADLINES_MAX = 16

interface FlushFate {
  readonly flush: FlushTimes
  readonly firstWrite: number
  lost: number
  kept: number
}

/** Counts such flushes and lists the first few as headlines. */
export function flushLies(history: History, status: Uint8Array, findings: FindingList): number {
  if (findings.counts.violation.lost === 0) return 0
  const fates = fatesOf(history, status)
  const lies = [...fates.values()].filter((fate) => fate.lost > 0 && fate.kept === 0)
  for (const fate of lies.slice(0, HEADLINES_MAX)) listLie(history, fate, findings)
  return lies.length
}

function fatesOf(history: History, status: Uint8Array): ReadonlyMap<number, FlushFate> {
  const fates = new Map<number, FlushFate>()
  for (let write = 1; write <= history.issued; write++) {
    const isLost = status[write] === STATUS.lostStable
    if (!isLost && status[write] !== STATUS.intact && status[write] !== STATUS.tornStable) continue
    const flush = history.flushThatMadeStable(write)
    if (flush === undefined) continue
    const fate = fates.get(flush.flush) ?? { flush, firstWrite: write, lost: 0, kept: 0 }
    if (isLost) fate.lost++
    else fate.kept++
    fates.set(flush.flush, fate)
  }
  return fates
}

function listLie(history: History, fate: FlushFate, findings: FindingList): void {
  const { flush, issuedMs, completedMs } = fate.flush
  const planned = history.plan.write(fate.firstWrite)
  const writes =
    fate.lost === 1 ? 'the write it made stable' : `all ${fate.lost} writes it made stable that can be checked`
  findings.headline({
    kind: 'lost',
    severity: 'violation',
    rule: 'flush-lie',
    write: fate.firstWrite,
    lba: planned.lba,
    sectors: planned.sectors,
    missingSectors: [],
    boundaries: [],
    boundaryAlignments: [],
    runs: [],
    stableBy: { by: 'flush', flush, issuedMs, completedMs },
    explanation: `the flush was a lie: flush ${flush} completed, and ${writes} ${fate.lost === 1 ? 'is' : 'are'} missing`,
  })
}
