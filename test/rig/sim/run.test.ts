/** A simulated run is the same for the same seed, and its log what an agent could have sent. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HistoryBuilder } from '../../../src/core/history.ts'
import { LogDecoder } from '../../../src/core/wire.ts'
import { drawOptions } from '../../../src/rig/sim/options.ts'
import { runSimulation } from '../../../src/rig/sim/run.ts'
import { possibleMaxOf, type Simulation } from '../../../src/rig/sim/simulation.ts'

const SEEDS = Array.from({ length: 60 }, (_, i) => (0x5e1f00 + i).toString(16).padStart(16, '0'))

function historyOf({ log }: Simulation): ReturnType<HistoryBuilder['finish']> {
  const builder = new HistoryBuilder(log.length)
  const decoder = new LogDecoder(builder)
  decoder.push(log)
  return builder.finish(decoder.end())
}

describe('runSimulation', () => {
  it('gives the same log and the same disk for the same seed', () => {
    for (const seed of SEEDS.slice(0, 10)) {
      const faults = [{ kind: 'misdirect', rate: 0.1 }, { kind: 'flip-bit' }] as const
      const first = runSimulation(seed, { faults })
      const second = runSimulation(seed, { faults })
      assert.equal(Buffer.compare(first.log, second.log), 0, seed)
      assert.equal(Buffer.compare(first.disk.medium.bytes, second.disk.medium.bytes), 0, seed)
      assert.deepEqual(first.disk.injections, second.disk.injections)
    }
  })

  it('gives different runs for different seeds', () => {
    const logs = SEEDS.map((seed) => Buffer.from(runSimulation(seed).log).toString('base64'))
    assert.equal(new Set(logs).size, SEEDS.length)
  })

  it('lets overrides fix what the seed would draw, and nothing else', () => {
    const [seed = ''] = SEEDS
    const { plan, ...drawn } = drawOptions(seed)
    const { plan: fixedPlan, ...fixed } = drawOptions(seed, { queueDepth: 5, plan: { fuaPercent: 7 } })
    assert.deepEqual(fixed, { ...drawn, queueDepth: 5 })
    assert.deepEqual(fixedPlan, { ...plan, fuaPercent: 7 })
  })

  it('leaves a log that decodes to the events it says it holds', () => {
    for (const seed of SEEDS) {
      const simulation = runSimulation(seed, { cutInFormat: false })
      const history = historyOf(simulation)
      const { events, plan } = simulation
      assert.equal(history.issued, events.filter(({ kind }) => kind === 'issue').length, seed)
      assert.equal(history.completed, events.filter(({ kind }) => kind === 'complete').length, seed)
      assert.equal(history.possibleMax, possibleMaxOf(events, plan), seed)
      assert.equal(history.logEnd.tail === 'clean', simulation.logIsWhole, seed)
    }
  })

  it('never puts a write on the disk that the log left behind does not allow for', () => {
    let cutShort = 0
    for (const seed of SEEDS) {
      const simulation = runSimulation(seed, { survival: 1, tail: 'random' })
      const history = historyOf(simulation)
      if (!simulation.logIsWhole) cutShort++
      for (let lba = 0; lba < simulation.options.sizeSectors; lba++) {
        const holding = simulation.disk.holdingOf(lba)
        if (holding.kind === 'request') assert.ok(holding.request.tag <= history.possibleMax, `${seed}: sector ${lba}`)
      }
    }
    assert.ok(cutShort > 0, 'a log is cut inside a frame now and then')
  })
})
