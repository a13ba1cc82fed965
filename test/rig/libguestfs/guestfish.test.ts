import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { sweepSocketFolders, writeScript } from '../../../src/rig/libguestfs/guestfish.ts'

describe('guestfish', () => {
  it('is given words as it reads them: plain ones bare, others quoted', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pp-test-'))
    try {
      const path = writeScript(join(folder, 'script'), [['run'], ['download', '/target', '/tmp/a b/"c"\\d']])
      assert.equal(readFileSync(path, 'utf8'), 'run\ndownload /target "/tmp/a b/\\"c\\"\\\\d"\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('has only those folders of sockets taken away that carry our note and whose owner is gone', () => {
    const owner = mkdtempSync(join(tmpdir(), 'pp-test-'))
    const folders = ['theirs', 'living', 'dead'].map(() => mkdtempSync('/tmp/libguestfs'))
    const [theirs = '', living = '', dead = ''] = folders
    try {
      writeFileSync(join(living, '.plugpull'), owner)
      writeFileSync(join(dead, '.plugpull'), join(owner, 'gone'))
      sweepSocketFolders()
      assert.deepEqual([theirs, living, dead].map(existsSync), [true, true, false])
    } finally {
      for (const folder of [owner, ...folders]) rmSync(folder, { recursive: true, force: true })
    }
  })
})
