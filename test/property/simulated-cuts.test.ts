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
import { RANGE_SECTORS } from '../../src/core/observations.ts'
import { Prng, keyOf } from '../../src/core/prng.ts'
import { FAULT_KINDS, type FaultKind } from '../../src/rig/sim/fault.ts'
import type { SimOverrides } from '../../src/rig/sim/options.ts'
import { runSimulation } from '../../src/rig/sim/run.ts'
import { agreement, type Problem } from '../support/simulated/agreement.ts'
import { Corners } from '../support/simulated/corners.ts'
import { HONEST_FAMILY, honestCut, isJudgedWeaker, seedOf } from '../support/simulated/honest.ts'
import { judged } from '../support/simulated/judged.ts'
import { liarCut } from '../support/simulated/liars.ts'
import { replayCommand } from '../support/simulated/replay.ts'

const CUTS = Number(process.env['PLUGPULL_SIM_CUTS'] ?? 10_000)
const CUTS_PER_FAULT = Math.max(100, Math.floor(CUTS / 50))
const CUTS_ACROSS = Math.max(4, Math.floor(CUTS / 500))
const REPLAY = process.env['PLUGPULL_SIM_SEED']
/** Families of seeds after that of the honest cuts. */
const FAMILY = { liars: HONEST_FAMILY + 1, across: HONEST_FAMILY + 0x100 } as const

/** Runs with the seed; whatever goes wrong says how it is had again. */
function replayable(seed: string, fault: FaultKind | undefined, work: () => void, across = false): void {
  try {
    work()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`seed ${seed}: ${message}\nreplay: ${replayCommand(seed, fault, across)}`, { cause: error })
  }
}

function assertNone(problems: readonly Problem[]): void {
  assert.deepEqual(
    problems.map(({ kind, text }) => `${kind}: ${text}`),
    [],
  )
}

/** True where the fault showed. */
function assertConvicted(fault: FaultKind, seed: string): boolean {
  const { verdict, observable, problems } = liarCut(fault, seed)
  assertNone(problems)
  assert.equal(verdict.verdict === 'violation', observable)
  return observable
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

function assertAcrossRanges(fault: FaultKind | undefined, seed: string): void {
  const faults = fault === undefined ? [] : [{ kind: fault, rate: 0.2, times: Number.POSITIVE_INFINITY }]
  const simulation = runSimulation(seed, { ...acrossRanges(seed), faults })
  const { expected, problems } = agreement(simulation, judged(simulation))
  assertNone(problems)
  if (fault === undefined) assert.equal(expected.violations.size, 0)
}

/** Rare cuts in which something was wrong once: a tick after the end of a run, and garbage where a misdirected write is missing. */
const ONCE_WRONG: readonly (readonly [FaultKind, string])[] = [
  ['phantom', '5eed0011000000ff'],
  ['phantom', '5eed00110000024c'],
  ['misdirect', '5eed00050000037a'],
]

if (REPLAY === undefined) {
  describe('simulated cuts', () => {
    for (const [fault, seed] of ONCE_WRONG)
      it(`${fault}, seed ${seed}`, () => replayable(seed, fault, () => assert.ok(assertConvicted(fault, seed))))

    it(`of ${CUTS} honest disks convict none`, (t) => {
      const corners = new Corners()
      for (let run = 0; run < CUTS; run++) {
        const seed = seedOf(HONEST_FAMILY, run)
        replayable(seed, undefined, () => {
          const { simulation, verdict, problems } = honestCut(seed, isJudgedWeaker(run))
          assertNone(problems)
          corners.add(simulation, verdict)
        })
      }
      t.diagnostic(`corners: ${JSON.stringify(corners.counts())}`)
      assert.deepEqual(corners.missed(CUTS), [], 'corners that no run reached')
    })

    for (const fault of [undefined, 'drop-flush', 'misdirect'] as const) {
      it(`across the judge's ranges: ${fault ?? 'honest'}`, () => {
        for (let run = 0; run < CUTS_ACROSS; run++) {
          const seed = seedOf(FAMILY.across, run)
          replayable(seed, fault, () => assertAcrossRanges(fault, seed), true)
        }
      })
    }

    for (const [family, fault] of FAULT_KINDS.entries()) {
      it(`with ${fault} find that and nothing else`, (t) => {
        let convicted = 0
        for (let run = 0; run < CUTS_PER_FAULT; run++) {
          const seed = seedOf(FAMILY.liars + family, run)
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
    else if (fault === undefined) assertNone(honestCut(REPLAY, true).problems)
    else assertConvicted(fault, REPLAY)
  })
}
