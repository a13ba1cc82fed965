import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BUSES } from '../../../src/rig/guest/guest-image.ts'
import { qemuRig } from '../../../src/rig/qemu/rig.ts'
import { caveatOf, contractTold, withCaveat } from '../../../src/rig/qemu/told.ts'
import { CACHE_MODES, type CutRecord } from '../../../src/rig/rig.ts'

describe('what a guest is told of its disk', () => {
  it('is a volatile cache, but under writethrough and directsync, and there too with NVMe or a file system', () => {
    for (const cache of CACHE_MODES) {
      const stable = cache === 'writethrough' || cache === 'directsync'
      for (const bus of BUSES) {
        assert.equal(contractTold({ bus }, cache), stable && bus !== 'nvme' ? 'write-through' : 'volatile')
        const fileSystem = { type: 'ext4', mountOptions: '' } as const
        assert.equal(contractTold({ bus, fileSystem }, cache), 'volatile')
      }
    }
  })

  it("is a volatile cache under device mapper's log-writes, and the disk's own under flakey", () => {
    assert.equal(contractTold({ bus: 'virtio-blk' }, 'writethrough', 'log-writes'), 'volatile')
    assert.equal(contractTold({ bus: 'virtio-blk' }, 'writethrough', 'flakey-drop-writes'), 'write-through')
  })

  it('has the fault that was asked for in the note of every cut', () => {
    for (const fault of qemuRig.faults) assert.match(caveatOf({}, fault) ?? '', new RegExp(`^--fault ${fault}: `))
  })

  it("has a caveat in the note of every cut where the guest's kernel drops flushes", () => {
    const record: CutRecord = { kind: 'sigkill', at: '', alsoDied: [], died: true }
    const caveat = caveatOf({ writeCache: 'write through' })
    assert.match(withCaveat(record, caveat).note ?? '', /^--guest-write-cache through: .*no fault of the disk$/)
    assert.match(withCaveat({ ...record, note: 'a' }, caveat).note ?? '', /^a; --guest/)
    assert.equal(withCaveat(record, caveatOf({ writeCache: 'write back' })), record)
    assert.equal(withCaveat(record, caveatOf({})), record)
  })
})
