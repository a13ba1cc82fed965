import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProbeError } from '../../../src/core/errors.ts'
import { parseLoopOptions } from '../../../src/rig/loop-options.ts'
import { diskBytesFor, parseQemuOptions } from '../../../src/rig/qemu/options.ts'

const MIB = 2 ** 20

describe('options of rig qemu', () => {
  it('fills in the defaults', () => {
    assert.deepEqual(parseQemuOptions(), { bus: 'virtio-blk', acceleration: 'auto', memoryBytes: 512 * MIB })
    const { cut, image, sizeBytes } = parseLoopOptions({ rig: 'qemu' })
    assert.deepEqual([cut, image, sizeBytes], ['sigkill', 'qcow2', 64 * MIB])
  })

  it('takes a file system with its mount options, and a write cache', () => {
    const { fileSystem, writeCache } = parseQemuOptions({
      guestFilesystem: 'ext4',
      guestMountOptions: 'barrier=0',
      guestWriteCache: 'through',
    })
    assert.deepEqual([fileSystem, writeCache], [{ type: 'ext4', mountOptions: 'barrier=0' }, 'write through'])
  })

  it('makes the disk larger than the file in it', () => {
    for (const type of ['ext4', 'xfs'] as const)
      for (const fileBytes of [MIB, 64 * MIB, 1024 * MIB]) assert.ok(diskBytesFor(type, fileBytes) > fileBytes)
    // mkfs.xfs refuses less than 300 MiB.
    assert.ok(diskBytesFor('xfs', MIB) >= 300 * MIB)
  })

  const refused: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ bus: 'floppy' }, /--bus got "floppy"; it takes virtio-blk or virtio-scsi/],
    [{ accel: 'xen' }, /--accel got "xen"/],
    [{ guestMemory: '64M' }, /--guest-memory got "64M"; it takes a size from 384 MiB to 64 GiB/],
    [{ guestFilesystem: 'fat' }, /--guest-filesystem got "fat"/],
    [{ guestMountOptions: 'noatime' }, /--guest-mount-options needs --guest-filesystem/],
    [{ guestWriteCache: 'off' }, /--guest-write-cache got "off"; it takes through or back/],
    [{ l2CacheSize: '12' }, /--l2-cache-size got "12"/],
    [{ cacheCleanInterval: 'often' }, /--cache-clean-interval got "often"/],
    [{ rig: 'host-power', bus: 'nvme' }, /--bus goes with --rig qemu/],
    [{ rig: 'sim', l2CacheSize: '1M' }, /--l2-cache-size goes with --rig storage-daemon or qemu/],
  ]
  for (const [raw, message] of refused) {
    it(`refuses ${JSON.stringify(raw)}`, () => {
      assert.throws(
        () => parseLoopOptions({ rig: 'qemu', ...raw }),
        (error) => error instanceof ProbeError && error.exitStatus === 64 && message.test(error.message),
      )
    })
  }

  it('takes options of the qcow2 driver under storage-daemon too', () => {
    const { rigOptions } = parseLoopOptions({ rig: 'storage-daemon', l2CacheSize: '64k', cacheCleanInterval: '1' })
    assert.deepEqual(rigOptions, { l2CacheSize: '64k', cacheCleanInterval: '1' })
  })
})
