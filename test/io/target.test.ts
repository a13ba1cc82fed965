import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { describe, it, test } from 'node:test'
import { mountOver } from '../../src/io/mounts.ts'
import { atomicUnitFrom, deviceKey, deviceNumber, inspectTarget, targetSizeSectors } from '../../src/io/target.ts'
import { openLab } from './lab.ts'

describe('inspectTarget', () => {
  for (const logicalBlockBytes of [512, 4096]) {
    it(`tells of a loop device with blocks of ${logicalBlockBytes}`, (t) => {
      const lab = openLab(t, ['root', 'losetup'])
      if (lab === undefined) return
      const path = lab.loop(lab.file('disk', 1 << 20), { logicalBlockBytes })
      const facts = inspectTarget(path)
      assert.equal(facts.kind, 'block')
      assert.equal(facts.path, path)
      assert.equal(facts.sizeSectors, 2048)
      assert.equal(facts.logicalBlockBytes, logicalBlockBytes)
      assert.match(facts.writeCache ?? '', /^write (back|through)$/)
      assert.equal(typeof facts.fua, 'boolean')
      assert.equal(facts.driver, 'loop')
      assert.ok(!Object.values(facts).includes(undefined))
    })
  }
  it('tells of a file: its size in whole sectors, and the file system it lies on', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const path = lab.file('disk', 5 * 512 + 17)
    const facts = inspectTarget(path)
    assert.equal(facts.kind, 'file')
    assert.equal(facts.sizeSectors, 5)
    assert.equal(targetSizeSectors(path), 5)
    assert.equal(facts.fileSystem, mountOver(path)?.fileSystem)
    assert.equal(facts.writeCache, undefined)
  })
  it('aligns a file to the blocks of the disk below', (t) => {
    const lab = openLab(t, ['root', 'losetup'])
    if (lab === undefined) return
    const loop = lab.loop(lab.file('disk', 16 << 20), { logicalBlockBytes: 4096 })
    lab.run('mkfs.ext4', '-q', '-F', loop)
    const folder = lab.mount(loop)
    lab.run('truncate', '-s', '1M', `${folder}/file`)
    const facts = inspectTarget(`${folder}/file`)
    assert.equal(facts.logicalBlockBytes, 4096)
    assert.equal(facts.fileSystem, 'ext4')
  })
  it('takes the queue of a partition from its disk', (t) => {
    const lab = openLab(t, ['root', 'losetup'])
    if (lab === undefined) return
    const table = Buffer.alloc(512)
    table[450] = 0x83
    table.writeUInt32LE(64, 454)
    table.writeUInt32LE(1000, 458)
    table.writeUInt16LE(0xaa55, 510)
    const disk = lab.loop(lab.file('disk', 1 << 20, { 0: table }), { partitions: true })
    const { writeCache, driver, dmaAlignment } = inspectTarget(disk)
    const part = inspectTarget(`${disk}p1`)
    assert.equal(part.sizeSectors, 1000)
    assert.deepEqual(
      { writeCache: part.writeCache, driver: part.driver, dmaAlignment: part.dmaAlignment },
      { writeCache, driver, dmaAlignment },
    )
    assert.notEqual(deviceKey(part), deviceKey(inspectTarget(disk)))
  })
})

describe('deviceKey', () => {
  it('is the same for every name of a target, and another for another target', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const path = lab.file('disk', 1 << 20)
    const alias = lab.scratch.file('alias')
    symlinkSync(path, alias)
    const key = deviceKey(inspectTarget(path))
    assert.match(key, /^[0-9a-f]{16}$/)
    assert.equal(deviceKey(inspectTarget(alias)), key)
    assert.notEqual(deviceKey(inspectTarget(lab.file('other', 1 << 20))), key)
  })
  it('goes by the serial number where there is one', () => {
    const base = { kind: 'block', sizeSectors: 8, logicalBlockBytes: 512, serial: 'S1' } as const
    assert.equal(deviceKey({ ...base, path: '/dev/null' }), deviceKey({ ...base, path: '/dev/zero' }))
    assert.notEqual(deviceKey({ ...base, path: '/dev/null' }), deviceKey({ ...base, path: '/dev/null', serial: 'S2' }))
  })
  it('goes by the name that the user gives it, wherever it is', () => {
    const base = { kind: 'block', sizeSectors: 8, logicalBlockBytes: 512, serial: 'S1' } as const
    const named = deviceKey({ ...base, path: '/dev/null' }, 'vm7-data')
    assert.match(named, /^[0-9a-f]{16}$/)
    assert.equal(deviceKey({ ...base, path: '/dev/zero', serial: 'S2' }, 'vm7-data'), named)
    assert.notEqual(deviceKey({ ...base, path: '/dev/null' }, 'vm8-data'), named)
    assert.notEqual(deviceKey({ ...base, path: '/dev/null' }), named)
  })
})

describe('device numbers', () => {
  it('are split as the kernel does', () => {
    assert.equal(deviceNumber(0x700n), '7:0')
    assert.equal(deviceNumber(0x10305n), '259:5')
    assert.equal(deviceNumber(0x100801n), '8:257')
  })
})

test('an atomic unit holds for a partition only where it begins on a boundary of the unit', () => {
  assert.equal(atomicUnitFrom(0, 16_384), 16_384)
  assert.equal(atomicUnitFrom(2048, 16_384), 16_384)
  assert.equal(atomicUnitFrom(63, 16_384), undefined)
  assert.equal(atomicUnitFrom(0, 0), undefined)
  assert.equal(atomicUnitFrom(0, undefined), undefined)
})
