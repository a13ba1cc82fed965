/** One cut of a simulated disk that lies in one way: what it did, what was found, and whether that is exactly the same. */
import type { Finding, FindingKind } from '../../../src/core/finding.ts'
import type { PlanSpec } from '../../../src/core/plan.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { type FaultKind, type Injection, overlaps } from '../../../src/rig/sim/fault.ts'
import type { SimOverrides } from '../../../src/rig/sim/options.ts'
import { runSimulation } from '../../../src/rig/sim/run.ts'
import type { Simulation } from '../../../src/rig/sim/simulation.ts'
import { agreement, ofSeverity, type Problem, told } from './agreement.ts'
import { judged } from './judged.ts'

/** What a fault may be called, and what makes it likely to show. */
interface LiarCase {
  readonly kinds: readonly FindingKind[]
  readonly overrides?: SimOverrides
  readonly rate?: number
}

const LOSS = ['lost', 'torn'] as const
/** Under `ordered`, what is missing without being stable is a violation too where something later survived. */
const HELD_BACK = [...LOSS, 'reordered'] as const
const DAMAGE = [...HELD_BACK, 'corrupt', 'collateral'] as const
const FORGETFUL: SimOverrides = { survival: 0.1, writeBack: 0 }
const FLUSHED: Partial<PlanSpec> = { cadence: { kind: 'writes', every: 16 }, fuaPercent: 0 }
const FORGETFUL_OF_FLUSHES: SimOverrides = { ...FORGETFUL, windowWrites: 64, shipUs: 50, plan: FLUSHED }
const ATOMIC: Partial<PlanSpec> = {
  cadence: { kind: 'writes', every: 50 },
  fuaPercent: 0,
  alignSectors: 1,
  writeSectors: { least: 4, most: 8 },
  region: { lba: 0, sectors: 200 },
}

export const LIAR_CASES: Readonly<Record<FaultKind, LiarCase>> = {
  'drop-flush': { kinds: HELD_BACK, overrides: FORGETFUL_OF_FLUSHES, rate: 0.6 },
  'drop-every-kth-flush': { kinds: HELD_BACK, overrides: FORGETFUL_OF_FLUSHES },
  'lose-epoch': { kinds: HELD_BACK, overrides: { windowWrites: 64, shipUs: 50, plan: FLUSHED }, rate: 0.2 },
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

export interface LiarCut {
  readonly simulation: Simulation
  readonly verdict: Verdict
  /** The oracle sees a violation: the fault can be found. */
  readonly observable: boolean
  readonly problems: readonly Problem[]
}

/** Runs and judges a cut of a disk with that fault. */
export function liarCut(fault: FaultKind, seed: string): LiarCut {
  const simulation = simulateLiar(fault, seed)
  const verdict = judged(simulation)
  const { expected, problems } = agreement(simulation, verdict)
  const others = ofSeverity(verdict, 'violation').flatMap((finding) => problemsOf(fault, finding, simulation, verdict))
  return { simulation, verdict, observable: expected.violations.size > 0, problems: [...problems, ...others] }
}

function simulateLiar(fault: FaultKind, seed: string): Simulation {
  const { overrides, rate } = LIAR_CASES[fault]
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

function problemsOf(fault: FaultKind, finding: Finding, simulation: Simulation, verdict: Verdict): readonly Problem[] {
  const problems: Problem[] = []
  if (!LIAR_CASES[fault].kinds.includes(finding.kind))
    problems.push({ kind: 'misnamed', text: told(simulation, verdict, `${fault} was called ${finding.kind}`) })
  if (!simulation.disk.injections.some((injection) => isOf(finding, injection)))
    problems.push({
      kind: 'misplaced',
      text: told(simulation, verdict, `a finding where nothing was injected: ${finding.explanation}`),
    })
  return problems
}

/** Whether a violation is of the injection: of its flush, its write, or the sectors that it damaged, as the kind of fault has it. */
function isOf(finding: Finding, injection: Injection): boolean {
  switch (injection.kind) {
    case 'drop-flush':
    case 'drop-every-kth-flush':
      return finding.stableBy?.by === 'flush' && finding.stableBy.flush === injection.flush
    case 'ignore-fua':
    case 'acknowledge-early':
    case 'tear-atomic':
    case 'reorder-across-flush':
    case 'lose-epoch':
      return finding.write === injection.write
    case 'reorder':
      return finding.kind === 'reordered'
    case 'misdirect':
    case 'write-two-places':
      return finding.write === injection.write || overlaps(finding, injection)
    // A torn write that lands over one it was in flight with is a tear of the newer one.
    case 'tear-sector':
    case 'flip-bit':
    case 'stale':
    case 'zero-cluster':
    case 'rollback':
    case 'collateral':
    case 'phantom':
    case 'read-error':
    case 'short-device':
      return overlaps(finding, injection)
  }
}
