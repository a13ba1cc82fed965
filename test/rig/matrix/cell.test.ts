import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cellName, cellsOf, usualCuts } from '../../../src/rig/matrix/cell.ts'
import { rigNamed } from '../../../src/rig/registry.ts'
import { CACHE_MODES, IMAGE_NAMES } from '../../../src/rig/rig.ts'

const BOTH = [rigNamed('storage-daemon'), rigNamed('host-power')]

describe('cells', () => {
  it('are every cache mode, image and cut of every rig, each once', () => {
    const names = cellsOf({ rigs: BOTH }).map(cellName)
    assert.equal(names.length, CACHE_MODES.length * IMAGE_NAMES.length * 3)
    assert.equal(new Set(names).size, names.length)
    assert.ok(names.includes('storage-daemon/qcow2-overlay/none/sigterm'))
    assert.ok(names.includes('host-power/raw/unsafe/host-power'))
  })

  it('are those that were chosen, as far as each rig has them', () => {
    const names = cellsOf({ rigs: BOTH, caches: ['none'], images: ['raw'], cuts: ['sigkill', 'host-power'] }).map(
      cellName,
    )
    assert.deepEqual(names, ['storage-daemon/raw/none/sigkill', 'host-power/raw/none/host-power'])
  })

  it('are refused where no rig has what was chosen', () => {
    assert.throws(
      () => cellsOf({ rigs: BOTH, cuts: ['sigkill', 'guest-crash'] }),
      /--cut got "guest-crash"; --rig storage-daemon, host-power takes sigkill, sigterm, host-power/,
    )
  })

  it('have one orderly end, since QEMU tidies up at each', () => {
    assert.deepEqual(usualCuts({ cuts: ['qmp-quit', 'sigkill', 'virsh-destroy', 'guest-reset', 'host-power'] }), [
      'sigkill',
      'virsh-destroy',
      'host-power',
    ])
    assert.deepEqual(usualCuts({ cuts: ['sigkill'] }), ['sigkill'])
  })
})
