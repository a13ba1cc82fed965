/** A disk opened by libguestfs, through its appliance: one boot before the cut and one after it make this slow, so it is one cycle. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inPlace, loop, skippedWithout } from './loop-run.ts'

describe('loop over libguestfs', () => {
  it('cachemode unsafe, the host loses its power: fsync was a lie', async (t) => {
    if (skippedWithout(t, 'libguestfs')) return
    await inPlace(async (place) => {
      const options = ['--cache', 'unsafe', '--cut', 'host-power', '--flush-every', '8', '--cut-after', '1s']
      const { status, result } = await loop(place, ['--rig', 'libguestfs', ...options])
      assert.equal(status, 10, JSON.stringify(result.cycles.map(({ problem }) => problem)))
      const [cycle] = result.cycles
      assert.deepEqual(cycle?.cut?.alsoDied, ['nbdfuse', "qemu (libguestfs' appliance)", 'guestfish', 'agent'])
      assert.ok((cycle?.verdict?.violations.lost ?? 0) > 0)
    })
  })
})
