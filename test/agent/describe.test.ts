/** The contract that follows from what the guest is told: never more than was promised. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { contractOf } from '../../src/agent/describe.ts'
import type { Manifest, TargetFacts } from '../../src/core/manifest.ts'

const DISK: TargetFacts = {
  path: '/dev/vdb',
  kind: 'block',
  sizeSectors: 4096,
  logicalBlockBytes: 512,
  driver: 'virtio_blk',
}

const cases: readonly (readonly [string, Manifest['io'], Partial<TargetFacts>, string])[] = [
  ['a write-back queue', 'direct', { writeCache: 'write back' }, 'volatile'],
  ['a write-through queue', 'direct', { writeCache: 'write through' }, 'write-through'],
  [
    'buffered over a write-through queue: complete in the page cache only',
    'buffered',
    { writeCache: 'write through' },
    'volatile',
  ],
  ['O_DSYNC', 'dsync', { writeCache: 'write back' }, 'write-through'],
  ['a file', 'direct', { kind: 'file' }, 'volatile'],
  ['a queue that says nothing', 'direct', {}, 'volatile'],
  ['an NVMe atomic unit', 'direct', { path: '/dev/nvme0n1', atomicWriteUnitMaxBytes: 16_384 }, 'volatile,atomic=16384'],
  [
    'an NVMe atomic unit, by its driver',
    'direct',
    { driver: 'nvme', atomicWriteUnitMaxBytes: 4096 },
    'volatile,atomic=4096',
  ],
  ['an NVMe atomic unit, buffered', 'buffered', { driver: 'nvme', atomicWriteUnitMaxBytes: 4096 }, 'volatile'],
  [
    'a SCSI atomic unit: plain writes are not WRITE ATOMIC',
    'direct',
    { driver: 'sd', atomicWriteUnitMaxBytes: 4096 },
    'volatile',
  ],
]
for (const [what, io, facts, contract] of cases) {
  test(what, () => assert.equal(contractOf(io, { ...DISK, ...facts }), contract))
}
