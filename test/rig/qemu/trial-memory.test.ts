import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { findProgram } from '../../../src/io/process.ts'
import { recall, remember, trialKey } from '../../../src/rig/qemu/trial-memory.ts'

/** An empty cache for this test alone; the path of it. */
function emptyCache(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pp-test-'))
  const before = process.env['XDG_CACHE_HOME']
  process.env['XDG_CACHE_HOME'] = folder
  t.after(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = before
    rmSync(folder, { recursive: true })
  })
  return folder
}

describe('what a trial of KVM found', () => {
  it('is known to the next command, and a new finding takes its place', (t) => {
    const folder = emptyCache(t)
    assert.equal(recall('key'), undefined)
    remember('key', { obstacle: 'it hangs' })
    assert.deepEqual(recall('key'), { obstacle: 'it hangs' })
    assert.equal(recall('other'), undefined)
    remember('key', { obstacle: undefined })
    assert.deepEqual(recall('key'), { obstacle: undefined })
    assert.deepEqual(readdirSync(join(folder, 'plugpull/trials')), ['key'])
  })

  it('is not taken from a file that is not ours', (t) => {
    const folder = emptyCache(t)
    remember('key', { obstacle: undefined })
    writeFileSync(join(folder, 'plugpull/trials/key'), 'KVM')
    assert.equal(recall('key'), undefined)
  })

  it('is kept by kernel of the guest', async (t) => {
    if (findProgram('qemu-system-x86_64') === undefined) return t.skip('SKIPPED: qemu-system-x86_64 is not installed')
    assert.equal(await trialKey('6.1'), await trialKey('6.1'))
    assert.notEqual(await trialKey('6.1'), await trialKey('6.2'))
  })
})
