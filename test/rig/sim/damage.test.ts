/** Damage is done at the place that was asked for, by the rate that was asked for, and nowhere outside the region. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hexOf } from '../../../src/core/prng.ts'
import { CUT_FAULTS, FAULT_KINDS, FAULTS, type FaultSpec } from '../../../src/rig/sim/fault.ts'
import { runSimulation } from '../../../src/rig/sim/run.ts'
import type { Simulation } from '../../../src/rig/sim/simulation.ts'

const REGION = { lba: 16, sectors: 200 }
const WHERE = { lba: 40, sectors: 12 }
const RANGES = ['zero-cluster', 'rollback', 'read-error'] as const

const simulate = (number: number, fault: FaultSpec): Simulation =>
  runSimulation(hexOf({ hi: 0xda3a9e, lo: number }), {
    mode: 'volatile',
    cutInFormat: false,
    cutAfterEvents: 300,
    sizeSectors: 256,
    plan: { workload: 'random', region: REGION, alignSectors: 1, writeSectors: { least: 1, most: 4 } },
    faults: [fault],
  })

describe('damage', () => {
  for (const kind of CUT_FAULTS.filter((one) => one !== 'reorder')) {
    it(`${kind}: inside the place`, () => {
      let done = 0
      for (let n = 0; n < 20; n++) {
        for (const { lba, sectors } of simulate(n, { kind, where: WHERE }).disk.injections) {
          done++
          assert.ok(lba >= WHERE.lba && lba < WHERE.lba + WHERE.sectors, `sector ${lba}`)
          if (RANGES.some((one) => one === kind)) assert.deepEqual({ lba, sectors }, WHERE)
          if (kind === 'short-device') assert.deepEqual({ lba, sectors }, { lba: 40, sectors: 216 })
        }
      }
      assert.ok(done > 0, 'it was done at least once')
    })

    it(`${kind}: not outside the region, where nothing is judged`, () => {
      const { disk } = simulate(1, { kind, where: { lba: 0, sectors: REGION.lba } })
      assert.deepEqual(disk.injections, [])
    })

    it(`${kind}: by its rate`, () => {
      let cuts = 0
      for (let n = 0; n < 200; n++) {
        const { injections } = simulate(n, { kind, rate: 0.2, times: Number.POSITIVE_INFINITY }).disk
        assert.ok(injections.length <= 1)
        cuts += injections.length
      }
      assert.ok(cuts >= 8 && cuts <= 65, `in ${cuts} of 200 cuts`)
    })
  }

  it('stale: of the write that is named', () => {
    const writes = Array.from({ length: 40 }, (_, n) => simulate(n, { kind: 'stale', at: 5 }).disk.injections)
    assert.ok(writes.flat().length > 0)
    assert.ok(writes.flat().every(({ write }) => write === 5))
  })

  it('is a family of which every kind takes a rate and a place', () => {
    for (const kind of FAULT_KINDS) assert.ok(FAULTS[kind].places.length > 0, kind)
    for (const kind of CUT_FAULTS) assert.equal(FAULTS[kind].chance, 'cut')
  })
})
