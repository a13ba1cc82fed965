/** An image edited by hand between cut and verify: exactly that edit is found, at its place and by its name. */
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, after, before, describe, it } from 'node:test'
import { messageOf } from '../../src/core/errors.ts'
import { findProgram } from '../../src/io/process.ts'
import { type Scratch, createScratch } from '../../src/io/scratch.ts'
import { rigNamed } from '../../src/rig/registry.ts'
import { type CutDisk, EDITS, cutDisk, verifyEdited, verifyImage } from '../../trust/real-liars/edited.ts'

const { signal } = new AbortController()

describe('an image edited between cut and verify', () => {
  let scratch: Scratch | undefined
  let disk: CutDisk | undefined
  let why = ''

  before(async () => {
    try {
      rigNamed('storage-daemon').require()
      if (findProgram('qemu-io') === undefined) throw new Error('qemu-io is not installed (qemu-utils)')
    } catch (error) {
      why = messageOf(error)
      return
    }
    scratch = createScratch('test')
    disk = await cutDisk(scratch, signal)
  })
  after(() => scratch?.remove())

  const given = (t: TestContext): { readonly disk: CutDisk; readonly folder: string } | undefined => {
    if (disk !== undefined && scratch !== undefined) return { disk, folder: scratch.path }
    t.skip(`SKIPPED: ${why}`)
    return undefined
  }

  for (const edit of EDITS) {
    it(`${edit.name}: ${edit.expected.length === 0 ? 'held' : edit.expected.slice(0, 2).join(', ')}`, async (t) => {
      const place = given(t)
      if (place === undefined) return
      const { verdict, found } = await verifyEdited(place.disk, edit, place.folder, signal)
      assert.deepEqual(found, edit.expected)
      assert.equal(verdict.verdict, edit.expected.length === 0 ? 'held' : 'violation')
      for (const { severity } of verdict.findings) assert.equal(severity, 'violation')
    })
  }

  it('says that one bit is wrong, which flush is gone with a cluster, and why an image does not open', async (t) => {
    const place = given(t)
    if (place === undefined) return
    const explained = async (name: string): Promise<string> => {
      const edit = EDITS.find((other) => other.name === name)
      assert.ok(edit !== undefined)
      const { verdict } = await verifyEdited(place.disk, edit, place.folder, signal)
      return verdict.findings.map(({ explanation }) => explanation).join('\n')
    }
    assert.match(await explained('one bit of one byte'), /\b1 bit\b/)
    assert.match(await explained('the magic of the header'), /does not open.*not in qcow2 format/)
    assert.match(await explained('a cluster of zeros'), /the flush was a lie: flush 2 completed/)
  })

  it('is refused, not accused, where its format is not given and its header is gone', async (t) => {
    const place = given(t)
    if (place === undefined) return
    const image = join(place.folder, 'no-magic')
    copyFileSync(place.disk.image, image)
    await EDITS.find(({ name }) => name === 'the magic of the header')?.apply(image, place.folder)
    const { code, stderr } = await verifyImage(image, place.disk.log, [], signal)
    assert.equal(code, 64, stderr)
    assert.match(stderr, /TARGET_MISMATCH/)
  })
})
