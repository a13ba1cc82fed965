/** Where all was found, against simulated cuts: the same map from a verdict that lists nothing as from one that lists all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTRACT_NAMES } from '../../src/core/contract.ts'
import { HistoryBuilder } from '../../src/core/history.ts'
import { blockMapOf } from '../../src/core/map/block-map.ts'
import { foundCode } from '../../src/core/map/block-state.ts'
import { type Stretches, stretchesOf, stretchesOfVerdict } from '../../src/core/map/stretches.ts'
import { hexOf } from '../../src/core/prng.ts'
import { LogDecoder } from '../../src/core/wire.ts'
import { FAULT_KINDS } from '../../src/rig/sim/fault.ts'
import { runSimulation } from '../../src/rig/sim/run.ts'
import { judged } from '../support/simulated/judged.ts'

const RUNS_A_FAULT = 6

test('a verdict that lists nothing shows the same on the map as one that lists all', () => {
  const shown = new Set<number>()
  let misdirected = 0
  for (const [i, kind] of FAULT_KINDS.entries()) {
    for (let run = 0; run < RUNS_A_FAULT; run++) {
      const seed = hexOf({ hi: 0xf0a7 + i, lo: run })
      const simulation = runSimulation(seed, { faults: [{ kind, rate: 0.1, times: Number.POSITIVE_INFINITY }] })
      const builder = new HistoryBuilder(simulation.log.length)
      const decoder = new LogDecoder(builder)
      decoder.push(simulation.log)
      const history = builder.finish(decoder.end())
      const statesOf = (stretches: Stretches): Uint8Array =>
        blockMapOf(history, simulation.contract, stretches, 512).states
      for (const name of CONTRACT_NAMES) {
        const contract = { ...simulation.contract, name }
        const whole = judged(simulation, contract)
        assert.equal(whole.findingsOmitted, 0)
        assert.equal(whole.foundAt, undefined, 'where all is listed the list says it')
        // Those sum up findings that are listed, too.
        const listed = whole.findings.filter(({ rule }) => rule !== 'flush-lie')
        for (const findingsMax of [0, 3]) {
          const short = judged(simulation, contract, findingsMax)
          const states = statesOf(stretchesOfVerdict(short))
          assert.deepEqual(states, statesOf(stretchesOf(listed)), `seed ${seed}, ${kind}, ${name}, ${findingsMax}`)
          for (const state of states) shown.add(foundCode(state))
        }
        misdirected += whole.violations.misdirected
      }
    }
  }
  assert.ok(misdirected > 0, 'some write was misdirected')
  assert.deepEqual(
    [...shown].toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  )
})
