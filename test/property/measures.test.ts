/**
 * Measures against simulated cuts: equal to what all findings say where none is left out, and to a plain recount from the
 * simulator's own events of what was at risk.
 *
 * PLUGPULL_SIM_SEED   replays one run: 16 hexadecimal digits, as a failure prints them
 * PLUGPULL_SIM_FAULT  with the seed, where the failure names a fault
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Histogram, Counter, SpreadCounter, totalOf } from '../../src/core/histogram.ts'
import { hexOf } from '../../src/core/prng.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { FAULT_KINDS } from '../../src/rig/sim/fault.ts'
import { runSimulation } from '../../src/rig/sim/run.ts'
import type { Simulation } from '../../src/rig/sim/simulation.ts'
import { judged } from '../support/simulated/judged.ts'

const RUNS = 400
const REPLAY = process.env['PLUGPULL_SIM_SEED']

const histogramOf = (values: readonly number[]): Histogram => {
  const counter = new Counter()
  for (const value of values) counter.add(value)
  return counter.histogram()
}

const classesOf = (values: readonly number[]): Histogram => {
  const counter = new SpreadCounter()
  for (const value of values) counter.add(value)
  return counter.spread().classes
}

function assertEqualsFindings({ measures, findings, findingsOmitted, exposure, violations, hazards }: Verdict): void {
  assert.ok(measures !== undefined)
  assert.equal(findingsOmitted, 0)
  const torn = findings.filter(({ kind }) => kind === 'torn')
  const alignments = torn.flatMap(({ boundaryAlignments, lba, boundaries }) =>
    boundaryAlignments.map((alignment, i) =>
      (lba * 512 + (boundaries[i] ?? 0)) % 512 === 0 ? Math.min(2 ** 20, alignment) : 0,
    ),
  )
  assert.deepEqual(measures.tears.alignments, histogramOf(alignments))
  assert.equal(totalOf(measures.tears.writeSizes), violations.torn + hazards.torn)
  assert.equal(measures.tears.unlocated, torn.filter(({ boundaries }) => boundaries.length === 0).length)
  const byUnit = Object.values(measures.atomicity).reduce((sum, unit) => sum + unit.torn, 0)
  assert.equal(byUnit, torn.length)
  for (const { exposed, whole, torn: tornHere } of Object.values(measures.atomicity))
    assert.ok(whole + tornHere <= exposed)
  assert.equal(totalOf(measures.lostAgesMs.classes), exposure.lostWrites)
  assert.equal(measures.lostAgesMs.most, exposure.oldestLostMs)
  const survivors = findings.flatMap(({ survivor }) => survivor ?? [])
  assert.deepEqual(measures.reordered.writesAhead.classes, classesOf(survivors.map((one) => one.writesAhead)))
  assert.deepEqual(measures.reordered.msAhead.classes, classesOf(survivors.map((one) => one.msAhead)))
}

interface Told {
  readonly id: number
  readonly issued: number
  completed: number
}

/** Stability and overwriting as docs/MODEL.md words them, every pair of writes compared, over the events that the log still holds. */
function assertRecounted({ events, contract, plan, options }: Simulation, { measures }: Verdict): void {
  const writes = new Map<number, Told>()
  const flushIssued = new Map<number, number>()
  const flushes: number[] = []
  events.forEach(({ kind, id }, place) => {
    const write = writes.get(id)
    if (kind === 'issue') writes.set(id, { id, issued: place, completed: Number.POSITIVE_INFINITY })
    if (kind === 'complete' && write !== undefined) write.completed = place
    if (kind === 'flush-issue') flushIssued.set(id, place)
    if (kind === 'flush-complete') flushes.push(flushIssued.get(id) ?? Number.NaN)
  })
  const isComplete = ({ completed }: Told): boolean => Number.isFinite(completed)
  const isStable = (write: Told): boolean =>
    isComplete(write) &&
    (contract.name === 'write-through' ||
      plan.write(write.id).fua ||
      flushes.some((issued) => issued > write.completed))
  const stable = [...writes.values()].filter(isStable)
  const covers = (id: number, lba: number): boolean =>
    lba >= plan.write(id).lba && lba < plan.write(id).lba + plan.write(id).sectors
  const isOverwritten = (write: Told): boolean => {
    const { lba, sectors } = plan.write(write.id)
    const later = stable.filter(({ issued }) => write.completed < issued)
    return Array.from({ length: sectors }, (_, i) => lba + i).every((at) => later.some(({ id }) => covers(id, at)))
  }
  const atRisk = [...writes.values()].filter((write) => !isStable(write) && !isOverwritten(write))
  const inFlight = atRisk.filter((write) => !isComplete(write)).length
  assert.equal(measures?.atRisk.completeWrites, atRisk.length - inFlight)
  // Writes that the log does not know as issued and the disk shows are in flight too.
  const counted = measures?.atRisk.inFlightWrites ?? -1
  const logIsWhole = options.tail === 'all' && options.frameRecords === 1 && options.faults.length === 0
  assert.ok(logIsWhole ? counted === inFlight : counted >= inFlight, `${counted} in flight, recounted ${inFlight}`)
}

/** Every record is shipped by itself and arrives. */
const WHOLE_LOG = { tail: 'all', frameRecords: 1 } as const

function check(seed: string, fault: number | undefined): Verdict {
  const kind = fault === undefined ? undefined : FAULT_KINDS[fault]
  const overrides = kind === undefined ? WHOLE_LOG : { faults: [{ kind, rate: 0.1, times: Number.POSITIVE_INFINITY }] }
  try {
    const simulation = runSimulation(seed, overrides)
    const verdict = judged(simulation)
    assertEqualsFindings(verdict)
    assertRecounted(simulation, verdict)
    return verdict
  } catch (error) {
    const asked = fault === undefined ? '' : ` PLUGPULL_SIM_FAULT=${fault}`
    const replay = `PLUGPULL_SIM_SEED=${seed}${asked} node --test dist/test/property/measures.test.js`
    throw new Error(`seed ${seed}: ${String(error)}\nreplay: ${replay}`, { cause: error })
  }
}

test('measures are what the findings say, and what a recount says', () => {
  if (REPLAY !== undefined) {
    const fault = process.env['PLUGPULL_SIM_FAULT']
    check(REPLAY, fault === undefined ? undefined : Number(fault))
    return
  }
  const reached = { tears: 0, mixed: 0, reordered: 0, lost: 0, atRisk: 0 }
  for (let run = 0; run < RUNS; run++) {
    const fault = run % 2 === 0 ? undefined : ((run - 1) / 2) % FAULT_KINDS.length
    const { measures } = check(hexOf({ hi: 0x3ea5, lo: run }), fault)
    assert.ok(measures !== undefined)
    reached.tears += totalOf(measures.tears.writeSizes)
    reached.mixed += measures.tears.alignments['0'] ?? 0
    reached.reordered += totalOf(measures.reordered.writesAhead.classes)
    reached.lost += totalOf(measures.lostAgesMs.classes)
    reached.atRisk += measures.atRisk.completeWrites
  }
  for (const [what, count] of Object.entries(reached)) assert.ok(count > 0, `no run had ${what}`)
})
