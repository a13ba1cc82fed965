/** Which workload to choose: one paragraph, from the data alone. */
import { FAULT_KINDS, FAULTS, type FaultKind } from '../../src/rig/sim/fault.ts'
import { type ComparedWorkload, WORKLOADS_COMPARED } from './campaign.ts'
import { type CatchRow, catchRows, type LiarsData } from './data.ts'

const CAMPAIGN_CUTS = 10

interface Ranked {
  readonly workload: ComparedWorkload
  /** Mean chance to catch a liar of the table within that many cuts. */
  readonly share: number
}

export function adviceOf(data: LiarsData): string {
  const rows = catchRows(data).filter(({ catches }) =>
    WORKLOADS_COMPARED.every((workload) => catches[workload] !== undefined),
  )
  const ranked = WORKLOADS_COMPARED.map((workload) => ({ workload, share: shareOf(rows, workload) })).toSorted(
    (a, b) => b.share - a.share,
  )
  const [best] = ranked
  if (rows.length === 0 || best === undefined) return 'No liar was measured with every workload.'
  return [
    `**Which workload to choose.** Over the ${rows.length} liars and rates below, a campaign of ${CAMPAIGN_CUTS} cuts catches on average ${listed(ranked)}.`,
    betterElsewhere(rows, best.workload),
    neverCaught(rows),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function shareOf(rows: readonly CatchRow[], workload: ComparedWorkload): number {
  const shares = rows.map(({ catches }) => 1 - (1 - (catches[workload]?.p ?? 0)) ** CAMPAIGN_CUTS)
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

const listed = (ranked: readonly Ranked[]): string =>
  ranked
    .map(({ workload, share }, i) => `${(share * 100).toFixed(0)} %${i === 0 ? ' of them' : ''} with \`${workload}\``)
    .join(', ')

/** Liars that another workload catches clearly better: the intervals do not touch. */
function betterElsewhere(rows: readonly CatchRow[], best: ComparedWorkload): string {
  const better = new Map<ComparedWorkload, Set<FaultKind>>()
  for (const { fault, catches } of rows) {
    const high = catches[best]?.high ?? 1
    const [first] = WORKLOADS_COMPARED.filter((workload) => (catches[workload]?.low ?? 0) > high).toSorted(
      (a, b) => (catches[b]?.p ?? 0) - (catches[a]?.p ?? 0),
    )
    if (first !== undefined) better.set(first, (better.get(first) ?? new Set()).add(fault))
  }
  if (better.size === 0) return `No liar is caught clearly sooner by another than by \`${best}\`.`
  const cases = [...better].map(([workload, faults]) => `\`${workload}\` for ${namesOf(faults)}`)
  return `\`${best}\` is not the best for all: clearly sooner, at one rate at least, is ${cases.join('; ')}.`
}

/** At no rate, by no workload. */
function neverCaught(rows: readonly CatchRow[]): string {
  const caught = (fault: FaultKind): boolean =>
    rows.some((row) => row.fault === fault && Object.values(row.catches).some(({ p }) => p > 0))
  const never = FAULT_KINDS.filter((fault) => rows.some((row) => row.fault === fault) && !caught(fault))
  const hard = FAULT_KINDS.filter((fault) => FAULTS[fault].chance !== 'cut' && caught(fault) && isSlow(rows, fault))
  return [
    never.length === 0 ? '' : `No workload caught ${namesOf(never)} at any rate.`,
    hard.length === 0
      ? ''
      : `Hard to catch whatever the workload, with less than an even chance in ${CAMPAIGN_CUTS} cuts at the lowest rate of the table: ${namesOf(hard)}.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function isSlow(rows: readonly CatchRow[], fault: FaultKind): boolean {
  const lowest = rows.findLast((row) => row.fault === fault)
  return WORKLOADS_COMPARED.every((workload) => 1 - (1 - (lowest?.catches[workload]?.p ?? 0)) ** CAMPAIGN_CUTS < 0.5)
}

const namesOf = (faults: Iterable<FaultKind>): string => [...faults].map((fault) => `\`${fault}\``).join(', ')
