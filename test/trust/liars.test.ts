/** `npm run trust -- liars`: calibration and campaigns run, and the section says what their data say. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FAULT_KINDS, type FaultKind } from '../../src/rig/sim/fault.ts'
import { calibrate, isExact } from '../../trust/liars/calibration.ts'
import { type ComparedWorkload, CUTS_ALL_CAUGHT, runCampaign, WORKLOADS_COMPARED } from '../../trust/liars/campaign.ts'
import {
  type CampaignRow,
  catchRows,
  checkLiarsData,
  cutsUntil,
  LIARS_SCHEMA,
  type LiarsData,
} from '../../trust/liars/data.ts'
import { liarsSection } from '../../trust/liars/section.ts'

const SEED = '00000000000011a5'

const row = (fault: FaultKind, rate: number, workload: ComparedWorkload, caught: number): CampaignRow => ({
  fault,
  rate,
  workload,
  cuts: 100,
  caught,
  writes: 1000 * 100,
})

/** Every liar at its rates, caught as `caughtOf` says. */
function dataOf(caughtOf: (fault: FaultKind, workload: ComparedWorkload) => number): LiarsData {
  const rows = FAULT_KINDS.flatMap((fault) =>
    [1, 0.1, 0.01, 0.001].flatMap((rate) =>
      WORKLOADS_COMPARED.map((workload) => row(fault, rate, workload, caughtOf(fault, workload))),
    ),
  )
  return { schema: LIARS_SCHEMA, node: 'v20', calibration: [], workloads: { seed: SEED, cutsMax: 100, rows } }
}

describe('calibration', () => {
  it('convicts a liar of its fault, and counts', () => {
    const liar = calibrate('flip-bit', 40)
    assert.ok(isExact(liar))
    assert.equal(liar.injections, 40)
    assert.ok(liar.convicted > 20)
    assert.deepEqual(new Set(Object.keys(liar.kinds)), new Set(['corrupt', 'collateral']))
  })

  it('is not exact where a liar is missed, misnamed, misplaced, or never seen', () => {
    const exact = calibrate('flip-bit', 10)
    for (const wrong of [
      { convicted: exact.convicted - 1 },
      { misnamed: 1 },
      { misplaced: 1 },
      { disagreements: 1 },
      { observable: 0, convicted: 0 },
    ])
      assert.equal(isExact({ ...exact, ...wrong }), false)
  })
})

describe('campaigns', () => {
  it('end early where every cut convicts, and else go on', () => {
    const campaign = { workload: 'sequential', seed: SEED, cuts: 22 } as const
    const always = runCampaign({ ...campaign, fault: 'short-device', rate: 1 })
    assert.deepEqual({ cuts: always.cuts, caught: always.caught }, { cuts: CUTS_ALL_CAUGHT, caught: CUTS_ALL_CAUGHT })
    const seldom = runCampaign({ ...campaign, cuts: 6, fault: 'ignore-fua', rate: 0.000_001 })
    assert.deepEqual({ cuts: seldom.cuts, caught: seldom.caught }, { cuts: 6, caught: 0 })
    assert.ok(seldom.writes > 1000)
  })

  it('give the same for the same seed', () => {
    const campaign = { workload: 'overlap', seed: SEED, cuts: 4, fault: 'tear-atomic', rate: 0.1 } as const
    assert.deepEqual(runCampaign(campaign), runCampaign(campaign))
  })
})

describe('cuts until a liar is caught', () => {
  it('are those of a geometric distribution', () => {
    assert.equal(cutsUntil(0.5, 1), 1)
    assert.equal(cutsUntil(0.5, 0.5), 1)
    assert.equal(cutsUntil(0.9, 0.5), 4)
    assert.equal(cutsUntil(0.5, 0.1), 7)
    assert.equal(cutsUntil(0.9, 0.1), 22)
  })

  it('of damage at the cut follow from its campaign at rate 1', () => {
    const [always, tenth] = catchRows(dataOf(() => 50)).filter(({ fault }) => fault === 'flip-bit')
    assert.equal(always?.catches.random?.p, 0.5)
    assert.equal(tenth?.rate, 0.1)
    assert.equal(tenth?.catches.random?.p, 0.05)
  })
})

describe('the section of the liars', () => {
  const calibration = (['flip-bit', 'phantom'] as const).map((fault) => ({
    ...calibrate('flip-bit', 10),
    fault,
  }))

  it('says what was convicted', () => {
    const text = liarsSection({ ...dataOf(() => 50), calibration })
    for (const fault of ['tear-atomic', 'reorder', 'read-error'])
      assert.match(text, new RegExp(`the loop itself refuses[^:]*:[^:]*\`${fault}\`, since `))
    assert.match(text, /\*\*Each of the 2 liars was convicted of exactly its fault/)
    assert.match(text, /\| `flip-bit` +\| cut +\| 10 +\| 10 +\|/)
  })

  it('says which was not, and how it is had again', () => {
    const problem = { kind: 'misplaced', text: 'elsewhere', replay: 'PLUGPULL_SIM_SEED=1' } as const
    const wrong = calibration.map((liar) => ({ ...liar, misplaced: 1, problems: [problem] }))
    const text = liarsSection({ ...dataOf(() => 50), calibration: wrong })
    assert.doesNotMatch(text, /convicted of exactly its fault in every cut/)
    assert.match(text, /\*\*Not every liar was convicted of exactly its fault: `flip-bit`, `phantom`\.\*\*/)
    assert.match(text, /- flip-bit, misplaced: `PLUGPULL_SIM_SEED=1`/)
  })

  it('gives median, interval and 90 % for each workload, and says where a liar was not caught', () => {
    const text = liarsSection(dataOf((_, workload) => (workload === 'wal' ? 0 : 10)))
    assert.match(text, /\| `drop-flush` +\| 0.1 per flush +\| 7 \(4–13\), 22 +\|.*\| not in 100 +\|/)
  })

  it('advises the workload that catches most, and where another is better', () => {
    const text = liarsSection(
      dataOf((fault, workload) => {
        if (fault === 'tear-atomic') return workload === 'straddle' ? 90 : 1
        if (fault === 'phantom') return 0
        return workload === 'overlap' ? 60 : 5
      }),
    )
    assert.match(text, /catches on average \d+ % of them with `overlap`/)
    assert.match(text, /`overlap` is not the best for all: clearly sooner.* is `straddle` for `tear-atomic`\./)
    assert.match(text, /No workload caught `phantom` at any rate\./)
  })

  it('is made of liars.json alone', () => {
    assert.throws(() => checkLiarsData({}), /plugpull.trust.liars/)
  })
})
