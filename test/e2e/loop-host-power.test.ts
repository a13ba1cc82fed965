/** A host that loses its power: cache=unsafe is convicted, honest modes are not, and write-through loses nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CYCLES, inPlace, loop, skippedWithout } from './loop-run.ts'

const COUNT = Number(CYCLES)
const COMMON = ['--rig', 'host-power', '--cycles', CYCLES, '--size', '32M', '--cut-after', '200ms-500ms'] as const

describe('loop over host-power', () => {
  for (const image of ['raw', 'qcow2']) {
    it(`${image}, cache=unsafe: the flush was a lie, every time`, async (t) => {
      if (skippedWithout(t, 'host-power')) return
      await inPlace(async (place) => {
        const { status, result } = await loop(place, [...COMMON, '--image', image, '--cache', 'unsafe'])
        assert.equal(status, 10)
        assert.equal(result.summary.violation, COUNT)
        for (const { cut, verdict } of result.cycles) {
          assert.equal(cut?.kind, 'host-power')
          assert.deepEqual(cut?.alsoDied, ['nbdfuse', 'qemu-storage-daemon', 'agent'])
          assert.ok((verdict?.violations.lost ?? 0) > 0)
          assert.ok((verdict?.liedFlushes ?? 0) > 0)
          assert.ok(verdict?.findings.some(({ explanation }) => explanation.includes('the flush was a lie')))
        }
      })
    })

    it(`${image}, cache=none: held, with completed writes lost`, async (t) => {
      if (skippedWithout(t, 'host-power')) return
      await inPlace(async (place) => {
        // The last hundred writes are never flushed: there is something to lose, and the log has arrived, when the cut comes.
        const { status, result } = await loop(place, [
          ...COMMON,
          '--image',
          image,
          '--cache',
          'none',
          '--writes',
          '1000',
          '--flush-every',
          '300',
        ])
        assert.equal(status, 0, JSON.stringify(result.cycles.map(({ problem }) => problem)))
        assert.equal(result.summary.held, COUNT)
        assert.ok(result.summary.hazards.lost > 0)
      })
    })

    it(`${image}, cache=writethrough: held under write-through, nothing lost`, async (t) => {
      if (skippedWithout(t, 'host-power')) return
      await inPlace(async (place) => {
        const { status, result } = await loop(place, [...COMMON, '--image', image, '--cache', 'writethrough'])
        assert.equal(status, 0)
        assert.equal(result.summary.held, COUNT)
        assert.equal(result.summary.exposure.lostWrites, 0)
        for (const { verdict } of result.cycles) assert.equal(verdict?.contract, 'write-through')
      })
    })
  }
})
