import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attachLoop, orphanedLoops, reapLoops, sparseFile } from '../../bench/targets.ts'
import { runToolSync } from '../../src/io/process.ts'
import { createScratch } from '../../src/io/scratch.ts'
import { missingRequirements } from '../../src/io/requirements.ts'

describe('loop devices that a killed bench left', () => {
  it('are those over a removed file of ours, and no others', () => {
    const list = [
      '/dev/loop0 /dev/shm/plugpull-writes-abc/null.img\\x20(deleted)',
      '/dev/loop1 /dev/shm/plugpull-writes-def/null.img',
      '/dev/loop2 /home/somebody/disk.img\\x20(deleted)',
      '/dev/loop3 /dev/shm/plugpull-peers-abc/disk\\x20(deleted)',
      '',
    ].join('\n')
    assert.deepEqual(orphanedLoops(list, ['/dev/shm/plugpull-writes-']), ['/dev/loop0'])
  })

  it('are taken away, and one in use stays', (t) => {
    if (missingRequirements(['root', 'losetup']).length > 0) {
      t.skip('NOT TESTED: a loop device needs root and losetup')
      return
    }
    const label = `reap${process.pid}`
    const [left, used] = [createScratch(label), createScratch(label)]
    const loops = [left, used].map((scratch) => attachLoop(sparseFile(scratch.file('null.img'), 2 ** 20)))
    t.after(() => {
      for (const loop of loops) loop.detach()
      used.remove()
    })
    left.remove()
    assert.deepEqual(reapLoops(label), [loops[0]?.path])
    const { stdout } = runToolSync('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'])
    assert.ok(!stdout.includes(left.path))
    assert.ok(stdout.includes(used.path))
  })
})
