/**
 * The judge against the simulated disk: an honest one is never convicted, and of a lying one exactly what it did is found,
 * where it did it. What is to be found says the oracle (src/rig/sim/oracle.ts), which knows what the disk really holds.
 *
 * PLUGPULL_SIM_CUTS   cuts of honest disks (default 10000); faults get a fiftieth of that each, and at least 100
 * PLUGPULL_SIM_SEED   replays one run: 16 hexadecimal digits, as a failure prints them
 * PLUGPULL_SIM_FAULT  with the seed, where the failure names a fault; PLUGPULL_SIM_ACROSS likewise
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContractName } from '../../src/core/contract.ts'
import type { Finding } from '../../src/core/finding.ts'
import type { PlanSpec } from '../../src/core/plan.ts'
import { RANGE_SECTORS } from '../../src/core/observe.ts'
import { Prng, hexOf, keyOf } from '../../src/core/prng.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { DISK_MODES } from '../../src/rig/sim/disk.ts'
import { FAULT_KINDS, type FaultKind, type Injection } from '../../src/rig/sim/fault.ts'
import type { SimOverrides } from '../../src/rig/sim/options.ts'
import { expectationOf } from '../../src/rig/sim/oracle.ts'
import { runSimulation } from '../../src/rig/sim/run.ts'
import type { Simulation } from '../../src/rig/sim/simulation.ts'
import { differenceOf, judged, placesOf } from './judged.ts'

const CUTS = Number(process.env['PLUGPULL_SIM_CUTS'] ?? 10_000)
const CUTS_PER_FAULT = Math.max(100, Math.floor(CUTS / 50))
const CUTS_ACROSS = Math.max(4, Math.floor(CUTS / 500))
const REPLAY = process.env['PLUGPULL_SIM_SEED']

const seedOf = (family: number, run: number): string => hexOf({ hi: 0x5eed0000 + family, lo: run })

/** Runs with the seed; whatever goes wrong says how it is had again. */
function replayable(seed: string, fault: FaultKind | undefined, work: () => void, how = ''): void {
  try {
    work()
  } catch (error) {
    const asked = fault === undefined ? '' : ` PLUGPULL_SIM_FAULT=${fault}`
    const replay = `PLUGPULL_SIM_SEED=${seed}${asked}${how} node --test dist/test/property/simulated-cuts.test.js`
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}\nreplay: ${replay}`, {
      cause: error,
    })
  }
}

function told(simulation: Simulation, verdict: Verdict, difference: string): string {
  const { contract, disk, options } = simulation
  const violations = verdict.findings.filter(({ severity }) => severity === 'violation').slice(0, 4)
  return [
    difference,
    `contract ${JSON.stringify(contract)}, workload ${options.plan.workload}, queue depth ${options.queueDepth}, ${options.flushMode}`,
    `injected: ${JSON.stringify(disk.injections.slice(0, 4))}`,
    ...violations.map(({ explanation }) => explanation),
  ].join('\n')
}

const ofSeverity = (verdict: Verdict, severity: Finding['severity']): readonly Finding[] =>
  verdict.findings.filter((finding) => finding.severity === severity)

/** Judge and oracle agree on every violation, and on every write lost or torn without one. */
function assertAgrees(simulation: Simulation, verdict: Verdict): ReadonlySet<string> {
  const expected = expectationOf(simulation)
  const violations = differenceOf(expected.violations, placesOf(ofSeverity(verdict, 'violation')))
  assert.ok(violations === '', told(simulation, verdict, `violations: ${violations}`))
  const ofWrites = ofSeverity(verdict, 'hazard').filter(({ kind }) => kind === 'lost' || kind === 'torn')
  const hazards = differenceOf(expected.hazards, placesOf(ofWrites))
  assert.ok(hazards === '', told(simulation, verdict, `hazards: ${hazards}`))
  return expected.violations
}

/** Contracts that a disk keeps which keeps this one. */
const WEAKER: Readonly<Record<ContractName, readonly ContractName[]>> = {
  'write-through': ['volatile', 'virtio-strict'],
  ordered: ['volatile', 'virtio-strict'],
  volatile: ['virtio-strict'],
  'virtio-strict': [],
}

function assertHonest(
  seed: string,
  weakerToo: boolean,
): { readonly simulation: Simulation; readonly verdict: Verdict } {
  const simulation = runSimulation(seed)
  const verdict = judged(simulation)
  const expected = assertAgrees(simulation, verdict)
  assert.equal(expected.size, 0, `the simulator broke its own contract: ${[...expected].join(', ')}`)
  assert.notEqual(verdict.verdict, 'violation')
  const { name } = simulation.contract
  for (const kept of [name, ...WEAKER[name]]) {
    assert.ok(
      verdict.consistentWith.includes(kept),
      told(simulation, verdict, `an honest disk that is said not to be ${kept}`),
    )
  }
  for (const weaker of weakerToo ? WEAKER[name] : []) {
    const again = judged(simulation, { ...simulation.contract, name: weaker })
    assert.notEqual(again.verdict, 'violation', told(simulation, again, `violation under the weaker ${weaker}`))
  }
  return { simulation, verdict }
}

/** How often the honest runs got into each corner; a corner never reached would prove nothing. */
class Corners {
  readonly #counts = new Map<string, number>()

  add(simulation: Simulation, verdict: Verdict): void {
    const { options, events } = simulation
    for (const corner of [
      `mode ${options.mode}`,
      `verdict ${verdict.verdict}`,
      `tail ${verdict.log.tail}`,
      `${options.flushMode} flushes`,
      `workload ${options.plan.workload}`,
      `cadence ${options.plan.cadence.kind}`,
      `commit ${options.commit}`,
      `baseline ${options.baseline}`,
      ...(verdict.log.ended ? ['ended'] : []),
      ...(options.atomicSectors > 0 ? ['atomic'] : []),
      ...(options.overlapInFlight && options.queueDepth > 1 ? ['overlap in flight'] : []),
      ...(options.cutInFormat && options.baseline === 'format' ? ['cut while formatting'] : []),
      ...(verdict.checked.supersededSectors > 0 ? ['superseded sectors'] : []),
      ...(verdict.checked.stableWrites > 20 ? ['many stable writes'] : []),
      ...(events.some(({ kind }) => kind === 'failed' || kind === 'flush-failed') ? ['failed request'] : []),
      ...(['lost', 'torn', 'reordered', 'corrupt'] as const)
        .filter((kind) => verdict.hazards[kind] > 0)
        .map((kind) => `hazard ${kind}`),
    ]) {
      this.#counts.set(corner, (this.#counts.get(corner) ?? 0) + 1)
    }
  }

  assertReached(runs: number): void {
    const wanted = [
      'verdict held',
      'verdict inconclusive',
      'tail clean',
      'tail truncated',
      'ended',
      'atomic',
      'overlap in flight',
    ]
    wanted.push(
      'superseded sectors',
      'many stable writes',
      'failed request',
      'commit wait',
      'baseline format',
      'baseline scan',
    )
    wanted.push('hazard lost', 'hazard torn', 'hazard reordered', 'hazard corrupt', 'cut while formatting')
    wanted.push(
      'barrier flushes',
      'concurrent flushes',
      'cadence interval',
      'cadence never',
      'workload script',
      'workload wal',
    )
    wanted.push(...DISK_MODES.map((mode) => `mode ${mode}`))
    // The rarest corner is drawn once in some 200 runs.
    const missed = runs < 2000 ? [] : wanted.filter((corner) => !this.#counts.has(corner))
    assert.deepEqual(missed, [], 'corners that no run reached')
  }

  toString(): string {
    return [...this.#counts]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([corner, count]) => `${corner}: ${count}`)
      .join(', ')
  }
}

/** What a fault may be called, and what makes it likely to show. */
interface FaultCase {
  readonly kinds: readonly Finding['kind'][]
  readonly overrides?: SimOverrides
  readonly rate?: number
}

const LOSS = ['lost', 'torn'] as const
/** Under `ordered`, what is missing without being stable is a violation too where something later survived. */
const HELD_BACK = [...LOSS, 'reordered'] as const
const DAMAGE = [...HELD_BACK, 'corrupt', 'collateral'] as const
const FORGETFUL: SimOverrides = { survival: 0.1, writeBack: 0 }
const FLUSHED: Partial<PlanSpec> = { cadence: { kind: 'writes', every: 16 }, fuaPercent: 0 }
const ATOMIC: Partial<PlanSpec> = {
  cadence: { kind: 'writes', every: 50 },
  fuaPercent: 0,
  alignSectors: 1,
  writeSectors: { least: 4, most: 8 },
  region: { lba: 0, sectors: 200 },
}

const FAULT_CASES: Readonly<Record<FaultKind, FaultCase>> = {
  'drop-flush': {
    kinds: HELD_BACK,
    overrides: { ...FORGETFUL, windowWrites: 64, shipUs: 50, plan: FLUSHED },
    rate: 0.6,
  },
  'ignore-fua': {
    kinds: HELD_BACK,
    overrides: { ...FORGETFUL, plan: { cadence: { kind: 'never' }, fuaPercent: 50 } },
    rate: 0.1,
  },
  'acknowledge-early': { kinds: HELD_BACK, overrides: FORGETFUL, rate: 0.1 },
  // The bytes of a scanned baseline are not known: a mix with them need not be told from garbage.
  'tear-sector': { kinds: ['torn'], overrides: { baseline: 'format' }, rate: 0.1 },
  'tear-atomic': {
    kinds: ['torn'],
    overrides: { mode: 'volatile', atomicSectors: 16, survival: 0.5, writeBack: 0.2, plan: ATOMIC },
    rate: 0.5,
  },
  // A copy that was overwritten where it landed is no longer whole: its write is missing, too.
  misdirect: { kinds: ['misdirected', ...HELD_BACK], rate: 0.05 },
  'write-two-places': { kinds: ['misdirected'], rate: 0.05 },
  'reorder-across-flush': { kinds: HELD_BACK, overrides: { ...FORGETFUL, plan: FLUSHED }, rate: 0.5 },
  reorder: {
    kinds: ['reordered'],
    overrides: { mode: 'ordered', writeBack: 0, plan: { cadence: { kind: 'writes', every: 50 } } },
  },
  'flip-bit': { kinds: ['corrupt', 'collateral'] },
  stale: { kinds: HELD_BACK },
  'zero-cluster': { kinds: DAMAGE },
  rollback: { kinds: DAMAGE },
  collateral: { kinds: ['collateral'] },
  phantom: { kinds: ['phantom'] },
  'read-error': { kinds: ['unreadable'] },
  'short-device': { kinds: ['unreadable'] },
}

function simulateFault(fault: FaultKind, seed: string): Simulation {
  const { overrides, rate } = FAULT_CASES[fault]
  const spec = rate === undefined ? { kind: fault } : { kind: fault, rate, times: Number.POSITIVE_INFINITY }
  const isWorkload = overrides?.plan === undefined ? {} : { workload: 'random' }
  return runSimulation(seed, {
    cutInFormat: false,
    cutAfterEvents: 600,
    ...overrides,
    plan: { ...overrides?.plan, ...isWorkload },
    faults: [spec],
  })
}

/** Writes on both sides of the place where the judge goes on to its next range, and across it. */
function acrossRanges(seed: string): SimOverrides {
  const random = new Prng(keyOf(seed))
  const statements = Array.from({ length: 60 }, () => {
    if (random.chance(0.2)) return 'flush'
    return `w ${RANGE_SECTORS - 24 + random.below(40)}+${1 + random.below(16)}`
  })
  return {
    survival: 0.5,
    baseline: 'scan',
    before: 'zeros',
    windowWrites: 64,
    shipUs: 50,
    cutAfterEvents: 50 + random.below(300),
    plan: {
      workload: 'script',
      script: [...statements, `w ${RANGE_SECTORS}+1`].join('; '),
      cadence: { kind: 'workload' },
      alignSectors: 1,
      clusterSectors: 16,
      writeSectors: { least: 1, most: 16 },
      region: { lba: 0, sectors: RANGE_SECTORS + 64 },
    },
  }
}

/** Whether a violation is of the injection: of its write or flush, or of a write over its sectors. */
function isOf(finding: Finding, injection: Injection): boolean {
  if (injection.kind === 'reorder') return finding.kind === 'reordered'
  if (injection.kind === 'drop-flush')
    return finding.stableBy?.by === 'flush' && finding.stableBy.flush === injection.flush
  if (finding.write !== undefined && finding.write === injection.write) return true
  return finding.lba < injection.lba + injection.sectors && injection.lba < finding.lba + finding.sectors
}

/** True where the fault showed. */
function assertConvicted(fault: FaultKind, seed: string): boolean {
  const simulation = simulateFault(fault, seed)
  const verdict = judged(simulation)
  const expected = assertAgrees(simulation, verdict)
  assert.equal(verdict.verdict === 'violation', expected.size > 0)
  for (const finding of ofSeverity(verdict, 'violation')) {
    assert.ok(
      FAULT_CASES[fault].kinds.includes(finding.kind),
      told(simulation, verdict, `${fault} was called ${finding.kind}`),
    )
    const { injections } = simulation.disk
    assert.ok(
      injections.some((injection) => isOf(finding, injection)),
      told(simulation, verdict, `a finding where nothing was injected: ${finding.explanation}`),
    )
  }
  return expected.size > 0
}

function assertAcrossRanges(fault: FaultKind | undefined, seed: string): void {
  const faults = fault === undefined ? [] : [{ kind: fault, rate: 0.2, times: Number.POSITIVE_INFINITY }]
  const simulation = runSimulation(seed, { ...acrossRanges(seed), faults })
  const expected = assertAgrees(simulation, judged(simulation))
  if (fault === undefined) assert.equal(expected.size, 0)
}

if (REPLAY === undefined) {
  describe('simulated cuts', () => {
    it(`of ${CUTS} honest disks convict none`, (t) => {
      const corners = new Corners()
      for (let run = 0; run < CUTS; run++) {
        const seed = seedOf(0, run)
        replayable(seed, undefined, () => {
          const { simulation, verdict } = assertHonest(seed, run % 4 === 0)
          corners.add(simulation, verdict)
        })
      }
      t.diagnostic(`corners: ${corners.toString()}`)
      corners.assertReached(CUTS)
    })

    for (const fault of [undefined, 'drop-flush', 'misdirect'] as const) {
      it(`across the judge's ranges: ${fault ?? 'honest'}`, () => {
        for (let run = 0; run < CUTS_ACROSS; run++) {
          const seed = seedOf(0x100, run)
          replayable(seed, fault, () => assertAcrossRanges(fault, seed), ' PLUGPULL_SIM_ACROSS=1')
        }
      })
    }

    for (const [family, fault] of FAULT_KINDS.entries()) {
      it(`with ${fault} find that and nothing else`, (t) => {
        let convicted = 0
        for (let run = 0; run < CUTS_PER_FAULT; run++) {
          const seed = seedOf(1 + family, run)
          replayable(seed, fault, () => {
            if (assertConvicted(fault, seed)) convicted++
          })
        }
        t.diagnostic(`${fault}: observable in ${convicted} of ${CUTS_PER_FAULT} cuts, found in each`)
        assert.ok(
          convicted * 10 >= CUTS_PER_FAULT,
          `${fault} showed in ${convicted} of ${CUTS_PER_FAULT} cuts only: too few to prove anything`,
        )
      })
    }
  })
} else {
  it(`replay of seed ${REPLAY}`, () => {
    const fault = FAULT_KINDS.find((kind) => kind === process.env['PLUGPULL_SIM_FAULT'])
    if (process.env['PLUGPULL_SIM_ACROSS'] !== undefined) assertAcrossRanges(fault, REPLAY)
    else if (fault === undefined) assertHonest(REPLAY, true)
    else assertConvicted(fault, REPLAY)
  })
}
